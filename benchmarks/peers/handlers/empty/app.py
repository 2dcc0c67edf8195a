"""A function that does nothing: what Lambda's runtime itself takes."""


def handler(_event: object, _context: object) -> dict[str, object]:
    """Answer nothing."""
    return {}
