import random
from dataclasses import replace
from itertools import product

import pytest
from botocore.awsrequest import AWSResponse

from edge_auth.flows.sessions.end_sessions import END_UNKNOWN
from edge_auth.tokens import access_token as access
from edge_auth.tokens import refresh_token as refresh_tokens
from tests.support.answers import INVALID_GRANT, UNAVAILABLE
from tests.support.outages import (
    APPLIED,
    ATTEMPTS,
    FAULTS_OF_TRANSACTIONS,
    FAULTS_OF_UPDATES,
    GARBAGE,
    REPEATED,
    Killed,
    after,
    attempts,
    before,
    ends,
    events_named,
    generation,
    kill,
)
from tests.support.sample_events import refresh_event
from tests.support.stack import Function, Stack
from tests.support.wire import Fault, Forward, lost_request, lost_response, passes, raw_answer

Tokens = dict[str, str]

# A rotation needs the item that it wrote, so an answer without an item is a fault.
FAULTS_OF_ROTATION = {
    **FAULTS_OF_UPDATES,
    "served, garbage": raw_answer(GARBAGE, 200),
    "served, empty": raw_answer(b"", 200),
}
DAY_SECONDS = 86_400
LOSSES = {"request": lost_request, "response": lost_response}


def successor(stack: Stack, token: str, generations: int = 1) -> str:
    """Return the only possible token that is this many generations after a token."""
    keys = stack.keys
    parsed = refresh_tokens.parse(token, keys.mac_keys)
    return refresh_tokens.mint(parsed.of_generation(parsed.generation + generations), keys.mac)


def losses(count: int) -> pytest.MarkDecorator:
    """Return all combinations of lost requests and lost responses for this many attempts."""
    return pytest.mark.parametrize("lost", list(product(LOSSES, repeat=count)), ids="-".join)


def reused(stack: Stack, refresh: Function, token: str) -> None:
    """Use a token and its successor, so that the token is dead, and wait until the grace window ends."""
    for generations in (0, 1):
        assert refresh(refresh_event(successor(stack, token, generations))).status == 200
        stack.clock.advance(seconds=60)


@pytest.mark.parametrize("name", FAULTS_OF_ROTATION)
def test_a_fault_that_passes(stack: Stack, refresh: Function, tokens: Tokens, name: str) -> None:
    """F19, DC-3, I4: the SDK repeats one fault or it is answered with 503, and the session is not harmed."""
    token = tokens["refresh_token"]
    stack.wire.next("UpdateItem", FAULTS_OF_ROTATION[name])

    answer = refresh(refresh_event(token))

    if name in REPEATED:
        assert answer.status == 200
        assert answer.json["refresh_token"] == successor(stack, token)
    else:
        assert answer == UNAVAILABLE
        assert generation(stack) == 0
    again = refresh(refresh_event(token))
    assert again.json["refresh_token"] == successor(stack, token)
    assert (generation(stack), ends(stack)) == (1, {})
    assert [line["level"] for line in stack.output.security_events()].count("ERROR") == 0


@pytest.mark.parametrize("name", FAULTS_OF_ROTATION)
def test_a_fault_that_lasts(stack: Stack, refresh: Function, tokens: Tokens, name: str) -> None:
    """F19, F2, DC-11: the answer is 503 while the fault lasts; ten seconds later the token gets its one successor."""
    token = tokens["refresh_token"]
    untouched = stack.session_items()
    stack.wire.forget()
    stack.wire.always("UpdateItem", FAULTS_OF_ROTATION[name])

    assert refresh(refresh_event(token)) == UNAVAILABLE
    assert stack.wire.counts["dynamodb.UpdateItem"] == attempts(name)
    assert refresh(refresh_event(token)) == UNAVAILABLE

    assert (generation(stack), ends(stack)) == (1 if name == APPLIED else 0, {})
    assert name == APPLIED or stack.session_items() == untouched
    stack.wire.mend()
    stack.clock.advance(seconds=10)
    answer = refresh(refresh_event(token))
    assert answer.json["refresh_token"] == successor(stack, token)
    assert (generation(stack), ends(stack)) == (1, {})
    stack.clock.advance(seconds=60)
    assert refresh(refresh_event(answer.json["refresh_token"])).status == 200


@losses(1)
def test_the_first_attempt_is_lost(stack: Stack, refresh: Function, tokens: Tokens, lost: tuple[str, ...]) -> None:
    """F1: the second attempt answers with the successor of the one increment, whichever part of the first is lost."""
    stack.wire.next("UpdateItem", *(LOSSES[loss] for loss in lost))

    answer = refresh(refresh_event(tokens["refresh_token"]))

    assert answer.json["refresh_token"] == successor(stack, tokens["refresh_token"])
    assert generation(stack) == 1
    assert [event["reason"] for event in events_named(stack, "refresh_rotated")] == ["rotated"]


