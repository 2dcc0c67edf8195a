"""The one way in which a step of the local stack fails."""


class Failure(Exception):
    """A step failed; the message is one readable line, or a line and the end of a log, for the developer."""
