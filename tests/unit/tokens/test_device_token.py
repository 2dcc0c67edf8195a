"""Device tokens: what is authentic, and that no other token is one."""

import hashlib
import hmac
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_auth import base64url
from edge_auth.errors import InvalidGrant
from edge_auth.keys.mac_key import MacKey
from edge_auth.tokens import device_token, refresh_token
from edge_auth.tokens.device_token import PREFIX, TOKEN_CHARACTERS, DeviceToken, NoDeviceToken, bound
from edge_auth.tokens.refresh_token import RefreshToken
from edge_auth.tokens.token_form import REFRESH

KEY = MacKey(b"key-1", b"1" * 32)
OTHER_KEY = MacKey(b"key-2", b"2" * 32)
KEYS = {KEY.key_id: KEY, OTHER_KEY.key_id: OTHER_KEY}
NAME = "alice"
USER_ID, DEVICE_ID = base64url.encode(b"u" * 16), base64url.encode(b"d" * 16)
DEVICE = bound(USER_ID, DEVICE_ID, epoch=7, password_hash="$argon2id$salt$hash")


def refused(text: str) -> None:
    """Check that a text is no device token."""
    with pytest.raises(NoDeviceToken):
        device_token.parse(text, KEYS, username=NAME)


ID = st.binary(min_size=16, max_size=16).map(base64url.encode)


@given(ID, ID, st.binary(min_size=32, max_size=32), st.text(st.characters(codec="utf-8"), min_size=1))
def test_what_is_minted_is_read(user_id: str, device_id: str, binding: bytes, name: str) -> None:
    """User, device and binding come back, under each key that is in force, for the same name."""
    token = DeviceToken(user_id, device_id, binding)
    for key in KEYS.values():
        text = device_token.mint(token, key, username=name)
        assert device_token.parse(text, KEYS, username=name) == token
        assert (len(text), text[: len(PREFIX)]) == (TOKEN_CHARACTERS, "edgeauth_dt_")


def test_the_binding_is_of_everything_that_the_table_has_of_the_user() -> None:
    """Another user, device, epoch or hash gives another binding, and no two of them can be exchanged."""
    states = [
        (USER_ID, DEVICE_ID, 7, "$hash"),
        (DEVICE_ID, DEVICE_ID, 7, "$hash"),
        (USER_ID, USER_ID, 7, "$hash"),
        (USER_ID, DEVICE_ID, 8, "$hash"),
        (USER_ID, DEVICE_ID, 7, "$hasH"),
        (USER_ID, DEVICE_ID, 77, "hash"),
        (USER_ID, DEVICE_ID, 7, ""),
    ]
    bindings = {bound(user, device, epoch=epoch, password_hash=text).binding for user, device, epoch, text in states}
    assert len(bindings) == len(states)
    assert {len(binding) for binding in bindings} == {32}


def test_a_token_of_an_earlier_release_is_read() -> None:
    """Its form, its MAC and its binding never change, so that no update makes users wait who have one."""
    state = b"\0".join((b"edge-auth device token", USER_ID.encode(), DEVICE_ID.encode(), b"7", b"$argon2id$salt$hash"))
    body = b"\x01key-1" + b"u" * 16 + b"d" * 16 + hashlib.sha256(state).digest()
    mac = hmac.digest(KEY.secret, b"edge-auth device token" + body + b"alice", "sha256")
    text = "edgeauth_dt_" + base64url.encode(body + mac)

    assert device_token.parse(text, KEYS, username=NAME) == DEVICE
    assert device_token.mint(DEVICE, KEY, username=NAME) == text


@pytest.mark.parametrize("version", [0, 2, 255])
def test_another_version_is_refused_even_with_a_right_mac(version: int) -> None:
    """A version names a layout, and only one layout exists."""
    raw = base64url.decode(device_token.mint(DEVICE, KEY, username=NAME).removeprefix(PREFIX))

    def of_version(number: int) -> str:
        body = bytes([number]) + raw[1:-32]
        return PREFIX + base64url.encode(body + device_token._mac(KEY, body, NAME))

    assert device_token.parse(of_version(1), KEYS, username=NAME) == DEVICE
    refused(of_version(version))


def test_every_changed_character_is_refused() -> None:
    """The MAC covers every byte, and each token has one spelling."""
    text = device_token.mint(DEVICE, KEY, username=NAME)
    for position in range(len(text)):
        for other in "AB-~\N{SNOWMAN}":
            if text[position] != other:
                refused(text[:position] + other + text[position + 1 :])


@pytest.mark.parametrize("edit", [lambda text: text[:-1], lambda text: text + "A", lambda text: text + "=", str.upper])
def test_another_length_or_spelling_is_refused(edit: Callable[[str], str]) -> None:
    """A cut, longer or padded text is no token."""
    refused(edit(device_token.mint(DEVICE, KEY, username=NAME)))


@pytest.mark.parametrize("name", ["alic", "alicea", "Alice", "alice\0", "\0alice", "bob", ""])
def test_a_token_for_another_name_is_refused(name: str) -> None:
    """P8: it is refused without a call, so its holder learns nothing about the user of that name."""
    with pytest.raises(NoDeviceToken):
        device_token.parse(device_token.mint(DEVICE, KEY, username=NAME), KEYS, username=name)


def test_a_token_under_an_ended_key_is_refused() -> None:
    """It lives as long as the MAC key that was current at the login."""
    with pytest.raises(NoDeviceToken):
        device_token.parse(device_token.mint(DEVICE, KEY, username=NAME), {OTHER_KEY.key_id: OTHER_KEY}, username=NAME)


def test_no_kind_of_token_is_accepted_in_the_place_of_the_other() -> None:
    """T7: also if the prefix is exchanged, and the lengths were the same."""
    session = RefreshToken(USER_ID, DEVICE_ID, 0, b"s" * 16)
    refresh = refresh_token.mint(session, KEY)
    device = device_token.mint(DEVICE, KEY, username=NAME)
    for text in (refresh, refresh.replace("_rt_", "_dt_"), refresh.replace("_rt_", "_dt_") + "A" * 16):
        refused(text)
    shorter = device.replace("_dt_", "_rt_")[: REFRESH.characters]
    for text in (device, device.replace("_dt_", "_rt_"), shorter):
        with pytest.raises(InvalidGrant):
            refresh_token.parse(text, KEYS)


def test_the_mac_is_of_another_domain_than_that_of_refresh_tokens() -> None:
    """T7: a MAC over the bytes alone, as a refresh token has it, is none of a device token."""
    raw = base64url.decode(device_token.mint(DEVICE, KEY, username=NAME).removeprefix(PREFIX))
    body = raw[:-32]
    refused(PREFIX + base64url.encode(body + refresh_token._mac(KEY, body)))
    refused(PREFIX + base64url.encode(body + refresh_token._mac(KEY, body + NAME.encode())))
    own = PREFIX + base64url.encode(body + device_token._mac(KEY, body, NAME))
    assert device_token.parse(own, KEYS, username=NAME) == DEVICE


@pytest.mark.parametrize("text", ["", PREFIX, PREFIX + "A" * 136, "x" * TOKEN_CHARACTERS, "\ud800", "x" * 9000])
def test_any_other_text_is_refused(text: str) -> None:
    """It never crashes."""
    refused(text)
