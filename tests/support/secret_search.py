"""Searches texts for secrets, in each form in which a program could have written them."""

import base64
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple
from urllib.parse import quote

from edge_auth import base64url
from edge_auth.credentials.recovery_codes import ALPHABET, CODE_CHARACTERS, GROUP_CHARACTERS

LONG_ENOUGH = 12  # a shorter value can be part of a text by chance
MIXED_ENOUGH = 5  # different characters: a test pads texts with one, and no secret that was drawn has fewer
# The end of a token is as good as the token: its signature, MAC or seed. Only this part of a secret is searched.
SEARCHED = 40
CODE = re.compile(r"(?<![0-9])[0-9]{8}(?![0-9])")  # of a mail; a longer number may have it in it by chance
# It is shorter than LONG_ENOUGH, but it was drawn: no text has its fifty bits by chance, however it is read.
RECOVERY_CODE = re.compile("-".join([f"[{ALPHABET}]{{{GROUP_CHARACTERS}}}"] * (CODE_CHARACTERS // GROUP_CHARACTERS)))


class Secret(NamedTuple):
    """A value that nothing may keep, and its kind."""

    kind: str
    value: str


class Found(NamedTuple):
    """A kind of secret, and the place that has one. The value is not part of it, so a message can show it."""

    kind: str
    place: str


class Search:
    """Knows all secrets, and finds them in one pass over a text, however many they are."""

    def __init__(self, secrets: Iterable[Secret]) -> None:
        # The last characters of each needle -> the needles that end so, each with its kind.
        self._needles: dict[str, set[tuple[str, str]]] = {}
        self._codes: dict[str, str] = {}
        self._recovery_codes: dict[str, str] = {}
        for kind, value in set(secrets):
            if CODE.fullmatch(value):
                self._codes[value] = kind
            if RECOVERY_CODE.fullmatch(value) and len(set(value)) >= MIXED_ENOUGH:
                self._recovery_codes[as_typed(value)] = kind
            for needle in needles_of(value):
                self._needles.setdefault(needle[-LONG_ENOUGH:], set()).add((needle, kind))

    def kinds_in(self, text: str) -> frozenset[str]:
        """Return the kinds of the secrets that a text has."""
        found = {self._codes[code] for code in CODE.findall(text) if code in self._codes}
        needles = self._needles
        for end in range(LONG_ENOUGH, len(text) + 1):
            tail = text[end - LONG_ENOUGH : end]
            if tail in needles:
                found |= {kind for needle, kind in needles[tail] if text.endswith(needle, 0, end)}
        return frozenset(found | self._recovery_codes_in(text))

    def _recovery_codes_in(self, text: str) -> set[str]:
        codes = self._recovery_codes
        if not codes:
            return set()
        found = set()
        for run in _RUN.findall(as_typed(text)):
            ends = range(CODE_CHARACTERS, len(run) + 1)
            found |= {codes[part] for end in ends if (part := run[end - CODE_CHARACTERS : end]) in codes}
        return found


def as_typed(text: str) -> str:
    """Return a text as the product reads a recovery code: case, spaces and hyphens do not matter."""
    return text.upper().translate(_READ_AS)


def needles_of(value: str) -> Iterator[str]:
    """Yield what is searched of a secret. A text that a test has padded is none."""
    spellings = {value} if len(value) >= LONG_ENOUGH else set[str]()
    if RECOVERY_CODE.fullmatch(value):
        spellings = {value, as_typed(value)}
    for form in (form for spelling in spellings for form in forms(spelling)):
        needle = form[-SEARCHED:]
        if len(needle) >= LONG_ENOUGH and len(set(needle)) >= MIXED_ENOUGH:
            yield needle


def forms(value: str) -> Iterator[str]:
    """Yield a secret as it is, in the other alphabet of base64, and escaped for JSON and for an address.

    Then its text, and the bytes that it stands for: as Python shows bytes, in hex, and in base64 wherever it begins
    there.
    """
    yield value
    yield value.translate(_STANDARD)
    yield json.dumps(value)[1:-1]
    yield quote(value, safe="")
    for raw in (value.encode(), *_bytes_of(value)):
        shown = repr(raw)[2:-1]
        yield shown
        yield json.dumps(shown)[1:-1]
        yield raw.hex()
        for shift in range(3):
            encoded = base64.urlsafe_b64encode(bytes(shift) + raw).decode().rstrip("=")
            # Without the characters that also depend on what is before and after the secret.
            inner = encoded[(0, 2, 3)[shift] : -1]
            yield inner
            yield inner.translate(_STANDARD)


def _bytes_of(value: str) -> Iterator[bytes]:
    """Yield the bytes that a secret stands for, in base64url, as the last part of a JWT, or in base32."""
    for decode, text in ((base64url.decode, value.rpartition(".")[2]), (base64.b32decode, value)):
        with suppress(ValueError):
            decoded = decode(text)
            if len(decoded) >= LONG_ENOUGH:
                yield decoded


def as_text(value: object) -> str:
    """Return what a table has, or another tree of values, as a text to search.

    Bytes are in base64, and as Python shows them. Hex would have numbers of eight digits by chance.
    """
    return json.dumps(value, default=_written)


def _written(value: object) -> object:
    if isinstance(value, bytes):
        return f"{base64.b64encode(value).decode()} {value!r}"
    return sorted(value, key=repr) if isinstance(value, set | frozenset) else repr(value)


_STANDARD = str.maketrans("-_", "+/")
_RUN = re.compile(f"[{ALPHABET}]{{{CODE_CHARACTERS},}}")  # what has no other character can have a recovery code
_READ_AS = str.maketrans({"I": "1", "L": "1", "O": "0", "-": "", " ": ""})
