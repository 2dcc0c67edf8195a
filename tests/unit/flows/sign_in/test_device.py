"""A login with a device token: whose it must be, what it changes, and what strangers learn from it: nothing."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from edge_auth.accounts.identity import DISABLED, Identity
from edge_auth.errors import InvalidCredentials, TooManyAttempts
from edge_auth.flows.accounts.administration import Administration
from edge_auth.flows.grant import TokenGrant
from edge_auth.flows.sessions.logout import Reach
from edge_auth.keys.mac_key import MacKey
from edge_auth.throttling.limits import PASSWORD_BACKOFF, SOURCE_RATE
from edge_auth.tokens import device_token
from edge_auth.tokens.device_token import DeviceToken
from tests.support.deployment import ADDRESS, MAC_KEY, PASSWORD, POLICY, USERNAME, Deployment
from tests.unit.credentials.test_passwords import WEAK, weak_hash

WRONG_PASSWORD = "incorrect horse battery"
FREE = PASSWORD_BACKOFF.free_attempts
OF_A_STRANGER = ["book", "count", "find_identity", "fail"]
OF_A_DEVICE = ["find_identity", "book", "count", "fail"]


@pytest.fixture
def own(deployment: Deployment) -> TokenGrant:
    """Return the grant of alice's login on her phone."""
    return deployment.log_in()


@pytest.fixture
def mallory(deployment: Deployment) -> TokenGrant:
    """Return the grant of another user."""
    alice = deployment.store.identities[USERNAME]
    deployment.store.identities["mallory"] = replace(alice, username="mallory", user_id="TWFsbG9yeSdzIHVzZXIgaQ")
    return deployment.log_in("mallory")


def device_of(deployment: Deployment, granted: TokenGrant) -> DeviceToken:
    """Read a device token of alice."""
    return device_token.parse(granted.device_token, deployment.key_ring.keys.mac_keys, username=USERNAME)


def fails(deployment: Deployment, device: str = "", username: str = USERNAME, address: str = "192.0.2.1") -> list[str]:
    """Log in with a wrong password, and return the acts that it took.

    Two acts of a stranger's attempt are side by side: to count it and to read the user. They come in this order.
    """
    began = len(deployment.trouble.acts)
    with pytest.raises(InvalidCredentials):
        deployment.log_in(username, WRONG_PASSWORD, address, device)
    acts = deployment.trouble.acts[began:]
    return [*acts[:1], *sorted(acts[1:3]), *acts[3:]] if acts[0] == "book" else acts


def lock(deployment: Deployment, username: str = USERNAME) -> None:
    """Guess until strangers have to wait."""
    for _ in range(FREE):
        fails(deployment, username=username)
    with pytest.raises(TooManyAttempts):
        deployment.log_in(username)


def test_a_login_hands_out_a_token_of_its_user(deployment: Deployment, own: TokenGrant) -> None:
    """It is for one user, with this epoch and this password. A grant in a log line shows none of it (L4)."""
    alice = deployment.store.identities[USERNAME]
    device = device_of(deployment, own)
    assert device == device_token.bound(
        alice.user_id, device.device_id, epoch=alice.epoch, password_hash=alice.password_hash
    )
    assert own.device_token not in repr(own)
    assert deployment.refreshed(own.refresh_token).device_token == ""


def test_the_owner_is_let_in_while_strangers_have_to_wait(deployment: Deployment, own: TokenGrant) -> None:
    """P11: from any address, as often as the owner likes, and strangers see no difference."""
    lock(deployment)
    for number in range(20):
        assert deployment.log_in(address=f"198.51.100.{number}", device_token=own.device_token).session_id
    with pytest.raises(TooManyAttempts) as waits:
        deployment.log_in()
    assert waits.value.retry_after_seconds == 1


