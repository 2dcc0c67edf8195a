"""The parser of answers. EDGE_AUTH_EDITS=100000 tries that many damaged answers."""

import os
import random
import time
from collections.abc import Callable, Iterable
from itertools import pairwise
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_auth.authorizer.http_answer import MAX_BODY_BYTES, MAX_HEAD_BYTES, Answer, RequestFailed, read_answer

EXAMPLES = int(os.environ.get("EDGE_AUTH_EDITS", "2000"))
HEAD = b"HTTP/1.1 200 OK\r\nServer: Server\r\nDate: Thu, 26 Nov 2026 11:20:47 GMT\r\nContent-Length: 12\r\n\r\n"
BODY = b'{"Items":[]}'
GOOD = Answer(200, BODY, "Thu, 26 Nov 2026 11:20:47 GMT", is_last=False)


def receiver(parts: Iterable[bytes]) -> Callable[[int], bytes]:
    """Return a connection that brings these parts, and then closes. Of a part, it brings as much as it is asked for."""
    waiting = [part for part in parts if part]

    def receive(size: int) -> bytes:
        if not waiting:
            return b""
        part = waiting[0][:size]
        waiting[0] = waiting[0][size:]
        if not waiting[0]:
            del waiting[0]
        return part

    return receive


def outcome(*parts: bytes) -> Answer | str:
    """Return the answer, or why there is none."""
    try:
        return read_answer(receiver(parts))
    except RequestFailed as failure:
        return str(failure)


@given(st.lists(st.integers(min_value=0, max_value=len(HEAD + BODY)), max_size=20))
def test_an_answer_is_the_same_however_it_is_split(cuts: list[int]) -> None:
    """TCP and TLS bring bytes in any parts."""
    whole, places = HEAD + BODY, [0, *sorted(cuts), len(HEAD + BODY)]

    assert outcome(*(whole[a:b] for a, b in pairwise(places))) == GOOD


def test_an_answer_that_ends_at_any_byte_is_none() -> None:
    """A connection that closes early brings no half answer."""
    whole = HEAD + BODY

    assert {outcome(whole[:length]) for length in range(len(whole))} == {"an answer that ends early"}


def test_a_damaged_answer_raises_nothing_else() -> None:
    """Bytes are changed, lost, doubled and swapped: there is an answer, or RequestFailed says that there is none."""
    chance = random.Random(9)  # noqa: S311 - the same answers in every run
    seen = set()
    for _ in range(EXAMPLES):
        damaged = bytearray(HEAD + BODY)
        for _ in range(chance.randint(1, 6)):
            place = chance.randrange(len(damaged))
            piece = bytes(chance.choices(b"\r\n :;0123456789abcHTP/.\x00\xff", k=chance.randint(0, 4)))
            damaged[place : place + chance.randint(0, 3)] = piece
        places = sorted(chance.choices(range(len(damaged)), k=3))
        seen.add(type(outcome(bytes(damaged[: places[0]]), bytes(damaged[places[0] :]))))

    assert seen == {Answer, str}


LONG = b"x" * 70_000
FORMS = {
    "HTTP/1.0": (HEAD.replace(b"1.1", b"1.0"), "not an HTTP/1.1 answer"),
    "another protocol": (b"SSH-2.0-OpenSSH_9.9\r\n\r\n", "not an HTTP/1.1 answer"),
    "an interim answer": (b"HTTP/1.1 100 Continue\r\n\r\n" + HEAD, "not an HTTP/1.1 answer"),
    "chunked": (HEAD.replace(b"Server:", b"Transfer-Encoding:"), "no plain Content-Length"),
    "compressed": (HEAD.replace(b"Server:", b"Content-Encoding:"), "no plain Content-Length"),
    "no length": (HEAD.replace(b"Content-Length", b"X"), "no plain Content-Length"),
    "a negative length": (HEAD.replace(b" 12", b" -2"), "no plain Content-Length"),
    "a length in other digits": (HEAD.replace(b" 12", b" \xb2"), "no plain Content-Length"),
    "two dates": (HEAD.replace(b"Server: Server", b"Date: x"), "a header that comes twice"),
    "two wishes for the connection": (
        HEAD.replace(b"Server: Server", b"Connection: close\r\nConnection: close"),
        "a header that comes twice",
    ),
    "two lengths": (HEAD.replace(b"Server: Server", b"Content-Length: 12"), "a header that comes twice"),
    "a folded header": (HEAD.replace(b"\r\nDate", b"\r\n Date"), "a header of another form"),
    "a space before a colon": (HEAD.replace(b"Length:", b"Length :"), "a header of another form"),
    "a header without end": (b"HTTP/1.1 200 OK\r\nX: " + LONG, "a head that is too long"),
    "a long head at once": (b"HTTP/1.1 200 OK\r\nX: " + LONG[:MAX_HEAD_BYTES] + b"\r\n\r\n", "a head that is too long"),
    "a length beyond the limit": (HEAD.replace(b"12", str(MAX_BODY_BYTES + 1).encode()), "a body that is too long"),
    "a line that ends early": (HEAD.replace(b"Server: ", b"Server: \n"), "a header of another form"),
    "a header without colon": (HEAD.replace(b"Server:", b"Server"), "a header of another form"),
    "the name of a header alone": (HEAD.replace(b"Server: Server", b"Server"), "a header of another form"),
    "no head": (b"\r\n\r\n" + HEAD, "not an HTTP/1.1 answer"),
    "one byte too many": (HEAD + BODY + b"\n", "more bytes than the answer has"),
}


