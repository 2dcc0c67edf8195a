"""Step-up: a fresh or stronger session in the place of the caller's, and nothing for the tokens of the old one."""

from dataclasses import replace

import pytest

from edge_auth.accounts.identity import DISABLED
from edge_auth.errors import (
    AuthError,
    InsufficientAuthentication,
    InvalidCredentials,
    InvalidGrant,
    InvalidRequest,
    InvalidToken,
    TemporarilyUnavailable,
    TooManyAttempts,
)
from edge_auth.events.security_event import EventName, SecurityEvent
from edge_auth.factor_errors import InvalidOtp
from edge_auth.flows.grant import TokenGrant
from edge_auth.flows.ports.factors import NOTHING, Presented
from edge_auth.flows.ports.sessions import STEPPED_UP
from edge_auth.flows.sessions.logout import Reach
from edge_auth.flows.sign_in.step_up import Holder
from edge_auth.flows.sign_in.step_up_proofs import Proofs
from edge_auth.sessions.client_description import ClientDescription
from edge_auth.sessions.session import BODY, COOKIE, NOTHING_REDEEMED, SeenSession
from edge_auth.tokens import refresh_token
from edge_auth.tokens.ended_feed import entry_of
from tests.support.access_tokens import NOW
from tests.support.deployment import (
    ABSOLUTE_SECONDS,
    ACCESS_SECONDS,
    IDLE_SECONDS,
    MAC_KEY,
    PASSKEY,
    PASSWORD,
    POLICY,
    USERNAME,
    Deployment,
)
from tests.support.fakes.stores import MemorySessions
from tests.support.second_factor import CODES, a_wrong_code, shown_by_app, with_app

CLIENT = ClientDescription("", "app/2.0", "192.0.2.0/24")


@pytest.fixture
def deployment(deployment: Deployment) -> Deployment:
    """Return a deployment with second factors, where alice has none yet."""
    return deployment.with_second_factor()


@pytest.fixture
def old(deployment: Deployment) -> TokenGrant:
    """Return alice's login with one factor, before she had an app."""
    granted = deployment.log_in()
    deployment.store.identities[USERNAME] = with_app(deployment.alice, deployment.sealing_keys.keys)
    deployment.clock.advance(seconds=10_000)
    deployment.names()
    return granted


def stepped_up(
    deployment: Deployment, granted: TokenGrant, presented: Presented = NOTHING, *, password: str = ""
) -> TokenGrant:
    """Step up, and return the new tokens."""
    holder = Holder(deployment.alice.user_id, granted.session_id, granted.refresh_token, BODY, CLIENT)
    return deployment.step_up(holder, Proofs(password, presented)).tokens(POLICY, deployment.entropy)


