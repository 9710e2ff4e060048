"""The version of the rules by which files are read and rows are checked.

It is raised with each change of how a row is judged. What was judged under an older version is then
judged again: imports that wait to be run, and the keys of the book.
"""

RULES = 6
