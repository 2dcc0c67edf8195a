"""The hostile access tokens, by name. The authorizer refuses all of them, in every event shape, cold and warm.

Each row is a token that another verifier accepted, or could accept. Unless the row says more, the rest of the token is
good: the claims, the times and the signature by our own key are right, so the named fault is the only one.
"""

from collections.abc import Callable, Iterator

from tests.support.hostile_tokens import claims, headers, serialization, signatures

Row = tuple[str, str]

FAMILIES: dict[str, Callable[[int], Iterator[Row]]] = {
    "signature": signatures.rows,
    "serialization": serialization.rows,
    "header": headers.rows,
    "claims": claims.rows,
}


def hostile_tokens(now: int) -> dict[str, str]:
    """Return all rows, with times for tokens that are sent at `now` (Unix seconds)."""
    tokens: dict[str, str] = {}
    for family, rows in FAMILIES.items():
        for name, token in rows(now):
            full_name = f"{family}: {name}"
            if full_name in tokens:
                raise ValueError(f"two rows of one name: {full_name}")
            tokens[full_name] = token
    return tokens
