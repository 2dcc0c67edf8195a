"""What a second step offers, and what is recorded of one that fails."""

from dataclasses import replace

import pytest

from edge_auth.errors import InvalidProof, InvalidRequest
from edge_auth.events.security_event import EventName, SecurityEvent
from edge_auth.factor_errors import MfaRequired
from edge_auth.flows.grant import TokenGrant
from edge_auth.flows.ports.factors import Presented
from edge_auth.keys.sealing_key import SealingKeys
from tests.support.deployment import ADDRESS, PASSKEY, PASSWORD, POLICY, USERNAME, Deployment
from tests.support.second_factor import CODES, shown_by_app, with_app


@pytest.fixture
def deployment(deployment: Deployment) -> Deployment:
    """Return a deployment with second factors, where alice has an app."""
    deployment.store.identities[USERNAME] = with_app(deployment.alice, deployment.sealing_keys.keys)
    return deployment.with_second_factor()


def asked(deployment: Deployment) -> MfaRequired:
    """Log in with the password alone, and return what is asked for."""
    with pytest.raises(MfaRequired) as required:
        deployment.log_in()
    deployment.names()
    return required.value


def second(deployment: Deployment, presented: Presented, username: str = USERNAME) -> TokenGrant:
    """Log in with a token in place of the password."""
    return deployment.login(username, "", POLICY, address=ADDRESS, presented=presented)


def test_a_user_is_offered_the_factors_that_are_there(deployment: Deployment) -> None:
    """A page shows a field for a code, or asks the browser for a passkey, or both."""
    with_both = replace(deployment.alice, passkeys=(PASSKEY,))
    with_passkey = replace(with_both, factors=None)
    offers = []
    for user in (deployment.alice, with_both, with_passkey):
        deployment.store.identities[USERNAME] = user
        offers.append(asked(deployment).members)

    assert [offer["methods"] for offer in offers] == [["otp"], ["otp", "passkey"], ["passkey"]]
    assert ["passkey" in offer for offer in offers] == [False, True, True]


def test_a_code_of_a_user_without_an_app_is_not_looked_at(deployment: Deployment) -> None:
    """A user who has only a passkey is asked for it."""
    deployment.store.identities[USERNAME] = replace(deployment.alice, factors=None, passkeys=(PASSKEY,))

    with pytest.raises(MfaRequired) as required:
        deployment.login(USERNAME, PASSWORD, POLICY, address=ADDRESS, presented=Presented(otp="123456"))
    assert required.value.members["methods"] == ["passkey"]


def test_either_code_goes_with_a_token_and_none_without(deployment: Deployment) -> None:
    """A token without a code asks for nothing. Both at once would leave open which of them is used up."""
    token = str(asked(deployment).members["mfa_token"])
    otp = shown_by_app(deployment.clock() // 1000)

    for presented in (Presented(mfa_token=token), Presented(otp, CODES[0], token)):
        with pytest.raises(InvalidRequest):
            second(deployment, presented)
    assert second(deployment, Presented(recovery_code=CODES[0], mfa_token=token)).session_id
    assert second(deployment, Presented(otp=otp, mfa_token=token)).session_id


@pytest.mark.parametrize("is_known", [True, False])
def test_a_token_that_does_not_count_any_more_is_recorded(deployment: Deployment, *, is_known: bool) -> None:
    """With the user whose name came with it, if there is one."""
    token = str(asked(deployment).members["mfa_token"])
    user_id = deployment.alice.user_id
    deployment.store.identities[USERNAME] = replace(deployment.alice, epoch=deployment.alice.epoch + 1)

    with pytest.raises(InvalidProof) as refused:
        second(
            deployment,
            Presented(otp=shown_by_app(deployment.clock() // 1000), mfa_token=token),
            USERNAME if is_known else "mallory",
        )
    event = SecurityEvent(EventName.LOGIN_FAILED, user_id if is_known else "", reason=refused.value.detail)
    assert event in deployment.events


def test_a_token_that_expires_while_its_code_is_checked_is_good(deployment: Deployment) -> None:
    """It was good when the login began, and the code is right. Otherwise both attempts would count as failed."""
    token = str(asked(deployment).members["mfa_token"])
    deployment.clock.advance(seconds=299)
    presented = Presented(otp=shown_by_app(deployment.clock() // 1000), mfa_token=token)
    load = deployment.sealing_keys.load

    def slowly() -> SealingKeys:
        deployment.clock.advance(seconds=1)
        return load()

    deployment.sealing_keys.load = slowly  # type: ignore[method-assign]
    assert second(deployment, presented).session_id
