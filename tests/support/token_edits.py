"""Small edits of good tokens, for fuzzing. Each takes a source of chance, a token and another one, and makes a text."""

import random
import string
from collections.abc import Callable, Sequence
from contextlib import suppress

from edge_auth import base64url
from tests.support.access_tokens import other_spelling

# Those of base64url and its neighbours, and some that look or sort like them.
CHARACTERS = string.ascii_letters + string.digits + "-_." + "=+/ \t\n\x00\x7f\u00e9\u200b\uff21\ud800"
PREFIX_CHARACTERS = 12  # of our opaque tokens, as in edgeauth_rt_
MAX_CHARACTERS = 10_240 - len("Bearer ")  # API Gateway passes on no more bytes of headers

Edit = Callable[[random.Random, str, str], str]


def _places(chance: random.Random, text: str) -> tuple[int, int]:
    start, end = sorted((chance.randrange(len(text)), chance.randrange(len(text))))
    return start, end


def _replaced(chance: random.Random, text: str, _other: str) -> str:
    place = chance.randrange(len(text))
    return text[:place] + chance.choice(CHARACTERS) + text[place + 1 :]


def _inserted(chance: random.Random, text: str, _other: str) -> str:
    place = chance.randrange(len(text) + 1)
    return text[:place] + chance.choice(CHARACTERS) + text[place:]


def _removed(chance: random.Random, text: str, _other: str) -> str:
    place = chance.randrange(len(text))
    return text[:place] + text[place + 1 :]


def _cut_out(chance: random.Random, text: str, _other: str) -> str:
    start, end = _places(chance, text)
    return text[:start] + text[end:]


def _case_swapped(chance: random.Random, text: str, _other: str) -> str:
    start, end = _places(chance, text)
    return text[:start] + text[start:end].swapcase() + text[end:]


def _reversed(chance: random.Random, text: str, _other: str) -> str:
    start, end = _places(chance, text)
    return text[:start] + text[start:end][::-1] + text[end:]


def _repeated(chance: random.Random, text: str, _other: str) -> str:
    start, end = _places(chance, text)
    return text[:end] + text[start:]


def _spliced(chance: random.Random, text: str, other: str) -> str:
    place = chance.randrange(len(text))
    return text[:place] + other[place:]


def _prefix_of_another(_chance: random.Random, text: str, other: str) -> str:
    return other[:PREFIX_CHARACTERS] + text[PREFIX_CHARACTERS:]


def _middle_of_another(chance: random.Random, text: str, other: str) -> str:
    start, end = _places(chance, text)
    return text[:start] + other[start:end] + text[end:]


def _parts_mixed(chance: random.Random, text: str, other: str) -> str:
    texts, others = text.split("."), other.split(".")
    mixed = [chance.choice(pair) for pair in zip(texts, others, strict=False)]
    return ".".join(mixed)


def _parts_moved(chance: random.Random, text: str, _other: str) -> str:
    parts = text.split(".")
    chance.shuffle(parts)
    return ".".join(parts)


def _bits_flipped(chance: random.Random, text: str, _other: str) -> str:
    return _below_encoding(chance, text, _flip_bits)


def _bytes_added(chance: random.Random, text: str, _other: str) -> str:
    def add(chance: random.Random, data: bytes) -> bytes:
        more = chance.randbytes(chance.choice((1, 2, 3, 32)))
        return data + more if chance.random() < 0.5 else more + data

    return _below_encoding(chance, text, add)


def _padded(chance: random.Random, text: str, _other: str) -> str:
    parts = text.split(".")
    number = chance.randrange(len(parts))
    parts[number] += "=" * chance.randrange(1, 4)
    return ".".join(parts)


def _unused_bits(chance: random.Random, text: str, _other: str) -> str:
    """Change a last character of a part. Its lowest bits may be unused."""
    parts = text.split(".")
    number = chance.randrange(len(parts))
    parts[number] = parts[number][:-1] + chance.choice(CHARACTERS)
    return ".".join(parts)


def _other_alphabet(_chance: random.Random, text: str, _other: str) -> str:
    return text.translate({ord("-"): "+", ord("_"): "/"})


def _second_spelling(chance: random.Random, text: str, other: str) -> str:
    """Return the other valid spelling of an ES256 signature, or flip bits of another token."""
    with suppress(ValueError, OverflowError):
        return other_spelling(text)
    return _bits_flipped(chance, text, other)


def _grown(chance: random.Random, text: str, _other: str) -> str:
    size = chance.randrange(1, max(2, MAX_CHARACTERS - len(text)))
    place = chance.randrange(len(text) + 1)
    unit: str = chance.choice((*CHARACTERS, text, "A.", "=="))
    return text[:place] + (unit * (size // len(unit) + 1))[:size] + text[place:]


def _flip_bits(chance: random.Random, data: bytes) -> bytes:
    raw = bytearray(data or b"\0")
    for _ in range(chance.choice((1, 1, 1, 2, 8))):
        raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
    return bytes(raw)


def _below_encoding(chance: random.Random, text: str, change: Callable[[random.Random, bytes], bytes]) -> str:
    prefix = text[:PREFIX_CHARACTERS] if text.startswith("edgeauth_") else ""
    parts = text[len(prefix) :].split(".")
    number = chance.randrange(len(parts))
    parts[number] = base64url.encode(change(chance, base64url.decode(parts[number])))
    return prefix + ".".join(parts)


EDITS: dict[str, Edit] = {
    "a character replaced": _replaced,
    "a character inserted": _inserted,
    "a character removed": _removed,
    "a part cut out": _cut_out,
    "the case swapped": _case_swapped,
    "a part reversed": _reversed,
    "a part repeated": _repeated,
    "spliced with another": _spliced,
    "the prefix of another": _prefix_of_another,
    "the middle of another": _middle_of_another,
    "segments mixed": _parts_mixed,
    "segments moved": _parts_moved,
    "bits flipped below the encoding": _bits_flipped,
    "bytes added below the encoding": _bytes_added,
    "padding": _padded,
    "another last character": _unused_bits,
    "the standard alphabet": _other_alphabet,
    "the other spelling of a signature": _second_spelling,
    "grown up to 10 kB": _grown,
}


def edited(chance: random.Random, tokens: Sequence[str]) -> str:
    """Return one of the tokens after one of the edits, sometimes after two."""
    text = chance.choice(list(EDITS.values()))(chance, chance.choice(tokens), chance.choice(tokens))
    return text if chance.random() < 0.8 or not text else _replaced(chance, text, "")
