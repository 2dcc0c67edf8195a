"""The end of all sessions takes along a session that has just expired, because a refresh may still be on its way."""

from collections.abc import Callable

import pytest

from edge_auth.errors import InvalidGrant
from edge_auth.flows.grant import TokenGrant
from edge_auth.flows.sessions.logout import Reach
from tests.support.deployment import IDLE_SECONDS, PASSWORD, Deployment

NEW_PASSWORD = "another correct horse"
Act = Callable[[Deployment, TokenGrant], object]

ACTS: dict[str, Act] = {
    "disable": lambda deployment, _: deployment.administration.disable(deployment.alice),
    "delete": lambda deployment, _: deployment.administration.delete(deployment.alice),
    "set password": lambda deployment, _: deployment.administration.set_password(deployment.alice, NEW_PASSWORD),
    "set rights": lambda deployment, _: deployment.rights.set_rights(deployment.alice, scope="", roles=()),
    "end sessions": lambda deployment, _: deployment.administration.end_sessions(deployment.alice),
    "logout of all": lambda deployment, other: deployment.logout(other.refresh_token, Reach.ALL),
    "logout of others": lambda deployment, other: deployment.logout(other.refresh_token, Reach.OTHERS),
    "change password": lambda deployment, other: deployment.change_password(
        deployment.token_of(other).user_id, other.session_id, PASSWORD, NEW_PASSWORD
    ),
    "end of the one": lambda deployment, other: deployment.own_sessions.end(
        deployment.token_of(other).user_id, other.session_id, deployment.session_ids()[0]
    ),
}


@pytest.mark.parametrize("clock_ahead_seconds", [-120, -5, 0, 5, 120])
@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("refresh_writes", ["first", "last"])
def test_no_refresh_on_its_way_over_the_idle_timeout_survives(
    deployment: Deployment,
    monkeypatch: pytest.MonkeyPatch,
    act: str,
    clock_ahead_seconds: int,
    refresh_writes: str,
) -> None:
    """The refresh has read its clock in time. By the clock of the act the timeout is over, or is still to come."""
    expiring = deployment.log_in()
    deployment.clock.advance(seconds=IDLE_SECONDS - 1)
    other = deployment.log_in()
    rotate = deployment.sessions.rotate

    def meet_the_act(*arguments: object, **named: object) -> object:
        monkeypatch.setattr(deployment.sessions, "rotate", rotate)
        deployment.clock.advance(seconds=1 + clock_ahead_seconds)
        if refresh_writes == "last":
            ACTS[act](deployment, other)
            return rotate(*arguments, **named)  # type: ignore[arg-type]  # passed through
        rotated = rotate(*arguments, **named)  # type: ignore[arg-type]  # passed through
        ACTS[act](deployment, other)
        return rotated

    monkeypatch.setattr(deployment.sessions, "rotate", meet_the_act)
    if refresh_writes == "last":
        with pytest.raises(InvalidGrant):
            deployment.refreshed(expiring.refresh_token)
    else:
        deployment.refreshed(expiring.refresh_token)
    assert deployment.is_dead(expiring)