def test_the_owner_passes_a_source_that_is_used_up(deployment: Deployment, own: TokenGrant) -> None:
    """P13: a device has a rate of its own, instead of that of its address."""
    for number in range(SOURCE_RATE.burst - 1):
        fails(deployment, username=f"u{number}", address="203.0.113.7")
    with pytest.raises(TooManyAttempts):
        deployment.log_in()
    for _ in range(SOURCE_RATE.burst):
        deployment.log_in(device_token=own.device_token)
    with pytest.raises(TooManyAttempts):
        deployment.log_in(device_token=own.device_token)


def test_a_device_keeps_its_id_and_gets_its_token_anew(deployment: Deployment, own: TokenGrant) -> None:
    """Each login makes the token anew under the current MAC key, so it lives on."""
    device = device_of(deployment, own)
    newer = MacKey(b"mac-2", b"2" * 32)
    keys = deployment.key_ring.keys
    deployment.key_ring.keys = replace(keys, mac=newer, mac_keys={**keys.mac_keys, newer.key_id: newer})
    again = deployment.log_in(device_token=own.device_token)
    assert device_of(deployment, again) == device
    assert again.device_token != own.device_token
    deployment.key_ring.keys = replace(keys, mac=newer, mac_keys={newer.key_id: newer})
    lock(deployment)
    assert device_of(deployment, deployment.log_in(device_token=again.device_token)) == device
    with pytest.raises(TooManyAttempts):
        deployment.log_in(device_token=own.device_token)


def test_every_login_without_a_token_is_another_device(deployment: Deployment, own: TokenGrant) -> None:
    """So devices do not share a counter."""
    assert device_of(deployment, deployment.log_in()).device_id != device_of(deployment, own).device_id


def test_a_thief_of_a_token_has_to_wait_as_long_as_a_stranger(deployment: Deployment, own: TokenGrant) -> None:
    """P11: the token gives as many guesses again and no more, and its owner may still try as a stranger."""
    for _ in range(FREE):
        assert fails(deployment, own.device_token) == OF_A_DEVICE
    assert fails(deployment, own.device_token)[-3:] == ["book", "count", "fail"]
    assert deployment.log_in(device_token=own.device_token).session_id
    for _ in range(FREE - 1):
        fails(deployment, own.device_token)
    with pytest.raises(TooManyAttempts):
        deployment.log_in(device_token=own.device_token)


def disable_and_enable(accounts: Administration) -> None:
    """Disable alice and enable her again."""
    accounts.disable(accounts.find(USERNAME))
    accounts.enable(accounts.find(USERNAME))


ENDS: dict[str, Callable[[Deployment, TokenGrant], object]] = {
    "a new password": lambda deployment, _own: deployment.administration.set_password(deployment.alice, PASSWORD),
    "a logout of all": lambda deployment, own: deployment.logout(own.refresh_token, Reach.ALL),
    "disabled and enabled": lambda deployment, _own: disable_and_enable(deployment.administration),
}


@pytest.mark.parametrize("end", ENDS)
def test_a_token_ends_with_the_epoch(deployment: Deployment, own: TokenGrant, end: str) -> None:
    """What ends all sessions ends all device tokens: then this client counts as a stranger."""
    ENDS[end](deployment, own)
    assert fails(deployment, own.device_token) == ["find_identity", "book", "count", "fail"]
    assert device_of(deployment, deployment.log_in(device_token=own.device_token)).device_id != (
        device_of(deployment, own).device_id
    )
    lock_but_one(deployment)
    with pytest.raises(TooManyAttempts):
        deployment.log_in(device_token=own.device_token)


def lock_but_one(deployment: Deployment) -> None:
    """Guess until strangers have to wait, after one failure."""
    for _ in range(FREE - 1):
        fails(deployment)


def under_an_unknown_key(token: str) -> str:
    """Return a device token like this one, under a key that is in no ring."""
    device = device_token.parse(token, {MAC_KEY.key_id: MAC_KEY}, username=USERNAME)
    return device_token.mint(device, MacKey(b"mac-9", b"9" * 32), username=USERNAME)


