"""The one error of the local stack."""


class Failure(Exception):
    """A step failed. The message is one readable line, or one line and the end of a log."""
