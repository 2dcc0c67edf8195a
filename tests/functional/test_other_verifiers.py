"""The examples for other verifiers, with the function's own answers: PyJWT, and aws-jwt-verify on Node."""

import json
import os
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

import jwt
import pytest

from edge_auth.tokens.access_token import issue
from edge_auth.tokens.ended_feed import KEY_SLOT, entry_of, slot_of
from examples import ended_sessions as example
from tests.support.access_tokens import AUDIENCE, ISSUER, claims_at, key
from tests.support.clock import TestClock
from tests.support.dynamodb.feeds import put_feed_item
from tests.support.loopback import on_loopback
from tests.support.sample_events import sample
from tests.support.stack import TABLES, Function, Stack
from tests.support.template import ROOT

OURS = key("ES256")
SID, OTHER_SID = "c2Vzc2lvbiBvZiBvd25lcg", "b3RoZXIgc2Vzc2lvbiEhIQ"
ACCEPTED, ENDED, UNKNOWN = "accepted", "SessionEnded", "EndedSessionsUnknown"
INTERVAL_SECONDS = 5

VERIFIERS = ROOT / "tests" / "e2e" / "verifiers"
NODE = ROOT / ".tools" / "node" / "bin" / "node"
IS_MISSING = not (NODE.exists() and (VERIFIERS / "node_modules" / "aws-jwt-verify").exists())

Verify = Callable[[str], str]
"""Returns "accepted", or the name of the error."""


@dataclass
class Feed:
    """The function behind HTTP on this machine, and the sessions that have ended."""

    function: Function
    stack: Stack
    url: str = ""
    requests: int = 0
    answer: Callable[[], tuple[int, str]] | None = None
    """In the place of the function."""

    def end(self, sid: str) -> None:
        """Publish the end of a session, as the writers do."""
        self._put(slot_of(self.stack.clock.now_seconds), sids={"SS": [entry_of(sid)]})

    def withdraw(self, kid: str) -> None:
        """Publish that a key was withdrawn."""
        self._put(KEY_SLOT, kids={"SS": [kid]})

    def take_back(self) -> None:
        """Empty the feed, which no writer does."""
        for slot in (slot_of(self.stack.clock.now_seconds), KEY_SLOT):
            self._put(slot)

    def respond(self) -> tuple[int, str]:
        """Return the status and the body of the next answer."""
        self.requests += 1
        if self.answer is not None:
            return self.answer()
        answer = self.function(sample("ended-sessions"))
        return answer.status, answer.body

    def _put(self, slot: int, **attributes: Any) -> None:  # noqa: ANN401 - DynamoDB attribute values
        put_feed_item(self.stack.dynamodb, TABLES["RevocationsTable"], slot, **attributes)


def down() -> tuple[int, str]:
    """Answer as API Gateway does while the function fails."""
    return 503, '{"error":"temporarily_unavailable"}'


@pytest.fixture
def clock(clock: TestClock) -> TestClock:
    """Return the clock of the function and of the verifiers. It begins at this moment, as PyJWT's own does."""
    clock.now_ms = time.time_ns() // 1_000_000
    return clock


@pytest.fixture
def feed(stack: Stack) -> Iterator[Feed]:
    """Serve the feed on this machine."""
    with serving(Feed(stack.function("ended_sessions"), stack)) as feed:
        yield feed


