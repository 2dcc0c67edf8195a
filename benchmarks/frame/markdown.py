"""Tables in Markdown."""

from collections.abc import Iterable


def markdown(head: Iterable[object], rows: Iterable[Iterable[object]], *, rule: str = "---") -> str:
    """Return a table. `rule` is the text under each name of the head."""
    names = list(head)
    lines = [f"| {' | '.join(map(str, row))} |" for row in (names, *rows)]
    lines.insert(1, f"|{'|'.join([rule] * len(names))}|")
    return "\n".join(lines)
