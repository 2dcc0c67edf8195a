"""The hostile access tokens, by name. All are refused, in every event shape, cold and warm.

Every row is one that some verifier somewhere has taken, or could. Where nothing else is said, the rest of the token
is good: right claims, right times, and a right signature by our own key, so that the named fault is the only one.
"""

from collections.abc import Callable, Iterator

from tests.security import (
    catalogue_claims,
    catalogue_headers,
    catalogue_serialization,
    catalogue_signatures,
)

Row = tuple[str, str]

FAMILIES: dict[str, Callable[[int], Iterator[Row]]] = {
    "signature": catalogue_signatures.rows,
    "serialization": catalogue_serialization.rows,
    "header": catalogue_headers.rows,
    "claims": catalogue_claims.rows,
}


def hostile_tokens(now: int) -> dict[str, str]:
    """Return all rows as they would be sent at this time."""
    tokens: dict[str, str] = {}
    for family, rows in FAMILIES.items():
        for name, token in rows(now):
            full_name = f"{family}: {name}"
            if full_name in tokens:
                raise ValueError(f"two rows of one name: {full_name}")
            tokens[full_name] = token
    return tokens
