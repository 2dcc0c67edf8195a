"""Logins that begin with something from before: a device token of a changed user, or the token of a first step."""

from dataclasses import replace

import pytest

from edge_auth.credentials.passwords import needs_rehash
from edge_auth.errors import InvalidCredentials
from edge_auth.factor_errors import MfaRequired
from edge_auth.flows.ports.factors import Presented
from edge_auth.flows.sign_in.passkey_request import PasskeyRequests
from edge_auth.sessions.client_description import ClientDescription
from tests.support.deployment import ADDRESS, PASSKEY, PASSWORD, POLICY, USERNAME, Deployment
from tests.support.second_factor import shown_by_app, with_app
from tests.support.software_passkeys import RP_ID
from tests.unit.credentials.test_passwords import WEAK, weak_hash


class Tell:
    """The mails of new devices, as they were asked for."""

    def __init__(self) -> None:
        """Begin without any."""
        self.users: list[str] = []

    def new_device(self, user: object, client: ClientDescription) -> None:
        """Tell."""
        del client
        self.users.append(getattr(user, "username", ""))

    def recovery_code_used(self, user: object) -> None:
        """Fail: no login here uses one."""
        raise AssertionError(user)


def test_a_device_from_before_a_change_of_the_user_is_a_new_one(deployment: Deployment) -> None:
    """Its token may be in the hands of whoever had the old password. One that still counts is told to nobody."""
    tell = Tell()
    deployment.tell_user = tell  # type: ignore[assignment]  # the part of it that logins use
    device = deployment.log_in().device_token
    again = deployment.log_in(device_token=device).device_token
    assert tell.users == [USERNAME]
    deployment.identities.move_epoch(deployment.alice.user_id)

    newest = deployment.log_in(device_token=again).device_token
    assert tell.users == [USERNAME] * 2
    deployment.log_in(device_token=newest)
    assert tell.users == [USERNAME] * 2


def test_a_device_token_of_a_user_who_is_gone_helps_nobody(deployment: Deployment) -> None:
    """P8: the answer is that of a wrong password, also if the name is free."""
    device = deployment.log_in().device_token
    deployment.store.identities.clear()

    with pytest.raises(InvalidCredentials):
        deployment.log_in(device_token=device)


def test_a_login_without_its_password_renews_no_hash(deployment: Deployment) -> None:
    """The second step of a login has a token in its place. The hash of nothing would lock the user out."""
    user = replace(deployment.alice, password_hash=weak_hash(PASSWORD))
    deployment.store.identities[USERNAME] = with_app(user, deployment.sealing_keys.keys)
    deployment.profiles = WEAK
    deployment.with_second_factor()
    deployment.trouble.fail("renew_hash")
    with pytest.raises(MfaRequired) as asked:
        deployment.log_in()
    deployment.trouble.heal()
    presented = Presented(otp=shown_by_app(deployment.clock() // 1000), mfa_token=asked.value.members["mfa_token"])

    deployment.login(USERNAME, "", POLICY, address=ADDRESS, presented=presented)
    assert deployment.alice.password_hash == user.password_hash
    deployment.clock.advance(seconds=30)
    code = Presented(otp=shown_by_app(deployment.clock() // 1000))
    deployment.login(USERNAME, PASSWORD, POLICY, address=ADDRESS, presented=code)
    assert not needs_rehash(deployment.alice.password_hash)


def test_a_request_names_the_passkeys_that_may_answer(deployment: Deployment) -> None:
    """WebAuthn §5.8.3: with the transports by which a browser reaches them."""
    requests = PasskeyRequests(RP_ID, clock=deployment.clock, entropy=deployment.entropy)
    passkey = PASSKEY._replace(transports=("hybrid", "internal"))

    options = requests.options(deployment.key_ring.keys, (passkey,))
    assert options["allowCredentials"] == [{"type": "public-key", "id": "aWQ", "transports": ["hybrid", "internal"]}]
