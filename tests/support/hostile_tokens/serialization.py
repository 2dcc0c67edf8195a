"""Hostile tokens with a wrong serialization of a good token."""

import base64
import json
from collections.abc import Iterator

from edge_auth import base64url
from edge_auth.tokens import access_token as access
from tests.support.access_tokens import assemble, claims_at, key

Row = tuple[str, str]

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
CHARACTERS = {
    "space": " ",
    "tab": "\t",
    "newline": "\n",
    "carriage return and newline": "\r\n",
    "NUL": "\x00",
    "backspace": "\x08",
    "delete": "\x7f",
    "non-breaking space": "\u00a0",
    "zero-width space": "\u200b",
    "line separator": "\u2028",
    "byte order mark": "\ufeff",
    "letter with accent": "é",
    "full-width letter": "\uff21",
    "other digits": "\u0661",
    "emoji": "\U0001f600",
    "lone surrogate": "\ud800",
    "plus": "+",
    "slash": "/",
    "equals": "=",
    "comma": ",",
    "colon": ":",
    "semicolon": ";",
    "percent escape": "%41",
    "quote": '"',
    "tilde": "~",
}


def rows(now: int) -> Iterator[Row]:
    """Yield the rows."""
    good = access.issue(claims_at(now), key("ES256"))
    yield from _characters(good)
    yield from _segments(good)
    yield from _encodings(good)
    yield from _json_serializations(good)
    yield from _sizes(good)


def _characters(good: str) -> Iterator[Row]:
    header, body, signature = good.split(".")
    for name, character in CHARACTERS.items():
        if name != "space":  # RFC 9110 §11.4 allows several spaces between scheme and token
            yield f"{name} before", character + good
        yield f"{name} after", good + character
        yield f"{name} in the header", f"{header[:9]}{character}{header[9:]}.{body}.{signature}"
        yield f"{name} in the payload", f"{header}.{body[:9]}{character}{body[9:]}.{signature}"
        yield f"{name} in the signature", f"{header}.{body}.{signature[:9]}{character}{signature[9:]}"


def _segments(good: str) -> Iterator[Row]:
    header, body, signature = good.split(".")
    yield "empty", ""
    yield "one dot", "."
    yield "two dots", ".."
    yield "four dots", "...."
    yield "header only", header
    yield "no signature segment", f"{header}.{body}"
    yield "empty header", f".{body}.{signature}"
    yield "empty payload", f"{header}..{signature}"
    yield "empty signature", f"{header}.{body}."
    yield "a dot after", good + "."
    yield "a dot before", "." + good
    yield "a fourth segment", f"{good}.{signature}"
    yield "five segments, as encrypted tokens have", f"{header}.{body}.{signature}.{body}.{signature}"
    yield "segments reversed", f"{signature}.{body}.{header}"
    yield "payload and signature swapped", f"{header}.{signature}.{body}"
    yield "payload twice", f"{header}.{body}.{body}"
    yield "two tokens", f"{good}.{good}"
    yield "two tokens, a space between", f"{good} {good}"
    yield "two tokens, a comma between", f"{good},{good}"
    yield "slashes for dots", good.replace(".", "/")
    yield "full-width dots", good.replace(".", "\uff0e")
    yield "upper case", good.upper()
    yield "lower case", good.lower()
    yield "backwards", good[::-1]
    yield "quoted", f'"{good}"'
    yield "in angle brackets", f"<{good}>"


def _encodings(good: str) -> Iterator[Row]:
    header, body, signature = good.split(".")

    def padded(segment: str) -> str:
        return segment + "=" * (-len(segment) % 4 or 4)

    yield "padded header", f"{padded(header)}.{body}.{signature}"
    yield "padded payload", f"{header}.{padded(body)}.{signature}"
    yield "padded signature", f"{header}.{body}.{padded(signature)}"
    yield "one padding character", good + "="
    yield "many padding characters", good + "=" * 16
    private_key = key("ES256").private_key
    yield "padded payload, signed as it stands", assemble(header, padded(body), private_key)
    raw = base64url.decode(body)
    # With this member the payload has both special characters of base64, with any claims.
    marked = raw[:-1] + b',"x":"\xc3\xbf\xc3\xbe>>>???"}'
    standard = base64.b64encode(marked).decode().rstrip("=")
    yield "standard alphabet, signed as it stands", assemble(header, standard, private_key)
    last = ALPHABET.index(signature[-1])
    for bits in (1, 2, 4, 8, 15):
        yield f"unused bits {bits} in the signature", good[:-1] + ALPHABET[last | bits]
    for spaces in range(3):
        text = raw[:-1] + b" " * spaces + b"}"
        segment = base64url.encode(text)
        if len(text) % 3:
            unused = segment[:-1] + ALPHABET[ALPHABET.index(segment[-1]) | 1]
            yield f"unused bits in a payload of {len(text) % 3} over, signed", assemble(header, unused, private_key)
    impossible = body + "A" * ((1 - len(body)) % 4)
    yield "payload of impossible length, signed as it stands", assemble(header, impossible, private_key)
    yield "payload encoded twice, signed", assemble(header, base64url.encode(body.encode()), private_key)
    yield "payload not encoded, signed", assemble(header, raw.decode(), private_key)
    yield "payload in hex, signed", assemble(header, raw.hex(), private_key)
    yield "the whole token encoded", base64url.encode(good.encode())


def _json_serializations(good: str) -> Iterator[Row]:
    header, body, signature = good.split(".")
    flattened = {"protected": header, "payload": body, "signature": signature}
    general = {"payload": body, "signatures": [{"protected": header, "signature": signature}]}
    yield "flattened JSON", json.dumps(flattened, separators=(",", ":"))
    yield "general JSON", json.dumps(general, separators=(",", ":"))
    yield "flattened JSON, encoded", base64url.encode(json.dumps(flattened).encode())
    yield "a JSON text of the token", json.dumps(good)


def _sizes(good: str) -> Iterator[Row]:
    header, body, signature = good.split(".")
    for size in (2049, 4096, 8192, 10_240, 65_536):
        yield f"{size} characters of signature", good + "A" * (size - len(good))
        yield f"{size} characters of header", f"{'A' * (size - len(good))}{good}"
        yield f"{size} dots", "." * size
        yield f"{size} equals signs", f"{header}.{body}.{'=' * size}"
    large = base64url.decode(body)[:-1] + b',"x":"' + b"x" * 2000 + b'"}'
    yield "too long and rightly signed", assemble(header, base64url.encode(large), key("ES256").private_key)
    yield "one character", "A"
    yield "a refresh token", "edgeauth_rt_" + "A" * 120
    yield "the signature alone", signature
