"""Reads one HTTP/1.1 answer with a Content-Length (RFC 9112). Pure: the bytes come from an argument.

DynamoDB answers in this form. Any other answer is refused, because nothing is decided by a guess. `http.client` reads
all forms, and takes 11 ms to load.
"""

import re
from binascii import crc32
from collections.abc import Callable
from typing import NamedTuple, NoReturn

MAX_HEAD_BYTES = 16_384
MAX_BODY_BYTES = 4_194_304  # a page of a Query is 1 MB in DynamoDB's own form, and longer as JSON
CHUNK_BYTES = 65_536

_STATUS_LINE = re.compile(r"HTTP/1\.1 ([2-5][0-9]{2})(?: .*)?")  # an interim answer (1xx) is for `Expect` only
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_LENGTH = re.compile(r"[0-9]{1,7}")
_HEAD_END = b"\r\n\r\n"
_CHECKSUM = "x-amz-crc32"  # of DynamoDB
_ONCE = ("content-length", "date", "connection", _CHECKSUM)

Receive = Callable[[int], bytes]
"""Returns some bytes, at most so many. No bytes: the other side has closed the connection. Raises OSError."""


class RequestFailed(Exception):
    """A request to a table failed. The text is for the log, and quotes nothing that was read."""


class Answer(NamedTuple):
    """An answer. `date` is the header's text, or empty. `is_last`: the connection takes no other request."""

    status: int
    body: bytes
    date: str
    is_last: bool


def read_answer(receive: Receive) -> Answer:
    """Read one answer, and nothing behind it.

    Raises:
        RequestFailed: the answer has another form, is too long or damaged, or ends early.
        OSError: from `receive`.

    """
    received, looked_at = bytearray(), 0
    while (end := received.find(_HEAD_END, looked_at)) < 0:
        if len(received) > MAX_HEAD_BYTES:
            _fail("a head that is too long")
        # Of what was looked at, only a part of the end can matter. To look again would take long for single bytes.
        looked_at = max(0, len(received) - len(_HEAD_END) + 1)
        received += _more(receive, CHUNK_BYTES)
    if end > MAX_HEAD_BYTES:
        _fail("a head that is too long")
    status, fields = _head(received[:end].decode("latin-1"))
    length = _length(fields)
    body = received[end + len(_HEAD_END) :]
    while len(body) < length:
        body += _more(receive, min(CHUNK_BYTES, length - len(body)))
    if len(body) > length:
        _fail("more bytes than the answer has")
    if fields.get(_CHECKSUM, checksum := str(crc32(body))) != checksum:
        _fail("a wrong checksum")
    is_last = fields.get("connection", "").lower() == "close"
    return Answer(status, bytes(body), fields.get("date", ""), is_last)


def _more(receive: Receive, size: int) -> bytes:
    received = receive(size)
    if not received:
        _fail("an answer that ends early")
    return received


def _head(text: str) -> tuple[int, dict[str, str]]:
    first, *lines = text.split("\r\n")
    status = _STATUS_LINE.fullmatch(first)
    if status is None:
        _fail("not an HTTP/1.1 answer")
    fields = dict[str, str]()
    for line in lines:
        name, colon, value = line.partition(":")
        # One pattern for the whole line would go back and forth in a long value, and no timeout stops a pattern.
        if not colon or not _NAME.fullmatch(name) or "\n" in value:
            _fail("a header of another form")
        name = name.lower()
        if name in fields and name in _ONCE:
            _fail("a header that comes twice")
        fields[name] = value.strip(" \t")
    return int(status[1]), fields


def _length(fields: dict[str, str]) -> int:
    length = fields.get("content-length", "")
    if "transfer-encoding" in fields or "content-encoding" in fields or not _LENGTH.fullmatch(length):
        _fail("no plain Content-Length")
    if int(length) > MAX_BODY_BYTES:
        _fail("a body that is too long")
    return int(length)


def _fail(reason: str) -> NoReturn:
    raise RequestFailed(reason)
