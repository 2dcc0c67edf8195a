"""Reads CBOR (RFC 8949) as far as authenticators write it: integers, bytes, texts, arrays, maps, true and false.

Lengths are definite and no name is twice in a map, as in the canonical form of CTAP2 (§8). The order of a map, and
whether a number has its shortest form, change no meaning, and are not checked.
"""

from edge_auth.webauthn.refusal import NotVerified

MAX_DEPTH = 4  # CTAP2 §8: at most four levels of nesting

_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP = range(6)  # RFC 8949 §3.1: the major types
_FALSE, _TRUE = b"\xf4", b"\xf5"  # RFC 8949 §3.3
_NUMBER_BYTES = {24: 1, 25: 2, 26: 4, 27: 8}  # RFC 8949 §3: what follows the head; with less, the head has the number


def read_map(data: bytes, start: int = 0) -> tuple[dict[object, object], int]:
    """Read the map that begins at `start`. Return it, and where it ends.

    Raises:
        NotVerified: there is another value, or none.

    """
    value, end = _read(data, start, MAX_DEPTH)
    if type(value) is not dict:
        raise NotVerified("CBOR: no map")
    return value, end


def _read(data: bytes, start: int, depth: int) -> tuple[object, int]:
    head, at = _taken(data, start, 1)
    if head in {_FALSE, _TRUE}:
        return head == _TRUE, at
    kind, number = head[0] >> 5, head[0] & 31
    if number >= min(_NUMBER_BYTES):
        raw, at = _taken(data, at, _NUMBER_BYTES.get(number, len(data)))  # the others are reserved, or have no end
        number = int.from_bytes(raw)
    if kind in {_UNSIGNED, _NEGATIVE}:
        return number if kind == _UNSIGNED else -1 - number, at
    if kind in {_BYTES, _TEXT}:
        raw, at = _taken(data, at, number)
        return raw if kind == _BYTES else _text(raw), at
    if kind not in {_ARRAY, _MAP} or depth == 0:
        raise NotVerified("CBOR: type or depth")
    items: list[object] = []
    for _ in range(number if kind == _ARRAY else 2 * number):  # each item takes a byte, so the data ends this loop
        item, at = _read(data, at, depth - 1)
        items.append(item)
    return items if kind == _ARRAY else _members(items), at


def _taken(data: bytes, start: int, size: int) -> tuple[bytes, int]:
    end = start + size
    if end > len(data):
        raise NotVerified("CBOR: end of data")
    return data[start:end], end


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise NotVerified("CBOR: text") from None


def _members(items: list[object]) -> dict[object, object]:
    names = items[::2]
    if any(type(name) not in {int, str} for name in names) or len(set(names)) != len(names):
        raise NotVerified("CBOR: names of members")
    return dict(zip(names, items[1::2], strict=True))
