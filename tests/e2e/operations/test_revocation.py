"""The access tokens of an ended session, on the deployed stack: for how long they work, whichever way it ended.

Some ways run at the same time, each with a user of its own. EDGE_AUTH_ENDS says how often; see CONTRIBUTING.md.
"""

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass

import pytest

from edge_auth.tokens.ended_feed import entry_of
from local.stack import Stack
from tests.e2e.answers import assert_error
from tests.e2e.client import Client, Session
from tests.e2e.operations.ends import WAYS, Visitor
from tests.e2e.operations.watch import Watch
from tests.support.template import parameters

ROUNDS = int(os.environ.get("EDGE_AUTH_ENDS", "1"))
BOUND_SECONDS = int(parameters()["RevocationSeconds"]["Default"])
TOLERANCE_SECONDS = 0.5  # a request waits on a busy machine before it is decided
AT_ONCE = 3  # with more, a busy machine answers reads too late, and an open authorizer goes on with what it knows
AFTERWARDS_SECONDS = 1.5  # how long beyond the bound a late acceptance would be seen

OK, UNAUTHORIZED = 200, 401
ME, STRICT = "/me", "/me/strict"


@dataclass(frozen=True)
class Outcome:
    """What was seen of one end.

    `accepted_for_seconds` is the time from the answer of the act to the last request with an ended session's token that
    was sent and accepted.
    """

    accepted_for_seconds: float
    watched: set[int]  # statuses of the ended session
    others: set[int]  # statuses of a session that goes on
    strict_before: set[int]
    strict_after: list[int]  # of each ended session, at once
    strict_others: list[int]
    finally_ended: list[int]
    finally_living: list[int]


def outcome_of(stack: Stack, way: str, kept: set[str]) -> Outcome:
    """Let sessions end in this way, while their access tokens are used. Add every secret to those that are kept."""
    base_url = stack.settings.base_url
    with closing(Client(base_url)) as client:

        def statuses(path: str, sessions: Sequence[Session]) -> list[int]:
            return [client.get_decided(path, session.access_token).status_code for session in sessions]

        end = WAYS[way](Visitor(stack, client))
        strict_before = {*statuses(STRICT, end.ending), *statuses(STRICT, end.living)}
        with (
            Watch(base_url, end.ending[0].access_token, threads=2) as watch,
            Watch(base_url, end.living[0].access_token, threads=1) as others,
        ):
            assert watch.statuses == {OK}
            end.act()
            answered_at = time.monotonic()
            strict_after, strict_others = statuses(STRICT, end.ending), statuses(STRICT, end.living)
            time.sleep(max(0.0, answered_at + BOUND_SECONDS + AFTERWARDS_SECONDS - time.monotonic()))
        outcome = Outcome(
            accepted_for_seconds=watch.accepted_for(answered_at),
            watched=watch.statuses,
            others=others.statuses,
            strict_before=strict_before,
            strict_after=strict_after,
            strict_others=strict_others,
            finally_ended=statuses(ME, end.ending),
            finally_living=statuses(ME, end.living),
        )
        kept |= client.secrets
        return outcome


Outcomes = Mapping[str, Sequence[Future[Outcome]]]


@pytest.fixture(scope="module")
def outcomes(request: pytest.FixtureRequest, client: Client, stack: Stack) -> Iterator[Outcomes]:
    """Return the outcomes of each way, round after round. Print how long tokens were accepted."""
    _give_current_keys(stack)
    ended: dict[str, list[Future[Outcome]]] = {way: [] for way in WAYS}
    for _ in range(ROUNDS):
        with ThreadPoolExecutor(AT_ONCE) as threads:
            for way in WAYS:
                ended[way].append(threads.submit(outcome_of, stack, way, client.secrets))
    yield ended
    lines = [f"{way}: {_summary(ended[way])}" for way in WAYS]
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        sys.stderr.write("\n".join(["", "accepted after the end, in seconds", *lines, ""]))


def _give_current_keys(stack: Stack) -> None:
    """Do what the hourly run does. Other tests replace the keys, and an authorizer that has to ask may refuse once."""
    authorizers = [
        stack.outputs[f"{name}FunctionArn"].rpartition(":")[2] for name in ("Authorizer", "StrictAuthorizer")
    ]
    run = json.dumps({"action": "advance", "authorizers": authorizers})
    answer = stack.clients.lambda_.invoke(FunctionName=stack.outputs["RotateKeysFunction"], Payload=run.encode())
    assert "FunctionError" not in answer, answer["Payload"].read()


def _summary(ended: Sequence[Future[Outcome]]) -> str:
    seconds = [each.result().accepted_for_seconds for each in ended if each.exception() is None]
    return f"at most {max(seconds):.2f}, of {len(seconds)}" if seconds else "not seen"


@pytest.mark.parametrize("way", WAYS)
def test_the_access_tokens_of_an_ended_session_work_for_the_bound_at_most(outcomes: Outcomes, way: str) -> None:
    """RevocationSeconds after the answer, no process of the authorizer accepts them, and none does later."""
    for ended in outcomes[way]:
        outcome = ended.result()
        assert outcome.accepted_for_seconds <= BOUND_SECONDS + TOLERANCE_SECONDS
        assert outcome.watched == {OK, UNAUTHORIZED}
        assert set(outcome.finally_ended) == {UNAUTHORIZED}


@pytest.mark.parametrize("way", WAYS)
def test_a_session_that_did_not_end_goes_on(outcomes: Outcomes, way: str) -> None:
    """A8: not one of its requests is refused meanwhile, on either route."""
    for ended in outcomes[way]:
        outcome = ended.result()
        assert outcome.others == {OK}
        assert {*outcome.finally_living, *outcome.strict_others} == {OK}


@pytest.mark.parametrize("way", WAYS)
def test_a_strict_route_refuses_at_the_next_request(outcomes: Outcomes, way: str) -> None:
    """It asks for the session on every request, so nothing is accepted after the answer."""
    for ended in outcomes[way]:
        outcome = ended.result()
        assert outcome.strict_before == {OK}
        assert set(outcome.strict_after) == {UNAUTHORIZED}


def test_a_refusal_is_that_of_any_token_that_is_not_valid(client: Client, session: Session) -> None:
    """RFC 6750 §3.1: a client learns that it has to refresh, and nothing else."""
    client.post_json("/auth/logout", {"refresh_token": session.refresh_token})

    answer = client.get_decided(STRICT, session.access_token)

    assert_error(answer, UNAUTHORIZED, "invalid_token")
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


def test_the_feed_for_other_verifiers_lists_an_end_at_once(client: Client, session: Session) -> None:
    """T10: the route is public, and its function has the right to read the table."""
    before = client.get("/.well-known/ended-sessions").json()
    client.post_json("/auth/logout", {"refresh_token": session.refresh_token})

    answer = client.get("/.well-known/ended-sessions")

    assert entry_of(session.session_id) not in before["sids"]
    assert entry_of(session.session_id) in answer.json()["sids"]
    assert answer.json()["as_of"] >= before["as_of"]
    assert answer.headers["Cache-Control"] == "public, max-age=1, must-revalidate"
    assert client.send("HEAD", "/.well-known/ended-sessions", {}).status_code == OK
