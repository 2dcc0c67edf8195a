"""Challenges of passkeys: what is ours, for what, and for how long."""

import hmac
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_auth import base64url
from edge_auth.errors import InvalidGrant
from edge_auth.keys.mac_key import MacKey
from edge_auth.tokens import passkey_challenge, refresh_token
from edge_auth.tokens.passkey_challenge import CHARACTERS, LIFETIME_SECONDS, NoChallenge, Purpose
from edge_auth.tokens.token_form import REFRESH

KEY = MacKey(b"key-1", b"1" * 32)
OTHER_KEY = MacKey(b"key-2", b"2" * 32)
KEYS = {KEY.key_id: KEY, OTHER_KEY.key_id: OTHER_KEY}
NOW = 1_790_000_000
USERS = ("", base64url.encode(b"u" * 16), base64url.encode(b"v" * 16))


def minted(
    purpose: Purpose = Purpose.SIGN_IN, user_id: str = "", *, key: MacKey = KEY, random: bytes = b"r" * 18
) -> str:
    """Return a challenge of this moment."""
    return passkey_challenge.mint(purpose, key, now_seconds=NOW, entropy=lambda _size: random, user_id=user_id)


def refused(text: str, purpose: Purpose = Purpose.SIGN_IN, user_id: str = "", now_seconds: int = NOW) -> None:
    """Check that a text is no challenge for this."""
    with pytest.raises(NoChallenge):
        passkey_challenge.parse(text, KEYS, purpose, now_seconds=now_seconds, user_id=user_id)


@given(st.sampled_from(Purpose), st.sampled_from(USERS), st.binary(min_size=18, max_size=18))
def test_what_is_minted_is_read(purpose: Purpose, user_id: str, random: bytes) -> None:
    """Under each key that is in force, with its id and its end."""
    for key in KEYS.values():
        text = minted(purpose, user_id, key=key, random=random)
        found = passkey_challenge.parse(text, KEYS, purpose, now_seconds=NOW, user_id=user_id)
        assert found == (base64url.encode(random), NOW + 300)
        assert len(text) == CHARACTERS == 80


def test_no_challenge_stands_for_another_purpose_or_user() -> None:
    """SB5: each pair of both has its own."""
    uses = list(product(Purpose, USERS))
    for made_for in uses:
        text = minted(*made_for)
        for use in uses:
            if use != made_for:
                refused(text, *use)


def test_it_ends_after_five_minutes() -> None:
    """By the clock of the reader, to the second."""
    text = minted()
    assert LIFETIME_SECONDS == 300
    assert passkey_challenge.parse(text, KEYS, Purpose.SIGN_IN, now_seconds=NOW + 299)
    refused(text, now_seconds=NOW + 300)


@pytest.mark.parametrize("purpose", ["sign-in", "register"])
@pytest.mark.parametrize("user_id", USERS)
def test_a_challenge_has_the_same_form_in_every_release(purpose: str, user_id: str) -> None:
    """So an update breaks no ceremony that is under way."""
    body = b"\x01key-1" + (NOW + 300).to_bytes(4, "big") + b"r" * 18
    head = f"edge-auth passkey challenge\0{purpose}\0{user_id}\0".encode()

    expected = base64url.encode(body + hmac.digest(KEY.secret, head + body, "sha256"))
    assert minted(Purpose(purpose), user_id) == expected


@pytest.mark.parametrize("version", [0, 2, 255])
def test_another_version_is_refused_even_with_a_right_mac(version: int) -> None:
    """A version names a layout, and only one layout exists."""
    raw = base64url.decode(minted())

    def of_version(number: int) -> str:
        body = bytes([number]) + raw[1:-32]
        return base64url.encode(body + passkey_challenge._mac(KEY, body, Purpose.SIGN_IN, ""))

    assert of_version(1) == minted()
    refused(of_version(version))


def test_every_changed_character_is_refused() -> None:
    """The MAC covers every byte, and each challenge has one spelling."""
    text = minted()
    for position in range(len(text)):
        for other in "AB-~\N{SNOWMAN}":
            if text[position] != other:
                refused(text[:position] + other + text[position + 1 :])


@pytest.mark.parametrize(
    "text", ["", "A" * 80, minted()[:-1], minted() + "A", minted()[:-1] + "=", minted()[:79] + " "]
)
def test_another_form_is_refused(text: str) -> None:
    """Before any key is used."""
    refused(text)


def test_a_key_that_is_not_in_force_makes_none() -> None:
    """Neither an unknown one, nor another secret under a known id."""
    refused(minted(key=MacKey(b"key-3", b"3" * 32)))
    refused(minted(key=MacKey(KEY.key_id, b"x" * 32)))


def test_it_is_no_refresh_token_and_no_refresh_token_is_one() -> None:
    """The same keys make both."""
    with pytest.raises(InvalidGrant):
        refresh_token.parse(minted(), KEYS)
    with pytest.raises(InvalidGrant):
        refresh_token.parse(REFRESH.prefix + minted(), KEYS)
    token = refresh_token.RefreshToken(USERS[1], USERS[2], 0, b"s" * 16)
    refused(refresh_token.mint(token, KEY))
    refused(refresh_token.mint(token, KEY)[-80:])


def test_a_challenge_that_names_no_user_is_for_any() -> None:
    """Whoever signs in is not known yet, and a passkey says it."""
    text = passkey_challenge.mint(Purpose.SIGN_IN, KEY, now_seconds=NOW, entropy=lambda size: b"r" * size)

    for read in (
        passkey_challenge.parse(text, KEYS, Purpose.SIGN_IN, now_seconds=NOW),
        passkey_challenge.parse(text, KEYS, Purpose.SIGN_IN, now_seconds=NOW, user_id=""),
    ):
        assert read.expires_at_seconds == NOW + 300