ODD: dict[str, Callable[[str], str]] = {
    "malformed": lambda _token: "x" * 3000,
    "a lone surrogate": lambda _token: "\ud800",
    "forged": lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"),
    "of an unknown key": under_an_unknown_key,
}


@pytest.mark.parametrize("kind", ODD)
def test_any_other_text_counts_as_no_token(deployment: Deployment, own: TokenGrant, kind: str) -> None:
    """It is no error, costs no call, and helps no stranger."""
    text = ODD[kind](own.device_token)
    assert fails(deployment, text) == OF_A_STRANGER
    assert deployment.log_in(device_token=text).device_token
    lock_but_one(deployment)
    with pytest.raises(TooManyAttempts):
        deployment.log_in(device_token=text)


def test_a_leaked_mac_key_makes_no_token_of_a_user(deployment: Deployment, own: TokenGrant) -> None:
    """The attacker knows user id and epoch, and may choose the device. What is missing is the hash in the table."""
    alice = deployment.store.identities[USERNAME]
    made = device_token.bound(alice.user_id, "A" * 22, epoch=alice.epoch, password_hash="")
    stolen = device_of(deployment, own)._replace(device_id="A" * 22)
    for device in (made, stolen):
        text = device_token.mint(device, MAC_KEY, username=USERNAME)
        assert fails(deployment, text) == ["find_identity", "book", "count", "fail"]
    for _ in range(FREE - 2):
        fails(deployment)
    with pytest.raises(TooManyAttempts):
        deployment.log_in(device_token=device_token.mint(stolen, MAC_KEY, username=USERNAME))
    deployment.log_in(device_token=own.device_token)


def test_a_login_that_renews_the_hash_hands_out_a_token_of_the_new_one(deployment: Deployment) -> None:
    """P6: the client stays a device of its user. Other devices of the user are strangers once."""
    other = deployment.log_in()
    alice = deployment.store.identities[USERNAME]
    deployment.store.identities[USERNAME] = replace(alice, password_hash=weak_hash(PASSWORD))
    deployment.profiles = WEAK
    own = deployment.log_in()
    assert fails(deployment, own.device_token) == OF_A_DEVICE
    lock(deployment)
    deployment.log_in(device_token=own.device_token)
    with pytest.raises(TooManyAttempts):
        deployment.log_in(device_token=other.device_token)