@losses(1)
def test_lost_attempts_are_no_reuse_in_strict_rotation(stack: Stack, tokens: Tokens, lost: tuple[str, ...]) -> None:
    """F1 with RotationGraceSeconds 0: a request recognizes its own earlier attempt, and does not take it for reuse."""
    refresh = stack.with_parameters(RotationGraceSeconds="0").function("refresh")
    stack.wire.next("UpdateItem", *(LOSSES[loss] for loss in lost))

    answer = refresh(refresh_event(tokens["refresh_token"]))

    assert answer.json["refresh_token"] == successor(stack, tokens["refresh_token"])
    assert (generation(stack), ends(stack)) == (1, {})
    assert refresh(refresh_event(answer.json["refresh_token"])).status == 200


@losses(ATTEMPTS)
def test_all_attempts_are_lost(stack: Stack, refresh: Function, tokens: Tokens, lost: tuple[str, ...]) -> None:
    """F2: the answer is 503, and the client's retry in the grace window gets the successor of one increment."""
    token = tokens["refresh_token"]
    stack.wire.next("UpdateItem", *(LOSSES[loss] for loss in lost))

    assert refresh(refresh_event(token)) == UNAVAILABLE
    assert generation(stack) == (1 if "response" in lost else 0)
    stack.clock.advance(seconds=10)

    assert refresh(refresh_event(token)).json["refresh_token"] == successor(stack, token)
    assert generation(stack) == 1


@pytest.mark.parametrize("seconds", [30.001, 300, 13 * DAY_SECONDS])
def test_a_lost_answer_outlasts_the_window(stack: Stack, refresh: Function, tokens: Tokens, seconds: float) -> None:
    """F3: a client that retries minutes or days later is still signed in, and goes on from there."""
    token = tokens["refresh_token"]
    stack.wire.next("UpdateItem", *[lost_response] * ATTEMPTS)
    assert refresh(refresh_event(token)) == UNAVAILABLE
    stack.clock.advance(seconds=seconds)

    answer = refresh(refresh_event(token))

    assert answer.json["refresh_token"] == successor(stack, token, 2)
    assert [line["level"] for line in events_named(stack, "refresh_retried_late")] == ["INFO"]
    stack.clock.advance(seconds=60)
    again = refresh(refresh_event(answer.json["refresh_token"]))
    assert again.json["refresh_token"] == successor(stack, token, 3)
    assert ends(stack) == {}


@losses(1)
def test_the_first_attempt_of_a_late_retry_is_lost(
    stack: Stack, refresh: Function, tokens: Tokens, lost: tuple[str, ...]
) -> None:
    """F1: the second write recognizes itself too: one new token, and one event."""
    token = tokens["refresh_token"]
    refresh(refresh_event(token))
    stack.clock.advance(seconds=60)
    stack.wire.next("UpdateItem", passes, *(LOSSES[loss] for loss in lost))

    assert refresh(refresh_event(token)).json["refresh_token"] == successor(stack, token, 2)

    assert generation(stack) == 2
    assert len(events_named(stack, "refresh_retried_late")) == 1


@losses(ATTEMPTS)
def test_all_attempts_of_a_late_retry_are_lost(
    stack: Stack, refresh: Function, tokens: Tokens, lost: tuple[str, ...]
) -> None:
    """F2, F3: 503, and the same token is good again, at once and later."""
    token = tokens["refresh_token"]
    refresh(refresh_event(token))
    stack.clock.advance(seconds=60)
    stack.wire.next("UpdateItem", passes, *(LOSSES[loss] for loss in lost))

    assert refresh(refresh_event(token)) == UNAVAILABLE

    assert refresh(refresh_event(token)).json["refresh_token"] == successor(stack, token, 2)
    stack.clock.advance(seconds=3600)
    assert refresh(refresh_event(token)).json["refresh_token"] == successor(stack, token, 3)
    assert ends(stack) == {}