@pytest.mark.parametrize(("head", "reason"), FORMS.values(), ids=FORMS)
def test_another_form_is_refused(head: bytes, reason: str) -> None:
    """Nothing is decided by an answer that two readers may read differently (RFC 9112 §6.3, §11.2)."""
    assert outcome(HEAD, BODY) == GOOD
    assert outcome(head, BODY) == reason


def test_a_header_takes_no_longer_than_its_length() -> None:
    """A search that goes back and forth would hold the interpreter, and with it the request, beyond every timeout."""
    spaces = b" " * (MAX_HEAD_BYTES // 4)
    began = time.process_time()

    assert outcome(b"HTTP/1.1 200 OK\r\nX:" + spaces + b"\n\r\n\r\n") == "a header of another form"
    assert outcome(HEAD.replace(b"Server: ", b"Server: " + spaces), BODY) == GOOD
    assert time.process_time() - began < 1


def test_a_head_that_comes_byte_by_byte_takes_no_longer_than_its_length() -> None:
    """What was looked at for the end of the head is not looked at again: four times the bytes, four times the time."""

    def cpu(size: int) -> float:
        head, at, began = b"HTTP/1.1 200 OK\r\nX: " + b"\r\n\r" * (size // 3), 0, time.thread_time()

        def receive(_most: int) -> bytes:
            nonlocal at
            at += 1
            return head[at - 1 : at]

        with pytest.raises(RequestFailed, match="ends early"):
            read_answer(receive)
        return time.thread_time() - began

    small, large = (min(cpu(size) for _ in range(3)) for size in (MAX_HEAD_BYTES // 5, MAX_HEAD_BYTES // 5 * 4))

    assert large < 8 * small


def test_an_answer_without_a_head_is_refused_at_its_end_also_byte_by_byte() -> None:
    """It is not waited for a head that never comes."""
    assert outcome(b"\r", b"\n", b"\r", b"\n", b"HTTP") == "not an HTTP/1.1 answer"


def test_a_head_may_have_so_many_bytes_and_no_more() -> None:
    """The limit is the same if the end of the head comes later than the rest."""
    head = HEAD.removesuffix(b"\r\n\r\n") + b"\r\nX: "
    longest = head + b"x" * (MAX_HEAD_BYTES - len(head))

    assert outcome(longest + b"\r\n\r\n" + BODY) == outcome(longest, b"\r\n\r\n" + BODY) == GOOD
    assert outcome(longest + b"x\r\n\r\n" + BODY) == "a head that is too long"


def test_of_a_body_no_more_is_asked_for_than_is_left() -> None:
    """What comes after it belongs to nobody."""
    asked = []
    receive = receiver([HEAD + BODY[:5], BODY[5:7], BODY[7:]])

    def recorded(size: int) -> bytes:
        asked.append(size)
        return receive(size)

    assert read_answer(recorded) == GOOD
    assert asked[1:] == [7, 5]


def test_headers_that_nothing_depends_on_may_come_twice_or_not_at_all() -> None:
    """RFC 9110 §5.3: a list may have several lines. Without a date there is none."""
    assert outcome(HEAD.replace(b"Server: ", b"Server: a\r\nServer: "), BODY) == GOOD
    assert outcome(HEAD.replace(b"Date:", b"X-Date:"), BODY) == GOOD._replace(date="")


def test_the_text_of_a_header_has_no_white_space_around_it_and_is_whole() -> None:
    """RFC 9110 §5.5."""
    assert outcome(HEAD.replace(GOOD.date.encode(), b"\t X, then X \t"), BODY) == GOOD._replace(date="X, then X")


def test_a_long_answer_is_read_to_the_end() -> None:
    """A page of a Query may be longer than any part in which it comes."""
    body = bytes(MAX_BODY_BYTES)
    answer = outcome(HEAD.replace(b"12", str(len(body)).encode()), body)

    assert isinstance(answer, Answer)
    assert answer.body == body


def test_a_server_says_when_a_connection_ends() -> None:
    """RFC 9112 §9.6: `Connection: close` in any case."""
    answer = outcome(HEAD.replace(b"Server: Server", b"connection: Close"), BODY)

    assert answer == GOOD._replace(is_last=True)


def test_a_body_with_another_checksum_is_refused() -> None:
    """F19: an empty answer that was damaged on its way would be "no such session"."""

    def with_checksum(checksum: int) -> Answer | str:
        return outcome(HEAD.replace(b"Server: Server", f"x-amz-crc32: {checksum}".encode()) + BODY)

    assert with_checksum(crc32(BODY)) == GOOD
    assert with_checksum(crc32(BODY) ^ 1) == "a wrong checksum"
