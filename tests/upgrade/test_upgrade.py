"""A stack with clients is upgraded, fails in an update, is deleted and made again. The tests run in this order."""

from collections import Counter
from pathlib import Path

import pytest

from local.failure import Failure
from local.settings import ROOT
from tests.upgrade.journey import Journey, Session, wait_for_the_feed
from tests.upgrade.polling import NO_ANSWER

# A resource that no stack can make: its name is taken. It comes after the keys, as a later resource may fail.
ALIAS = (
    "Type: AWS::Lambda::Alias, Properties: {Name: taken, FunctionName: !Ref WhoamiFunction, FunctionVersion: $LATEST}"
)
BROKEN = f"""
  TheName: {{{ALIAS}, DependsOn: [KeyRing, Api]}}
  TheNameAgain: {{{ALIAS}, DependsOn: [TheName]}}
"""
NEW_STACK = "edge-auth-again"  # MiniStack gives the tables of a stack the same names again; AWS does not


MAX_FAILED_SHARE = 0.05  # docs/recovery.md


def failed_share(statuses: Counter[tuple[str, int]]) -> float:
    """Return the share of requests that were answered with 5xx, or not at all."""
    failed = sum(count for (_, status), count in statuses.items() if status >= 500 or status == NO_ANSWER)
    return failed / statuses.total()


def refused(statuses: Counter[tuple[str, int]]) -> dict[tuple[str, int], int]:
    """Return the answers that would log a client out."""
    return {answer: count for answer, count in statuses.items() if 400 <= answer[1] < 500}


@pytest.fixture(scope="session")
def sessions(journey: Journey) -> dict[str, Session]:
    """Open sessions before the upgrade: one is left alone, and of one an old token is kept."""
    idle, used = journey.log_in(), journey.log_in()
    old = Session(used.access_token, used.refresh_token)
    journey.refresh(used)
    journey.age(used)
    journey.refresh(used)
    journey.age(used)
    return {"idle": idle, "used": used, "old": old}


def test_an_upgrade_refuses_no_token_and_ends_no_session(
    journey: Journey, built: Path, sessions: dict[str, Session]
) -> None:
    """Clients call all the time. What fails meanwhile is a 5xx, with which a client keeps its tokens."""
    with journey.polled() as poller:
        journey.deploy(ROOT, built)
    print(dict(poller.statuses))  # noqa: T201 - the numbers of docs/decisions/0041

    assert refused(poller.statuses) == {}
    assert failed_share(poller.statuses) < MAX_FAILED_SHARE
    assert {name for name, status in poller.statuses if status == 200} == {"login", "refresh", "me", "jwks"}
    assert journey.refresh(sessions["idle"]) == "200"
    assert journey.me(sessions["idle"]) == 200


def test_a_reuse_is_detected_after_the_upgrade(journey: Journey, sessions: dict[str, Session]) -> None:
    """The old token is from before the upgrade, and ends the session."""
    assert journey.refresh(sessions["old"]) == "400 invalid_grant"
    assert journey.refresh(sessions["used"]) == "400 invalid_grant"


def test_an_update_that_fails_is_taken_back_and_refuses_no_token(
    journey: Journey, built: Path, sessions: dict[str, Session]
) -> None:
    """CloudFormation rolls back, calls the custom resource once more, and all goes on."""
    broken = built.with_name("broken.yaml")
    broken.write_text(built.read_text().replace("\nResources:\n", f"\nResources:{BROKEN}", 1))

    with journey.polled() as poller, pytest.raises(Failure, match="TheNameAgain"):
        journey.deploy(ROOT, broken)
    print(dict(poller.statuses))  # noqa: T201 - as above

    assert journey.status() == "UPDATE_ROLLBACK_COMPLETE"
    assert refused(poller.statuses) == {}
    assert journey.refresh(sessions["idle"]) == "200"
    assert journey.me(sessions["idle"]) == 200


def test_a_stack_that_is_made_again_takes_over_users_and_sessions(
    journey: Journey, built: Path, sessions: dict[str, Session]
) -> None:
    """An ended session stays dead, and a refresh token from before the deletion is good."""
    retained = journey.outputs()
    journey.delete_stack()
    journey.stack = NEW_STACK
    journey.deploy(ROOT, built)

    copied = journey.edge_auth(
        *("data", "adopt", "--yes", "--identities-table", retained["IdentitiesTable"]),
        *("--sessions-table", retained["SessionsTable"], "--key-ring-secret", retained["KeyRingSecret"]),
    )
    journey.edge_auth("keys", "publish")

    assert copied.startswith("copied 1 users, ")
    assert journey.refresh(sessions["used"]) == "400 invalid_grant"
    assert journey.refresh(sessions["idle"]) == "200"
    assert journey.me(sessions["idle"]) == 200
    assert journey.me(journey.log_in()) == 200


def test_after_the_end_of_all_sessions_no_old_token_works(journey: Journey, sessions: dict[str, Session]) -> None:
    """S7: neither the refresh token nor, once the authorizers have read the feed, the access token."""
    journey.edge_auth("data", "end-all-sessions", "--yes")
    wait_for_the_feed()

    assert journey.refresh(sessions["idle"]) == "400 invalid_grant"
    assert journey.me(sessions["idle"]) == 401
    assert journey.me(journey.log_in()) == 200