@pytest.mark.parametrize("late_seconds", [2, 13, 31])
def test_a_slow_table_ends_no_session(stack: Stack, refresh: Function, tokens: Tokens, late_seconds: int) -> None:
    """F2, F3: answers come later than the SDK waits, the client tries again until it is served, and goes on.

    In each round one to four of the first writes are applied, and their answers come too late.
    """

    def too_late(forward: Forward) -> AWSResponse:
        stack.clock.advance(seconds=late_seconds)
        return lost_response(forward)

    chance = random.Random(late_seconds)  # noqa: S311 - a simulation, the same in every run
    token = tokens["refresh_token"]
    for _ in range(12):
        stack.wire.next("UpdateItem", *[too_late] * chance.randint(1, 4))
        answer = refresh(refresh_event(token))
        while answer == UNAVAILABLE:
            stack.clock.advance(seconds=1)  # as Retry-After says
            answer = refresh(refresh_event(token))
        assert answer.status == 200
        token = answer.json["refresh_token"]
        stack.clock.advance(seconds=chance.choice([5, 45, 900]))

    assert ends(stack) == {}
    assert not [line for line in stack.output.security_events() if line["level"] == "ERROR"]


@pytest.mark.parametrize(("death", "written"), [(before(kill), 0), (after(kill), 1)], ids=["before", "after"])
def test_the_process_ends_at_the_write(
    stack: Stack, refresh: Function, tokens: Tokens, death: Fault, written: int
) -> None:
    """F13: a process is killed before or after the write, and the next process returns the one successor."""
    stack.wire.next("UpdateItem", death)
    with pytest.raises(Killed):
        refresh(refresh_event(tokens["refresh_token"]))
    assert generation(stack) == written
    stack.clock.advance(seconds=10)

    answer = stack.function("refresh")(refresh_event(tokens["refresh_token"]))

    assert answer.json["refresh_token"] == successor(stack, tokens["refresh_token"])
    assert (generation(stack), ends(stack)) == (1, {})


def test_signing_fails_after_the_write(
    stack: Stack, refresh: Function, tokens: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F14: the answer is 503, and the retry gets the successor of the write that was made."""

    def broken(*_: object) -> str:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(access, "issue", broken)
        assert refresh(refresh_event(tokens["refresh_token"])) == UNAVAILABLE
    assert generation(stack) == 1

    answer = refresh(refresh_event(tokens["refresh_token"]))

    assert answer.json["refresh_token"] == successor(stack, tokens["refresh_token"])
    assert (generation(stack), ends(stack)) == (1, {})


def test_a_ring_that_cannot_sign_is_seen_before_the_write(stack: Stack, refresh: Function, tokens: Tokens) -> None:
    """F14: keys are read before the write, so a damaged signing key uses up no generation."""
    ring = stack.key_ring
    [signing, following] = ring.signing
    damaged = replace(signing, key=replace(signing.key, jwk={**signing.key.jwk, "d": "A" * 43}))
    stack.make_key_ring(replace(ring, signing=(damaged, following)))

    assert refresh(refresh_event(tokens["refresh_token"])) == UNAVAILABLE
    assert generation(stack) == 0

    stack.make_key_ring(ring)
    assert refresh(refresh_event(tokens["refresh_token"])).status == 200


@pytest.mark.parametrize("name", FAULTS_OF_TRANSACTIONS)
def test_ending_a_reused_session_fails(stack: Stack, refresh: Function, tokens: Tokens, name: str) -> None:
    """F21: reuse is answered with 503 and recorded; later the replay is refused and the session has ended."""
    token = tokens["refresh_token"]
    reused(stack, refresh, token)
    stack.wire.always("TransactWriteItems", FAULTS_OF_TRANSACTIONS[name])

    assert refresh(refresh_event(token)) == UNAVAILABLE
    assert ends(stack) == ({tokens["session_id"]: "reused"} if name == APPLIED else {})
    assert generation(stack) == 2
    assert [line["reason"] for line in events_named(stack, "refresh_token_reused")] == [END_UNKNOWN]

    stack.wire.mend()
    assert [refresh(refresh_event(token)) for _ in range(2)] == [INVALID_GRANT] * 2
    assert ends(stack) == {tokens["session_id"]: "reused"}
    assert refresh(refresh_event(successor(stack, token, 2))) == INVALID_GRANT
    told = [line["reason"] for line in events_named(stack, "refresh_token_reused")]
    assert told == ([END_UNKNOWN] if name == APPLIED else [END_UNKNOWN, "reused"])


@losses(1)
def test_ending_a_reused_session_loses_responses(
    stack: Stack, refresh: Function, tokens: Tokens, lost: tuple[str, ...]
) -> None:
    """F21: a request recognizes its own earlier end of the session: ended once, recorded once."""
    reused(stack, refresh, tokens["refresh_token"])
    stack.wire.next("TransactWriteItems", *(LOSSES[loss] for loss in lost))

    assert refresh(refresh_event(tokens["refresh_token"])) == INVALID_GRANT

    assert ends(stack) == {tokens["session_id"]: "reused"}
    assert len(events_named(stack, "refresh_token_reused")) == 1