@contextmanager
def serving(feed: Feed) -> Iterator[Feed]:
    """Serve a feed while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the name that http.server requires
            status, body = feed.respond()
            with suppress(ConnectionError):  # a client may have gone
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

    with on_loopback(Handler) as port:
        feed.url = f"http://127.0.0.1:{port}/.well-known/ended-sessions"
        yield feed


@contextmanager
def pyjwt(feed: Feed, clock: TestClock, *, fails_open: bool) -> Iterator[Verify]:
    """Yield PyJWT with the example for Python."""
    del clock  # the example has it already
    ended = example.EndedSessions(feed.url, fails_open=fails_open)
    public = jwt.PyJWK(OURS.public_jwk(), "ES256")

    def verify(token: str) -> str:
        decoded = jwt.decode_complete(token, public, ["ES256"], audience=AUDIENCE, issuer=ISSUER)
        try:
            ended.check(decoded["header"], decoded["payload"])
        except (example.SessionEnded, example.EndedSessionsUnknown) as error:
            return type(error).__name__
        return ACCEPTED

    yield verify


@contextmanager
def aws_jwt_verify(feed: Feed, clock: TestClock, *, fails_open: bool) -> Iterator[Verify]:
    """Yield aws-jwt-verify with the example for Node, in a process of its own with the test's clock."""
    jwks = json.dumps({"keys": [{**OURS.public_jwk(), "kid": OURS.kid, "alg": "ES256", "use": "sig"}]})
    script = VERIFIERS / "ended_sessions.mjs"
    command = [str(NODE), str(script), jwks, ISSUER, AUDIENCE, feed.url, str(fails_open).lower()]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        stdin, stdout = process.stdin, process.stdout

        def verify(token: str) -> str:
            print(json.dumps({"token": token, "now": clock.now_ms}), file=stdin, flush=True)
            return stdout.readline().strip()

        yield verify


@dataclass
class Verifiers:
    """Makes a verifier with an example."""

    make: Callable[..., Any]
    feed: Feed
    clock: TestClock
    opened: list[Any] = field(default_factory=list)

    def __call__(self, *, fails_open: bool = True) -> Verify:
        """Return a new verifier, which has read nothing yet."""
        context = self.make(self.feed, self.clock, fails_open=fails_open)
        self.opened.append(context)
        verify: Verify = context.__enter__()
        return verify


