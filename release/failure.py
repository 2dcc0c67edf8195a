"""The error of these commands."""


class Failure(Exception):
    """A release cannot be made. The message says in one line why."""
