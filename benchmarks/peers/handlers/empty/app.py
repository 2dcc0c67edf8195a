"""A function that does nothing. Its time is the time of Lambda's runtime itself."""


def handler(_event: object, _context: object) -> dict[str, object]:
    """Answer an empty object."""
    return {}