def code(deployment: Deployment) -> Presented:
    """Return what the app shows."""
    return Presented(otp=shown_by_app(deployment.clock() // 1000))


def refused(
    deployment: Deployment, error: type[AuthError], granted: TokenGrant, presented: Presented, password: str = ""
) -> None:
    """Check that a step-up is refused, and that the old session goes on."""
    before = dict(deployment.store.sessions)
    with pytest.raises(error):
        stepped_up(deployment, granted, presented, password=password)
    assert deployment.store.sessions == before


def test_a_code_opens_a_new_session_in_the_place_of_the_old_one(deployment: Deployment, old: TokenGrant) -> None:
    """SA3: another id, other tokens, the level and the time of the code, and the end of the old session."""
    ends_at = deployment.session_of(old).absolute_expires_at_seconds
    granted = stepped_up(deployment, old, code(deployment))
    claims, session = deployment.claims_of(granted), deployment.session_of(granted)
    assert granted.session_id != old.session_id
    assert granted.device_token == ""
    assert deployment.token_of(granted).seed != deployment.token_of(old).seed
    assert (claims.acr, claims.amr) == ("2fa", ("pwd", "otp", "mfa"))
    assert claims.auth_time == NOW + 10_000
    assert session.absolute_expires_at_seconds == ends_at == NOW + ABSOLUTE_SECONDS
    assert session.created_at_seconds == NOW
    assert (session.generation, session.base, session.client) == (0, -1, CLIENT)
    assert deployment.end_of(old).reason == STEPPED_UP
    assert deployment.session_ids() == [granted.session_id]
    assert deployment.names() == [EventName.SESSION_STEPPED_UP]


def test_the_tokens_of_the_old_session_are_dead_without_an_alarm(deployment: Deployment, old: TokenGrant) -> None:
    """SA3: neither inside the grace window nor after it does one of them get a token."""
    used = old.refresh_token
    newest = deployment.refreshed(used)
    assert stepped_up(deployment, replace(old, refresh_token=newest.refresh_token), code(deployment)).session_id
    deployment.names()
    for seconds in (0, 5, 3600):
        deployment.clock.advance(seconds=seconds)
        for token in (used, newest.refresh_token):
            with pytest.raises(InvalidGrant):
                deployment.refreshed(token)
    assert set(deployment.names()) == {EventName.REFRESH_REFUSED}


def test_a_refresh_of_the_new_session_keeps_level_and_time(deployment: Deployment, old: TokenGrant) -> None:
    """SA6, T9: a refresh makes nothing fresher."""
    granted = stepped_up(deployment, old, code(deployment))
    at = deployment.clock() // 1000
    deployment.clock.advance(seconds=ACCESS_SECONDS)
    claims = deployment.claims_of(deployment.refreshed(granted.refresh_token))
    assert (claims.acr, claims.auth_time) == ("2fa", at)


def test_a_recovery_code_steps_up_once(deployment: Deployment, old: TokenGrant) -> None:
    """SB2: it is taken out in the same write, and recorded with how many are left."""
    granted = stepped_up(deployment, old, Presented(recovery_code=CODES[0]))
    used = SecurityEvent(EventName.RECOVERY_CODE_USED, deployment.alice.user_id, reason=f"{len(CODES) - 1} left")
    assert used in deployment.events
    assert deployment.claims_of(granted).amr == ("pwd", "mfa")
    refused(deployment, InvalidOtp, granted, Presented(recovery_code=CODES[0]))


def test_a_code_steps_one_session_up(deployment: Deployment, old: TokenGrant) -> None:
    """SB1: the step is kept as used, for logins too."""
    granted = stepped_up(deployment, old, code(deployment))
    refused(deployment, InvalidOtp, granted, code(deployment))
    with pytest.raises(InvalidOtp):
        deployment.login(USERNAME, PASSWORD, POLICY, address="203.0.113.9", presented=code(deployment))


def test_a_user_without_a_factor_shows_the_password(deployment: Deployment) -> None:
    """SA6: the login is fresh again, and no stronger."""
    granted = deployment.log_in()
    deployment.clock.advance(seconds=10_000)
    fresh = stepped_up(deployment, granted, password=PASSWORD)
    claims = deployment.claims_of(fresh)
    assert (claims.acr, claims.amr, claims.auth_time) == ("1fa", ("pwd",), NOW + 10_000)
    refused(deployment, InvalidCredentials, fresh, NOTHING, "not the password at all")
    refused(deployment, InvalidRequest, fresh, code(deployment))


def test_the_password_alone_makes_nobody_fresh_who_has_a_factor(deployment: Deployment, old: TokenGrant) -> None:
    """SA6, SA7: fresh means that the strongest factor was shown."""
    refused(deployment, InvalidRequest, old, NOTHING, PASSWORD)
    refused(deployment, InvalidRequest, old, code(deployment), PASSWORD)
    refused(deployment, InvalidRequest, old, NOTHING)
    refused(deployment, InvalidRequest, old, Presented(otp="123456", recovery_code=CODES[0]))
    stepped_up(deployment, old, code(deployment))


@pytest.mark.parametrize(
    ("has_app", "acr", "is_taken"),
    [
        (False, "", True),
        (False, "1fa", True),
        (False, "2fa", False),
        (False, "phr", False),
        (True, "", True),
        (True, "1fa", True),
        (True, "2fa", True),
        (True, "phr", False),
    ],
)
def test_a_step_up_never_makes_a_session_weaker(
    deployment: Deployment, *, has_app: bool, acr: str, is_taken: bool
) -> None:
    """SA3, SA7: the challenge names the login that is needed (RFC 9470 §3). No attempt is counted, and no code used."""
    granted = deployment.log_in()
    if has_app:
        deployment.store.identities[USERNAME] = with_app(deployment.alice, deployment.sealing_keys.keys)
    deployment.change_session(granted, acr=acr)
    shown = (code(deployment), "") if has_app else (NOTHING, PASSWORD)
    if is_taken:
        fresh = stepped_up(deployment, granted, shown[0], password=shown[1])
        assert deployment.claims_of(fresh).acr == ("2fa" if has_app else "1fa")
        return
    user = deployment.alice
    for _ in range(7):
        refused(deployment, InsufficientAuthentication, granted, *shown)
    reason = f"^a step-up reaches {'2fa' if has_app else '1fa'}, and the session has {acr}$"
    with pytest.raises(InsufficientAuthentication, match=reason) as told:
        stepped_up(deployment, granted, shown[0], password=shown[1])
    assert told.value.headers["WWW-Authenticate"].endswith(f'acr_values="{acr}"')
    assert deployment.alice == user
    deployment.change_session(granted, acr="1fa")
    stepped_up(deployment, granted, shown[0], password=shown[1])


def test_guesses_are_counted_before_they_are_compared(deployment: Deployment, old: TokenGrant) -> None:
    """SB7: five are free, and each of them counts on the user too."""
    wrong = Presented(otp=a_wrong_code(deployment.clock() // 1000))
    for _ in range(5):
        refused(deployment, InvalidOtp, old, wrong)
    refused(deployment, TooManyAttempts, old, code(deployment))
    assert deployment.alice.factors is not None
    assert deployment.alice.factors.failures == 5
    deployment.clock.advance(seconds=1)
    stepped_up(deployment, old, code(deployment))


@pytest.mark.parametrize("spoil", ["token", "generation", "session", "transport", "ended", "disabled", "expired"])
def test_only_the_newest_token_of_the_living_session_is_taken(
    deployment: Deployment, old: TokenGrant, spoil: str
) -> None:
    """SA3: an access token alone is not enough, and neither is an older refresh token."""
    token = deployment.token_of(old)
    holder = Holder(token.user_id, token.session_id, old.refresh_token, BODY, CLIENT)
    ahead = refresh_token.mint(token.of_generation(1), MAC_KEY)
    spoiled = {
        "token": holder._replace(token=old.refresh_token[:-1] + "A"),
        "generation": holder._replace(token=ahead),
        "session": holder._replace(session_id="another" + token.session_id[7:]),
        "transport": holder._replace(transport=COOKIE),
    }
    if spoil == "ended":
        deployment.logout(old.refresh_token, Reach.ONE)
    if spoil == "disabled":
        deployment.store.identities[USERNAME] = replace(deployment.alice, status=DISABLED)
    if spoil == "expired":
        deployment.clock.advance(seconds=IDLE_SECONDS)
    with pytest.raises(InvalidToken):
        deployment.step_up(spoiled.get(spoil, holder), Proofs(codes=code(deployment)))
    assert EventName.SESSION_STEPPED_UP not in deployment.names()
    if spoil in spoiled:
        deployment.step_up(holder, Proofs(codes=code(deployment)))


def test_the_token_of_another_session_is_refused_without_a_request(deployment: Deployment, old: TokenGrant) -> None:
    """F39: it is authentic, and says itself that it is another one's."""
    token = deployment.token_of(old)
    other = refresh_token.mint(replace(token, session_id="another" + token.session_id[7:]), MAC_KEY)
    deployment.trouble.acts.clear()

    refused(deployment, InvalidToken, replace(old, refresh_token=other), code(deployment))
    assert deployment.trouble.acts == []


def test_a_refresh_in_between_costs_no_code(deployment: Deployment, old: TokenGrant) -> None:
    """SB9: the whole act is one write, so the client refreshes and tries the same code again."""
    replacement = deployment.session_replacement
    original = replacement.replace
    newest = []

    def refresh_first(*arguments: object, **named: object) -> None:
        newest.append(deployment.refreshed(old.refresh_token))
        original(*arguments, **named)  # type: ignore[arg-type]  # passed through

    replacement.replace = refresh_first  # type: ignore[method-assign]
    with pytest.raises(TemporarilyUnavailable):
        stepped_up(deployment, old, code(deployment))
    replacement.replace = original  # type: ignore[method-assign]
    assert deployment.claims_of(newest[0]).acr == "1fa"
    stepped_up(deployment, replace(old, refresh_token=newest[0].refresh_token), code(deployment))


def test_authorizers_are_told_of_the_old_session(deployment: Deployment, old: TokenGrant) -> None:
    """F44: if that fails, the answer is good all the same: the old access token is a weaker one of the same user."""
    deployment.with_feed()
    granted = stepped_up(deployment, old, code(deployment))
    assert entry_of(old.session_id) in deployment.feed.sids
    deployment.clock.advance(seconds=30)
    deployment.trouble.fail("publish")
    again = stepped_up(deployment, granted, code(deployment))
    assert EventName.REVOCATION_NOT_PUBLISHED in deployment.names()
    assert not deployment.is_dead(again)


def test_an_outage_changes_nothing(deployment: Deployment, old: TokenGrant) -> None:
    """F19: the old session and the code are good as before."""
    deployment.trouble.fail("replace")
    refused(deployment, TemporarilyUnavailable, old, code(deployment))
    deployment.trouble.heal()
    stepped_up(deployment, old, code(deployment))


def test_an_end_of_all_ends_a_session_that_steps_up_at_the_same_moment(deployment: Deployment, old: TokenGrant) -> None:
    """SA3: the epoch has moved before, so it does not stop the step-up, and the new session was not read."""
    find, new = MemorySessions.to_end, list[TokenGrant]()

    def step_up_after_the_read(sessions: MemorySessions, user_id: str) -> list[SeenSession]:
        found = find(sessions, user_id)
        if not new:
            new.append(stepped_up(deployment, old, code(deployment)))
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MemorySessions, "to_end", step_up_after_the_read)
        deployment.identities.move_epoch(deployment.alice.user_id)
        ended = deployment.end_sessions.all(deployment.alice.user_id, reason="password_reset")
    assert ended == 1
    assert deployment.store.sessions == {}
    assert deployment.is_dead(new[0])


def test_the_token_of_the_caller_is_in_no_repr() -> None:
    """No log may hold it, also not by an error of ours."""
    assert repr(Holder("user", "session", "secret", BODY, CLIENT)) == "Holder('user', 'session', ...)"


def test_the_new_session_has_the_rights_of_the_user_now_and_no_trace_of_the_old_tokens(
    deployment: Deployment, old: TokenGrant
) -> None:
    """T9: as a login has. What an earlier rotation left behind belongs to tokens that are dead."""
    named = CLIENT._replace(name="phone")
    deployment.change_session(
        old, rotation_id="r", rotated_at_ms=5, mac_hash=b"m", earlier_mac_hash=b"e", base=7, client=named
    )
    deployment.store.identities[USERNAME] = replace(deployment.alice, scope="now", roles=("now",))

    session = deployment.session_of(stepped_up(deployment, old, code(deployment)))
    assert (session.scope, session.roles) == ("now", ("now",))
    assert (session.rotation_id, session.rotated_at_ms, session.mac_hash, session.earlier_mac_hash) == ("", 0, b"", b"")
    assert (session.base, session.client) == (NOTHING_REDEEMED, named)


def test_a_refused_step_up_is_recorded_with_its_reason(deployment: Deployment, old: TokenGrant) -> None:
    """And so is a feed that does not learn of the old session, with that session."""
    refused(deployment, InvalidOtp, old, Presented(otp=a_wrong_code(deployment.clock() // 1000)))
    [event] = deployment.events
    assert (event.name, event.user_id) == (EventName.STEP_UP_FAILED, deployment.alice.user_id)
    assert event.reason
    deployment.with_feed()
    deployment.trouble.fail("publish")
    stepped_up(deployment, old, code(deployment))
    [told] = [event for event in deployment.events if event.name is EventName.REVOCATION_NOT_PUBLISHED]
    assert (told.session_id, told.reason) == (old.session_id, "injected: publish")


def test_a_password_that_makes_nobody_fresh_is_not_even_counted(deployment: Deployment, old: TokenGrant) -> None:
    """SA7: of a user with an app, or with a passkey alone. It is what the request asks for that is wrong."""
    for user in (deployment.alice, replace(deployment.alice, factors=None, passkeys=(PASSKEY,))):
        deployment.store.identities[USERNAME] = user
        for _ in range(7):
            refused(deployment, InvalidRequest, old, NOTHING, PASSWORD)


def test_step_ups_that_succeed_count_for_nothing(deployment: Deployment, old: TokenGrant) -> None:
    """P11: a user who steps up often does not wait for it."""
    granted = old
    for _ in range(7):
        granted = stepped_up(deployment, granted, code(deployment))
        deployment.clock.advance(seconds=30)
