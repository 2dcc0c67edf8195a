"""Edits of bytes, and of the values inside JSON, for the search without coverage."""

import json
import random
from typing import Any

_WORDS = (
    *(
        b"[",
        b"{",
        b'"',
        b"]",
        b"}",
        b",",
        b":",
        b"null",
        b"true",
        b"NaN",
        b"1e999",
        b"-1",
        b"0",
        b"\\u0000",
        b"\\ud800",
    ),
    *(b"9" * 400, b"9" * 5000, b"[" * 2000, b'{"a":' * 900, b"\x00", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf"),
    *(
        b"\r\n",
        b"\n",
        b";",
        b"&",
        b"=",
        b"%",
        b"%ff",
        b"$",
        b"..",
        b"A" * 300,
        "\u00e9\u0661\u200b".encode(),
        b"\xf4\xff",
    ),
)
_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.5, 10**30, "", "x", "\ud800", "\u0661\u0662", "9" * 5000, "-1", "1e5", " ", "\x00"),
    *([], {}, [[]], ["x"], [None], {"a": 1}, {"S": "x"}, {"N": "-1"}, {"L": [1]}, {"M": {}}, {"B": "\u00e9"}),
    *(
        {"N": "9" * 38},
        {"SS": []},
        {"BOOL": "x"},
        {"S": None},
        "2020-01-01T00:00:00+99:99",
        "9999-12-31T23:59:59-23:59",
    ),
)


def edited(chance: random.Random, seed: bytes, other: bytes) -> bytes:
    """Return a seed after one to four edits."""
    data = _in_json(chance, seed) if chance.random() < 0.4 else seed  # noqa: PLR2004 - most readers read JSON
    for _ in range(chance.choice((0, 1, 1, 2, 4)) if data != seed else chance.choice((1, 1, 2, 4))):
        data = _edit(chance, data, other)
    return data[:20_000]


def _edit(chance: random.Random, data: bytes, other: bytes) -> bytes:
    start, end = sorted((chance.randrange(len(data) + 1), chance.randrange(len(data) + 1)))
    flipped = bytearray(data or b"\0")
    flipped[chance.randrange(len(flipped))] ^= 1 << chance.randrange(8)
    return chance.choice(
        (
            bytes(flipped),
            data[:start] + bytes([chance.randrange(256)]) + data[start + 1 :],
            data[:start] + chance.choice(_WORDS) + data[start:],
            data[:start] + chance.choice(_WORDS) + data[end:],
            data[:start] + data[end:],
            data[:end] + data[start:],
            data[:start] + other[start:],
        )
    )


def _in_json(chance: random.Random, data: bytes) -> bytes:
    """Replace, remove or rename a value somewhere in a JSON document. Other bytes stay as they are."""
    try:
        document = json.loads(data)
    except ValueError:
        return data
    places = list(_places(document))
    if not places:
        return data
    parent, name = chance.choice(places)
    if isinstance(parent, dict) and chance.random() < 0.25:  # noqa: PLR2004 - a quarter is removed or renamed
        value = parent.pop(name)
        if chance.random() < 0.5:  # noqa: PLR2004 - a half of these is renamed
            parent[chance.choice(("", "x", "\u00e9", "a:b", str(name) * 2))] = value
    else:
        parent[name] = chance.choice(_VALUES)
    return json.dumps(document).encode()


def _places(document: object) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    waiting = [document]
    while waiting:
        value = waiting.pop()
        names = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
        for name in names:
            found.append((value, name))
            waiting.append(value[name])  # type: ignore[index]  # of these two types
    return found