@pytest.fixture(
    params=[
        pyjwt,
        pytest.param(
            aws_jwt_verify,
            marks=pytest.mark.skipif(IS_MISSING and "CI" not in os.environ, reason="could not be fetched"),
        ),
    ],
    ids=["PyJWT", "aws-jwt-verify"],
)
def verifier(
    request: pytest.FixtureRequest, feed: Feed, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Verifiers]:
    """Return what makes a verifier of each library."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(example, "time", clock)
    verifiers = Verifiers(request.param, feed, clock)
    yield verifiers
    for context in verifiers.opened:
        context.__exit__(None, None, None)


def token(clock: TestClock, sid: str = SID, *, age_seconds: int = 0) -> str:
    """Return an access token of a session."""
    return issue(claims_at(clock.now_seconds - age_seconds)._replace(sid=sid), OURS)


def test_a_session_is_refused_when_the_interval_is_over(verifier: Verifiers, feed: Feed, clock: TestClock) -> None:
    """T10: its tokens were accepted before, and those of another session still are."""
    verify, mine, other = verifier(), token(clock), token(clock, OTHER_SID)
    assert [verify(mine), verify(other)] == [ACCEPTED, ACCEPTED]

    feed.end(SID)
    clock.advance(seconds=INTERVAL_SECONDS)
    assert verify(mine) == ACCEPTED, "the copy is still fresh"
    assert feed.requests == 1
    clock.advance(seconds=0.001)

    assert [verify(mine), verify(other)] == [ENDED, ACCEPTED]
    assert feed.requests == 2


def test_a_token_with_own_claims_is_accepted(verifier: Verifiers, clock: TestClock) -> None:
    """RFC 7519 §4.3: a verifier that does not know them passes them on."""
    own: dict[str, Any] = {
        "acme:tenant": "blue",
        "acme:teams": ("a", "b"),
        "https://example.com/level": 3,
        "acme:beta": True,
    }
    claims = claims_at(clock.now_seconds)._replace(sid=SID, own_claims=own)

    assert verifier()(issue(claims, OURS)) == ACCEPTED


def test_what_has_ended_before_the_first_request_is_refused_at_once(
    verifier: Verifiers, feed: Feed, clock: TestClock
) -> None:
    """A verifier that was just started reads the whole window before it decides."""
    feed.end(SID)

    assert verifier()(token(clock)) == ENDED


def test_what_is_known_to_have_ended_stays_refused_without_the_feed(
    verifier: Verifiers, feed: Feed, clock: TestClock
) -> None:
    """A quarter of an hour too. The rest is accepted by an open verifier, and refused as unknown by a closed one."""
    feed.end(SID)
    mine, other = token(clock), token(clock, OTHER_SID)
    verify, closed = verifier(), verifier(fails_open=False)
    assert [verify(mine), closed(mine), verify(other), closed(other)] == [ENDED, ENDED, ACCEPTED, ACCEPTED]
    feed.answer = down

    for seconds in (6, 3, 9, 860):
        clock.advance(seconds=seconds)
        assert [verify(mine), closed(mine)] == [ENDED, ENDED]
        assert [verify(other), closed(other)] == [ACCEPTED, UNKNOWN]

    feed.answer = None
    clock.advance(seconds=3)
    assert [verify(other), closed(other)] == [ACCEPTED, ACCEPTED]


def test_what_is_known_to_have_ended_is_not_forgotten_if_it_is_listed_no_more(
    verifier: Verifiers, feed: Feed, clock: TestClock
) -> None:
    """An answer of another moment cannot bring a session back."""
    verify, mine = verifier(), token(clock)
    feed.end(SID)
    assert verify(mine) == ENDED
    feed.take_back()
    clock.advance(seconds=6)

    assert verify(mine) == ENDED
    assert feed.requests == 2


@pytest.mark.parametrize(
    "answer",
    [
        (503, '{"as_of":NOW,"window":965,"sids":[]}'),
        (429, "{}"),
        (404, '{"error":"not_found"}'),
        (200, ""),
        (200, "<html>"),
        (200, "[]"),
        (200, "{}"),
        (200, '{"as_of":"today","window":965,"sids":[]}'),
        (200, '{"as_of":1000000000,"window":965,"sids":[]}'),
        (200, '{"as_of":NOW,"window":965}'),
        (200, '{"as_of":NOW,"window":965,"sids":7}'),
    ],
)
def test_an_answer_that_is_not_the_list_is_none(
    verifier: Verifiers, feed: Feed, clock: TestClock, answer: tuple[int, str]
) -> None:
    """A list that a cache has kept for too long is none either. An open verifier accepts, a closed one does not."""
    status, body = answer
    feed.answer = lambda: (status, body.replace("NOW", str(clock.now_seconds)))
    verify, closed, mine = verifier(), verifier(fails_open=False), token(clock)

    assert [verify(mine), closed(mine)] == [ACCEPTED, UNKNOWN]


def test_a_feed_that_fails_is_asked_once_in_two_seconds(verifier: Verifiers, feed: Feed, clock: TestClock) -> None:
    """Many requests together make one attempt, so the feed's trouble is not theirs."""
    verify, mine = verifier(), token(clock)
    feed.answer = down

    for _ in range(5):
        assert verify(mine) == ACCEPTED
    clock.advance(seconds=1.9)
    assert verify(mine) == ACCEPTED
    assert feed.requests == 1
    clock.advance(seconds=0.101)
    assert verify(mine) == ACCEPTED
    assert feed.requests == 2


