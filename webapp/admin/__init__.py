"""What an administrator does beside the running program: back up, restore, look at every part.

Nothing here needs Flask or the queue.
"""


class AdminError(Exception):
    """An administrator's command cannot be carried out; the message says what to do."""
