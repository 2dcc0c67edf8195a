"""Rights and own claims: how much fits into a token, and what is recorded."""

import pytest

from edge_auth.errors import RightsRefused
from edge_auth.events.security_event import EventName
from edge_auth.flows.accounts.rights_administration import check_rights
from tests.support.deployment import Deployment

FRAME = len('{"scope":"","roles":[]}')
BOUND = 200


@pytest.mark.parametrize("spare", [0, -1])
def test_rights_take_at_most_200_bytes_of_a_token(spare: int) -> None:
    """T8: as they are written into it, which is the shortest form of JSON."""
    fitting, role, claim = BOUND - FRAME + spare, '"r"', ',"a:b":"c"'

    check_rights("a" * fitting, ())
    check_rights("a" * (fitting - len(role)), ("r",))
    check_rights("a" * (fitting - len(claim)), (), {"a:b": "c"})


def test_one_byte_more_is_refused_and_the_operator_learns_what_is_too_long() -> None:
    """Without own claims they are not named."""
    with pytest.raises(RightsRefused, match=r"^scope and roles take more than 200 bytes"):
        check_rights("a" * (BOUND - FRAME + 1), ())
    with pytest.raises(RightsRefused, match=r"^scope, roles and own claims take more than 200 bytes"):
        check_rights("a" * (BOUND - FRAME - len(',"a:b":"c"') + 1), (), {"a:b": "c"})


def test_rights_and_claims_that_are_set_are_recorded(deployment: Deployment) -> None:
    """Each by its own name, and then the end of the sessions that have the old ones."""
    deployment.rights.set_rights(deployment.alice, scope="a", roles=("r",))
    deployment.rights.set_claims(deployment.alice, {"acme:tenant": "7"})

    assert [(event.name, event.user_id, event.reason) for event in deployment.events] == [
        (EventName.RIGHTS_SET, deployment.alice.user_id, ""),
        (EventName.ALL_SESSIONS_ENDED, deployment.alice.user_id, "rights_set"),
        (EventName.CLAIMS_SET, deployment.alice.user_id, ""),
        (EventName.ALL_SESSIONS_ENDED, deployment.alice.user_id, "claims_set"),
    ]