def test_no_request_waits_for_a_feed_that_does_not_answer(
    verifier: Verifiers, feed: Feed, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token is decided while the feed is still silent."""
    monkeypatch.setattr(example, "WAIT_SECONDS", 0.1)  # on Node it is a second
    decided = threading.Event()

    def silent() -> tuple[int, str]:
        assert decided.wait(60)
        return down()

    feed.answer = silent
    verify, closed, mine = verifier(), verifier(fails_open=False), token(clock)

    assert [verify(mine), closed(mine)] == [ACCEPTED, UNKNOWN]
    decided.set()


def test_a_request_waits_for_a_second_at_most(verifier: Verifiers, feed: Feed, clock: TestClock) -> None:
    """In real time, while the feed is silent. Of three tries one is enough, because a busy machine is not a fault."""
    verify, mine = verifier(), token(clock)
    assert verify(mine) == ACCEPTED
    is_over = threading.Event()

    def silent() -> tuple[int, str]:
        assert is_over.wait(60)
        return down()

    def waited_seconds() -> float:
        clock.advance(seconds=6)
        begun = time.monotonic()
        assert verify(mine) == ACCEPTED
        return time.monotonic() - begun

    feed.answer = silent

    assert any(0.9 < waited_seconds() < 2 for _ in range(3))
    assert feed.requests > 1
    is_over.set()


def test_the_examples_have_the_times_of_the_page() -> None:
    """The page says one second for an answer, and two seconds after a failure."""
    on_node = (ROOT / "examples" / "ended_sessions.mjs").read_text(encoding="utf-8")

    assert (example.WAIT_SECONDS, example.RETRY_SECONDS) == (1, 2)
    assert re.findall(r"^const (WAIT|RETRY)_MS = (\d+);", on_node, re.MULTILINE) == [
        ("WAIT", "1000"),
        ("RETRY", "2000"),
    ]


def test_no_request_waits_for_a_name_that_is_not_resolved(
    feed: Feed, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python's resolver knows no time limit, so the thread of a request does not call it."""
    decided = threading.Event()
    monkeypatch.setattr(example, "time", clock)
    monkeypatch.setattr(example, "WAIT_SECONDS", 0.1)
    monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: decided.wait(60))

    with pyjwt(feed, clock, fails_open=False) as closed:
        assert closed(token(clock)) == UNKNOWN
        assert not decided.is_set()
        decided.set()


def test_requests_that_come_together_read_once(feed: Feed, clock: TestClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """The threads of a server share one copy. In Node, requests share one promise."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(example, "time", clock)
    feed.end(SID)
    mine = token(clock)

    with pyjwt(feed, clock, fails_open=True) as verify, ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(verify, [mine] * 32))

    assert answers == [ENDED] * 32
    assert feed.requests == 1


def test_the_age_of_a_copy_counts_from_before_its_request(
    feed: Feed, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session may have ended while a slow answer was under way. A slow answer shows the time before it."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(example, "time", clock)

    def slow() -> tuple[int, str]:
        answer = feed.function(sample("ended-sessions"))
        clock.advance(seconds=3)
        feed.answer = None
        feed.end(SID)
        return answer.status, answer.body

    mine, feed.answer = token(clock), slow
    with pyjwt(feed, clock, fails_open=True) as verify:
        assert verify(mine) == ACCEPTED
        clock.advance(seconds=2.001)

        assert verify(mine) == ENDED


def test_a_clock_that_was_set_back_makes_it_read_again(verifier: Verifiers, feed: Feed, clock: TestClock) -> None:
    """Otherwise the copy would count as fresh until the clock is there again."""
    mine = token(clock, age_seconds=60)
    verify = verifier()
    assert verify(mine) == ACCEPTED
    feed.end(SID)
    clock.advance(seconds=-10)

    assert verify(mine) == ENDED


def test_the_tokens_of_a_withdrawn_key_are_refused(verifier: Verifiers, feed: Feed, clock: TestClock) -> None:
    """After a leak the old keys end within the interval, whatever a copy of the key set says."""
    verify, mine = verifier(), token(clock)
    assert verify(mine) == ACCEPTED
    feed.withdraw(OURS.kid)
    clock.advance(seconds=6)

    assert verify(mine) == ENDED


def test_a_token_that_is_older_than_the_window_is_refused(verifier: Verifiers, feed: Feed, clock: TestClock) -> None:
    """AccessTokenSeconds was lowered to 300: the end of the session of an older token may be in the list no more."""
    feed.function = feed.stack.with_parameters(AccessTokenSeconds="300").function("ended_sessions")
    verify = verifier()

    assert verify(token(clock, age_seconds=300)) == ACCEPTED
    assert verify(token(clock, age_seconds=306)) == ENDED
