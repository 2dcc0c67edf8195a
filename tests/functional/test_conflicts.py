"""Writes that meet a transaction on their item: they are sent again, after a random wait."""

from types import SimpleNamespace

import pytest

from edge_auth.adapters.conflicts import ATTEMPTS, FIRST_WAIT_SECONDS
from tests.support.answers import INVALID_GRANT, NO_CONTENT, UNAVAILABLE
from tests.support.outages import CONFLICT, CONFLICT_OF_TRANSACTIONS, FAULTS_OF_UPDATES, ends
from tests.support.people import PASSWORD
from tests.support.sample_events import login_event, logout_event, refresh_event
from tests.support.stack import Function, Stack
from tests.support.wire import lost_response, refusal

Tokens = dict[str, str]

TRANSACT, UPDATE = "dynamodb.TransactWriteItems", "dynamodb.UpdateItem"
CONFLICT_AT_THE_SECOND = refusal(
    "TransactionCanceledException", CancellationReasons=[{"Code": "None"}, {"Code": "TransactionConflict"}]
)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the list of the SDK's waits, in seconds. It does not wait."""
    waits: list[float] = []
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=waits.append))
    return waits


def test_a_login_that_meets_another_one_of_its_user_succeeds(stack: Stack, login: Function, waits: list[float]) -> None:
    """Two logins of one user at the same moment both check the user's item, and DynamoDB refuses one of them."""
    conflicts = [CONFLICT_OF_TRANSACTIONS, CONFLICT_AT_THE_SECOND] * 2
    stack.wire.next("TransactWriteItems", *conflicts, CONFLICT_OF_TRANSACTIONS)

    assert login(login_event("ada", PASSWORD)).status == 200

    assert stack.wire.counts[TRANSACT] == ATTEMPTS == 6
    assert len(stack.session_items()) == 1
    calls = [call.parameters for call in stack.wire.calls if call.operation == "TransactWriteItems"]
    assert len({call["ClientRequestToken"] for call in calls}) == 1
    assert len(waits) == ATTEMPTS - 1


def test_each_wait_is_random_and_may_be_twice_as_long_as_the_one_before(
    stack: Stack, login: Function, waits: list[float]
) -> None:
    """All waits of a call stay below three seconds, as any call of AWS does, and no two calls wait alike."""
    stack.wire.always("TransactWriteItems", CONFLICT_OF_TRANSACTIONS)
    for _ in range(2):
        assert login(login_event("ada", PASSWORD)) == UNAVAILABLE
        stack.forget_attempts()

    assert stack.wire.counts[TRANSACT] == 2 * ATTEMPTS
    assert len(set(waits)) == len(waits) == 2 * (ATTEMPTS - 1)
    longest = [FIRST_WAIT_SECONDS * 2**attempt for attempt in range(ATTEMPTS - 1)]
    assert all(0 <= wait <= most for wait, most in zip(waits, longest * 2, strict=True))
    assert sum(longest) < 2.8


def test_a_refresh_that_meets_an_end_of_its_session_is_decided_by_the_end(
    stack: Stack, refresh: Function, logout: Function, tokens: Tokens
) -> None:
    """While a transaction ends the session, DynamoDB refuses the rotation; sent again, it finds no session."""

    def logged_out_meanwhile(forward: object) -> object:
        assert logout(logout_event(tokens["refresh_token"])) == NO_CONTENT
        return FAULTS_OF_UPDATES[CONFLICT](forward)  # type: ignore[arg-type]  # passed through

    stack.wire.next("UpdateItem", logged_out_meanwhile)  # type: ignore[arg-type]  # as above

    assert refresh(refresh_event(tokens["refresh_token"])) == INVALID_GRANT

    assert ends(stack) == {tokens["session_id"]: "logout"}


def test_a_refresh_after_a_conflict_rotates_once(stack: Stack, refresh: Function, tokens: Tokens) -> None:
    """A conflict is one of the SDK's attempts. So a lost answer after it is a 503, and the retry rotates no more."""
    stack.wire.next("UpdateItem", FAULTS_OF_UPDATES[CONFLICT], lost_response)

    assert refresh(refresh_event(tokens["refresh_token"])) == UNAVAILABLE
    assert refresh(refresh_event(tokens["refresh_token"])).status == 200

    assert stack.wire.counts[UPDATE] == 3
    assert [item["generation"] for item in stack.session_items()] == [{"N": "1"}]


def test_an_end_after_a_conflict_ends_one_session_once(stack: Stack, logout: Function, tokens: Tokens) -> None:
    """The same for an end: the repeated logout ends nothing more."""
    stack.wire.next("TransactWriteItems", CONFLICT_OF_TRANSACTIONS, lost_response)

    assert logout(logout_event(tokens["refresh_token"])) == UNAVAILABLE
    assert logout(logout_event(tokens["refresh_token"])) == NO_CONTENT

    assert ends(stack) == {tokens["session_id"]: "logout"}
