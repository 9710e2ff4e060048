"""Closed lists.

Each item carries all that is known of it, and all other rooms derive theirs from it.
"""