def test_a_login_whose_renewal_comes_second_hands_out_a_token_of_the_hash_that_stands(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P6: two logins renew a weak hash at the same moment, and the clients of both stay devices of their user."""
    alice = deployment.store.identities[USERNAME]
    deployment.store.identities[USERNAME] = replace(alice, password_hash=weak_hash(PASSWORD))
    deployment.profiles = WEAK
    found, first = deployment.identities.find, list[TokenGrant]()

    def found_then_renewed(username: str) -> Identity:
        identity = found(username)
        monkeypatch.setattr(deployment.identities, "find", found)
        first.append(deployment.log_in())
        return identity

    monkeypatch.setattr(deployment.identities, "find", found_then_renewed)
    second = deployment.log_in()
    assert [fails(deployment, granted.device_token) for granted in (*first, second)] == [OF_A_DEVICE] * 2
    lock(deployment)
    for granted in (*first, second):
        deployment.log_in(device_token=granted.device_token)


@pytest.mark.parametrize("change", ["password", "user"])
def test_a_renewal_after_a_new_password_hands_out_no_token_of_it(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """P11: a client that knew only the old password, or was of another user of the name, is a stranger."""
    alice = deployment.store.identities[USERNAME]
    deployment.store.identities[USERNAME] = replace(alice, password_hash=weak_hash(PASSWORD))
    deployment.profiles = WEAK
    opened = deployment.session_opening.open

    def opened_then_changed(*arguments: object, **named: object) -> None:
        opened(*arguments, **named)  # type: ignore[arg-type]  # passed through
        if change == "user":
            deployment.administration.delete(deployment.store.identities[USERNAME])
            deployment.administration.create(USERNAME, PASSWORD)
        else:
            deployment.administration.set_password(deployment.store.identities[USERNAME], f"{PASSWORD} anew")

    monkeypatch.setattr(deployment.session_opening, "open", opened_then_changed)
    old = deployment.log_in()
    lock(deployment)
    with pytest.raises(TooManyAttempts):
        deployment.log_in(device_token=old.device_token)


def test_the_token_of_another_user_counts_as_no_token(
    deployment: Deployment, own: TokenGrant, mallory: TokenGrant
) -> None:
    """P8: with it an attempt costs the same for a user who exists, one who does not, and one who is disabled."""
    alice: Identity = deployment.store.identities[USERNAME]
    deployment.store.identities["bob"] = replace(
        alice, username="bob", user_id="Qm9iJ3MgdXNlciBpZCAuLg", status=DISABLED
    )
    costs = [fails(deployment, mallory.device_token, username) for username in (USERNAME, "nobody", "bob")]
    assert costs == [OF_A_STRANGER] * 3
    lock_but_one(deployment)
    with pytest.raises(TooManyAttempts):
        deployment.log_in(device_token=mallory.device_token)
    deployment.log_in(device_token=own.device_token)


@pytest.mark.parametrize("name", [USERNAME, "nobody"])
def test_no_user_is_read_for_a_source_that_has_to_wait_with_the_token_of_another(
    deployment: Deployment, mallory: TokenGrant, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P8: a throttled attempt makes the same calls as without a token, and an address over its rate makes none."""
    monkeypatch.setattr(deployment.clock, "pause", lambda _seconds: None)  # while a clock moves on, the rate recovers
    login, acts = deployment.login, deployment.trouble.acts
    lock(deployment, name)

    def throttled(device: str) -> list[str]:
        began = len(acts)
        with pytest.raises(TooManyAttempts):
            login(name, WRONG_PASSWORD, POLICY, address="192.0.2.2", device_token=device)
        return sorted(acts[began:])

    costs = [throttled(device) for device in ["", mallory.device_token] * (SOURCE_RATE.burst // 2)]
    assert costs == [["book", "count", "find_identity"]] * SOURCE_RATE.burst
    assert throttled("") == ["book"]
    assert throttled(mallory.device_token) == []


def test_a_token_replaces_no_password(deployment: Deployment, own: TokenGrant) -> None:
    """Its holder still needs the password, and it opens no session by itself."""
    sessions = dict(deployment.store.sessions)
    fails(deployment, own.device_token)
    assert deployment.store.sessions == sessions


def test_a_user_with_the_name_of_a_deleted_one_gets_none_of_its_devices(
    deployment: Deployment, own: TokenGrant
) -> None:
    """The token names the user by the id, which no other user ever has."""
    deployment.administration.delete(deployment.alice)
    deployment.administration.create(USERNAME, PASSWORD)
    lock(deployment)
    with pytest.raises(TooManyAttempts):
        deployment.log_in(device_token=own.device_token)


def test_the_devices_of_a_user_do_not_wait_for_each_other(deployment: Deployment, own: TokenGrant) -> None:
    """Mistakes on the phone do not make the laptop wait."""
    laptop = deployment.log_in()
    for _ in range(FREE):
        fails(deployment, own.device_token)
    assert fails(deployment, laptop.device_token) == OF_A_DEVICE


def test_a_token_is_no_refresh_token(deployment: Deployment, own: TokenGrant) -> None:
    """T7: it neither refreshes nor ends a session."""
    assert deployment.is_dead(replace(own, refresh_token=own.device_token))
    deployment.logout(own.device_token, Reach.ALL)
    deployment.clock.advance(seconds=60)
    assert not deployment.is_dead(own)


def test_a_site_gets_a_device_token_too(deployment: Deployment) -> None:
    """Otherwise strangers could make the users of a site wait."""
    cookies = deployment.login.at_site(USERNAME, PASSWORD, address=ADDRESS)

    assert device_token.parse(cookies.device_token, deployment.key_ring.keys.mac_keys, username=USERNAME)
