"""A function that does nothing: what Lambda's runtime itself takes."""


def handler(event: object, _context: object) -> object:
    """Answer with the event."""
    return event
