"""Step-up with a passkey: the strongest login, whose challenge is answered once."""

from dataclasses import replace

import pytest

from edge_auth.accounts.passkey import RegisteredPasskey
from edge_auth.errors import InvalidRequest, InvalidToken, TooManyAttempts
from edge_auth.events.security_event import EventName, SecurityEvent
from edge_auth.flows.grant import TokenGrant
from edge_auth.flows.ports.factors import Presented
from edge_auth.flows.sign_in.passkey_check import PresentedPasskey
from edge_auth.flows.sign_in.passkey_request import PasskeyRequests
from edge_auth.flows.sign_in.signed_in import SignedIn
from edge_auth.flows.sign_in.step_up import Holder
from edge_auth.flows.sign_in.step_up_proofs import Proofs
from edge_auth.passkey_errors import InvalidPasskey
from edge_auth.sessions.client_description import UNKNOWN_CLIENT
from edge_auth.sessions.session import BODY
from edge_auth.tokens.refresh_token import mint
from edge_auth.tokens.token_form import id_bytes
from tests.support.access_tokens import NOW
from tests.support.deployment import MAC_KEY, USERNAME, Deployment
from tests.support.software_passkeys import RP_ID, Ceremony, private_key

ALICE = "QWxpY2UncyB1c2VyIGlkIA"
PHONE = Ceremony(private_key("ES256"), user_handle=id_bytes(ALICE))


@pytest.fixture
def old(deployment: Deployment) -> TokenGrant:
    """Return alice's login with her password, from before she had a passkey."""
    granted = deployment.with_second_factor().log_in()
    stored = RegisteredPasskey(*PHONE.passkey(), name="phone", created_at_seconds=NOW)
    deployment.store.identities[USERNAME] = replace(deployment.alice, passkeys=(stored,))
    deployment.names()
    return granted


def shown(deployment: Deployment, ceremony: Ceremony = PHONE) -> PresentedPasskey:
    """Return what a passkey has signed for a fresh challenge."""
    requests = PasskeyRequests(RP_ID, clock=deployment.clock, entropy=deployment.entropy)
    challenge = str(requests.options(deployment.key_ring.keys)["challenge"])
    return PresentedPasskey(ceremony.credential_id, ceremony.edited(challenge=challenge).assertion())


def stepped_up(deployment: Deployment, granted: TokenGrant, passkey: PresentedPasskey) -> SignedIn:
    """Step up."""
    holder = Holder(ALICE, granted.session_id, granted.refresh_token, BODY, UNKNOWN_CLIENT)
    return deployment.step_up(holder, Proofs(passkey=passkey))


def test_a_passkey_makes_the_login_one_that_cannot_be_phished(deployment: Deployment, old: TokenGrant) -> None:
    """The methods of both requests are kept (RFC 8176 §2), and the use of the passkey is stored."""
    deployment.clock.advance(seconds=60)
    fresh = stepped_up(deployment, old, shown(deployment))

    assert (fresh.session.acr, fresh.session.amr) == ("phr", ("pwd", "hwk", "user", "mfa"))
    assert deployment.session_ids() == [fresh.session.session_id]
    assert deployment.alice.passkeys[0].used_at_seconds == NOW + 60
    event = SecurityEvent(EventName.SESSION_STEPPED_UP, ALICE, fresh.session.session_id, reason="phr")
    assert deployment.events == [event]


def test_a_challenge_steps_one_session_up(deployment: Deployment, old: TokenGrant) -> None:
    """SB5: a replayed answer is refused and recorded, and the session stays as it is."""
    passkey = shown(deployment)
    fresh = stepped_up(deployment, old, passkey)
    deployment.names()
    other = replace(old, session_id=fresh.session.session_id, refresh_token=mint(fresh.token, MAC_KEY))

    with pytest.raises(InvalidPasskey):
        stepped_up(deployment, other, passkey)
    reason = "passkey: the challenge was spent before"
    assert deployment.events == [SecurityEvent(EventName.STEP_UP_FAILED, ALICE, reason=reason)]
    assert deployment.session_ids() == [other.session_id]


def test_a_passkey_that_is_not_accepted_is_recorded_as_a_failed_step_up(
    deployment: Deployment, old: TokenGrant
) -> None:
    """Not as a failed login. Nothing is replaced."""
    with pytest.raises(InvalidPasskey):
        stepped_up(deployment, old, shown(deployment, PHONE.edited(key=private_key("ES256", 7))))
    assert deployment.names() == [EventName.STEP_UP_FAILED]
    assert deployment.session_ids() == [old.session_id]


def test_too_many_passkeys_of_a_user_wait(deployment: Deployment, old: TokenGrant) -> None:
    """P13: 100 at once. The bound is the user's, because the caller is known."""
    wrong = PHONE.edited(credential_id=b"unknown")
    for _ in range(100):
        with pytest.raises(InvalidPasskey):
            stepped_up(deployment, old, shown(deployment, wrong))
    with pytest.raises(TooManyAttempts):
        stepped_up(deployment, old, shown(deployment))
    deployment.clock.advance(seconds=1)
    stepped_up(deployment, old, shown(deployment))


def test_a_passkey_is_taken_of_a_user_who_has_one(deployment: Deployment, old: TokenGrant) -> None:
    """Where passkeys are off, or the user has none, the request asks for something else than is there."""
    passkey = shown(deployment)
    step_up = deployment.step_up
    step_up._check._passkeys = None
    holder = Holder(ALICE, old.session_id, old.refresh_token, BODY, UNKNOWN_CLIENT)
    with pytest.raises(InvalidRequest):
        step_up(holder, Proofs(passkey=passkey))
    deployment.store.identities[USERNAME] = replace(deployment.alice, passkeys=())
    with pytest.raises(InvalidRequest):
        stepped_up(deployment, old, passkey)


def test_one_proof_is_shown(deployment: Deployment, old: TokenGrant) -> None:
    """A passkey beside a password would leave open which of both counts."""
    holder = Holder(ALICE, old.session_id, old.refresh_token, BODY, UNKNOWN_CLIENT)

    with pytest.raises(InvalidRequest):
        deployment.step_up(holder, Proofs("any password", passkey=shown(deployment)))


def test_a_user_who_is_gone_has_no_session_to_step_up(deployment: Deployment, old: TokenGrant) -> None:
    """F18: a session may outlive its user for a moment."""
    passkey = shown(deployment)
    deployment.store.identities.clear()

    with pytest.raises(InvalidToken, match=r"^the user is gone$"):
        stepped_up(deployment, old, passkey)


def test_a_site_gets_the_token_of_its_cookie(deployment: Deployment, old: TokenGrant) -> None:
    """With the seconds until the absolute timeout, and without an access token."""
    deployment.clock.advance(seconds=60)
    fresh = stepped_up(deployment, old, shown(deployment))

    granted = fresh.at_site()
    assert granted.session_id == fresh.session.session_id
    assert granted.expires_in_seconds == fresh.session.absolute_expires_at_seconds - NOW - 60


def test_a_token_of_a_second_step_is_no_proof_for_a_step_up() -> None:
    """Whoever has a session shows a factor again. None of it is printed (L4)."""
    with pytest.raises(InvalidRequest):
        _ = Proofs(codes=Presented(mfa_token="edgeauth_mfa_x")).acr
    assert repr(Proofs("secret", Presented("123456"))) == "Proofs(...)"
