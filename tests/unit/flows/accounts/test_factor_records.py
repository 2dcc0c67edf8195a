"""What is recorded of a user's own factors, and for how long a required enrolment waits."""

from base64 import b32decode
from dataclasses import replace

import pytest

from edge_auth.errors import InvalidProof
from edge_auth.events.security_event import EventName, SecurityEvent
from edge_auth.factor_errors import FactorRequired, MfaEnrolmentRequired
from edge_auth.flows.accounts.own_factors import PendingApp
from edge_auth.flows.grant import TokenGrant
from edge_auth.flows.ports.factors import Presented
from tests.support.access_tokens import NOW
from tests.support.deployment import ADDRESS, PASSKEY, PASSWORD, POLICY, USERNAME, Deployment
from tests.support.second_factor import shown_by_app, with_app


@pytest.fixture
def deployment(deployment: Deployment) -> Deployment:
    """Return a deployment with second factors, where alice has none."""
    return deployment.with_second_factor()


def enrol(deployment: Deployment) -> None:
    """Give alice an app."""
    deployment.store.identities[USERNAME] = with_app(deployment.alice, deployment.sealing_keys.keys)


def with_code(deployment: Deployment) -> TokenGrant:
    """Log alice in with her app."""
    code = Presented(otp=shown_by_app(deployment.clock() // 1000))
    return deployment.login(USERNAME, PASSWORD, POLICY, address=ADDRESS, presented=code)


def shown(deployment: Deployment, pending: PendingApp) -> str:
    """Return what a new app shows."""
    return shown_by_app(deployment.clock() // 1000, secret=b32decode(pending.secret))


def test_an_enrolment_is_recorded_and_keeps_its_time(deployment: Deployment) -> None:
    """SC5: the undoing of an address asks when a factor was enrolled. A repeated call records the new codes alone."""
    mine = deployment.alice.user_id, deployment.log_in().session_id
    deployment.names()
    pending = deployment.own_factors.begin(*mine)
    deployment.clock.advance(ms=5999)

    deployment.own_factors.confirm(*mine, pending.enrolment, shown(deployment, pending))
    assert deployment.events == [SecurityEvent(EventName.FACTOR_ENROLLED, mine[0])]
    assert deployment.alice.factors is not None
    assert deployment.alice.factors.enrolled_at_seconds == NOW + 5
    assert (pending.expires_in_seconds, len(deployment.alice.factors.recovery)) == (600, 10)


def test_new_codes_and_a_removal_are_recorded_with_their_session(deployment: Deployment) -> None:
    """A removal that comes again is none. Each ends the other sessions, and records that."""
    enrol(deployment)
    mine = deployment.alice.user_id, with_code(deployment).session_id
    deployment.names()

    deployment.own_factors.replace_codes(*mine)
    assert deployment.events == [SecurityEvent(EventName.RECOVERY_CODES_REPLACED, *mine)]
    deployment.events.clear()
    for _ in range(2):
        deployment.own_factors.remove(*mine)
    ended = SecurityEvent(EventName.ALL_SESSIONS_ENDED, *mine, reason="factor_changed")
    assert deployment.events == [SecurityEvent(EventName.FACTOR_REMOVED, *mine), ended, ended]


def test_a_user_who_must_have_a_factor_may_remove_the_app_beside_a_passkey(deployment: Deployment) -> None:
    """SA8: the passkey is one."""
    enrol(deployment)
    mine = deployment.alice.user_id, with_code(deployment).session_id
    deployment.with_second_factor("everybody")
    with pytest.raises(FactorRequired):
        deployment.own_factors.remove(*mine)
    deployment.store.identities[USERNAME] = replace(deployment.alice, passkeys=(PASSKEY,))
    stored = deployment.store.sessions[mine]
    deployment.store.sessions[mine] = stored._replace(acr="phr")

    deployment.own_factors.remove(*mine)
    assert deployment.alice.factors is None


def test_a_required_enrolment_waits_for_a_quarter_of_an_hour(deployment: Deployment) -> None:
    """SA4: the password was right some minutes ago. Its user may have to get an app first."""
    deployment.with_second_factor("everybody")
    with pytest.raises(MfaEnrolmentRequired) as required:
        deployment.log_in()
    token = str(required.value.members["enrolment_token"])
    deployment.clock.advance(seconds=899)
    pending = deployment.own_factors.begin_required(token)
    deployment.clock.advance(seconds=1)

    with pytest.raises(InvalidProof):
        deployment.own_factors.begin_required(token)
    with pytest.raises(InvalidProof):
        deployment.own_factors.confirm_required(token, pending.enrolment, shown(deployment, pending))
    deployment.clock.advance(seconds=-1)
    deployment.own_factors.confirm_required(token, pending.enrolment, shown(deployment, pending))
