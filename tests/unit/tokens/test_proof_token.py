"""Proof tokens: what is authentic, and that no other token is one. EDGE_AUTH_EDITS=200000 tries that many edits."""

import hashlib
import hmac
import os
import random
import string
from collections.abc import Callable
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_auth import base64url
from edge_auth.errors import InvalidGrant, InvalidProof
from edge_auth.keys.mac_key import MacKey
from edge_auth.tokens import device_token, proof_token, refresh_token
from edge_auth.tokens.device_token import NoDeviceToken
from edge_auth.tokens.proof_token import BINDING_BYTES, PREFIX, TOKEN_CHARACTERS, Kind, Proof, bound
from edge_auth.tokens.refresh_token import RefreshToken
from tests.support.token_edits import edited

MUTATIONS = int(os.environ.get("EDGE_AUTH_EDITS", "20000"))

KEY = MacKey(b"key-1", b"1" * 32)
OTHER_KEY = MacKey(b"key-2", b"2" * 32)
KEYS = {KEY.key_id: KEY, OTHER_KEY.key_id: OTHER_KEY}
PROOF_ID, USER_ID = base64url.encode(b"p" * 16), base64url.encode(b"u" * 16)
NOW_SECONDS = 2_000_000_000
BINDING = bound(USER_ID, epoch=7, password_hash="$argon2id$salt$hash", email="ada@example.com")
PROOF = Proof(Kind.RESET, PROOF_ID, USER_ID, NOW_SECONDS + 1800, BINDING)


def refused(text: str, kind: Kind = Kind.RESET, *, now_seconds: int = NOW_SECONDS) -> None:
    """Check that a text is no proof of this kind."""
    with pytest.raises(InvalidProof):
        proof_token.parse(text, KEYS, kind, now_seconds=now_seconds)


ID = st.binary(min_size=16, max_size=16).map(base64url.encode)
PROOFS = st.builds(
    Proof,
    st.sampled_from(Kind),
    ID,
    ID,
    st.integers(1, 2**32 - 1),
    st.binary(min_size=BINDING_BYTES, max_size=BINDING_BYTES),
)


@given(PROOFS)
def test_what_is_minted_is_read(proof: Proof) -> None:
    """All parts come back, under each key that is in force, until the last second."""
    for key in KEYS.values():
        text = proof_token.mint(proof, key)
        assert proof_token.parse(text, KEYS, proof.kind, now_seconds=proof.expires_at_seconds - 1) == proof
        assert (len(text), text[: len(PREFIX)]) == (TOKEN_CHARACTERS, "edgeauth_pt_")


def test_the_binding_is_of_everything_that_the_table_has_of_the_user() -> None:
    """SC4, SC5: another epoch, hash, address or state of the factors gives another binding."""
    states = [
        (USER_ID, 7, "$hash", "a@b.example", 0),
        (PROOF_ID, 7, "$hash", "a@b.example", 0),
        (USER_ID, 8, "$hash", "a@b.example", 0),
        (USER_ID, 7, "$hasH", "a@b.example", 0),
        (USER_ID, 7, "$hash", "c@b.example", 0),
        (USER_ID, 7, "$hash", "", 0),
        (USER_ID, 7, "$hash", "a@b.example", 1),
        (USER_ID, 77, "hash", "a@b.example", 0),
        (USER_ID, 7, "$hasha", "@b.example", 0),
    ]
    bindings = {
        bound(user, epoch=epoch, password_hash=text, email=email, factors_version=version)
        for user, epoch, text, email, version in states
    }
    assert len(bindings) == len(states)
    assert {len(binding) for binding in bindings} == {BINDING_BYTES}


def test_a_binding_without_factors_is_the_one_of_version_zero() -> None:
    """A deployment without second factors names no version, and its proofs stay good when the feature is turned on."""
    state = {"epoch": 7, "password_hash": "$argon2id$salt$hash", "email": "ada@example.com"}
    assert bound(USER_ID, **state, factors_version=0) == BINDING  # type: ignore[arg-type]  # of several types


@pytest.mark.parametrize(("of", "wanted"), list(permutations(Kind, 2)))
def test_no_kind_of_proof_is_accepted_in_the_place_of_another(of: Kind, wanted: Kind) -> None:
    """SA2: the kind is covered by the MAC, and each step names the one that it takes."""
    text = proof_token.mint(PROOF._replace(kind=of), KEY)
    refused(text, wanted)
    assert proof_token.parse(text, KEYS, of, now_seconds=NOW_SECONDS).kind is of


def test_the_numbers_of_the_kinds_differ() -> None:
    """Two kinds with one number would be one kind."""
    assert len({proof_token._NUMBERS[kind] for kind in Kind}) == len(Kind)


def test_a_proof_ends_at_its_time() -> None:
    """The last second before it is good, and the time itself is not."""
    text = proof_token.mint(PROOF, KEY)
    assert proof_token.parse(text, KEYS, Kind.RESET, now_seconds=PROOF.expires_at_seconds - 1) == PROOF
    refused(text, now_seconds=PROOF.expires_at_seconds)
    refused(text, now_seconds=PROOF.expires_at_seconds + 1)


@pytest.mark.parametrize(
    ("number", "kind"), [(1, "reset"), (2, "confirm"), (3, "undo"), (4, "mfa"), (5, "enrol"), (6, "passkey")]
)
def test_a_proof_of_an_earlier_release_is_read(number: int, kind: str) -> None:
    """Its form, its MAC, its code and its binding never change, so that an update breaks no link in a mail."""
    parts = (b"edge-auth proof token", USER_ID.encode(), b"7", b"$argon2id$salt$hash", b"ada@example.com", b"0")
    ids, binding = b"p" * 16 + b"u" * 16, hashlib.sha256(b"\0".join(parts)).digest()[:24]
    body = b"\x01key-1" + bytes([number]) + ids + PROOF.expires_at_seconds.to_bytes(4, "big") + binding
    text = "edgeauth_pt_" + base64url.encode(body + hmac.digest(KEY.secret, b"edge-auth proof token" + body, "sha256"))
    proof = PROOF._replace(kind=Kind(kind))

    assert proof_token.parse(text, KEYS, Kind(kind), now_seconds=NOW_SECONDS) == proof
    assert proof_token.mint(proof, KEY) == text
    code = int.from_bytes(hmac.digest(KEY.secret, b"edge-auth proof code" + body, "sha256"), "big") % 100_000_000
    assert proof_token.code(proof, KEY) == f"{code:08}"


@pytest.mark.parametrize("version", [0, 2, 255])
def test_another_version_is_refused_even_with_a_right_mac(version: int) -> None:
    """A version names a layout, and only one layout exists."""
    raw = base64url.decode(proof_token.mint(PROOF, KEY).removeprefix(PREFIX))

    def of_version(number: int) -> str:
        body = bytes([number]) + raw[1:-32]
        return PREFIX + base64url.encode(body + proof_token._mac(KEY, body))

    assert proof_token.parse(of_version(1), KEYS, Kind.RESET, now_seconds=NOW_SECONDS) == PROOF
    refused(of_version(version))


@pytest.mark.parametrize("seconds", [-1, 2**32])
def test_a_time_that_does_not_fit_makes_no_proof(seconds: int) -> None:
    """A time has 32 bits. The first and the last that fit are those of a proof."""
    for fitting in (0, 2**32 - 1):
        assert proof_token.mint(PROOF._replace(expires_at_seconds=fitting), KEY)
    with pytest.raises(ValueError, match="a time 32 bits"):
        proof_token.mint(PROOF._replace(expires_at_seconds=seconds), KEY)


def test_every_changed_character_is_refused() -> None:
    """The MAC covers every byte, and each token has one spelling."""
    text = proof_token.mint(PROOF, KEY)
    for position in range(len(text)):
        for other in "AB-~\N{SNOWMAN}":
            if text[position] != other:
                refused(text[:position] + other + text[position + 1 :])


def test_no_mutated_proof_is_accepted() -> None:
    """SA2: of 20,000 seeded edits of good proofs none is accepted, and none raises anything but InvalidProof."""
    rng = random.Random(2026)  # noqa: S311 - not a secret, a seed to repeat the test with
    good = [
        proof_token.mint(PROOF._replace(kind=kind, expires_at_seconds=NOW_SECONDS + age), key)
        for kind in Kind
        for age in (1, 1800)
        for key in KEYS.values()
    ]
    of_this_kind = {text for text in good if _is_accepted(text)}
    assert len(of_this_kind) == len(good) / len(Kind)
    tried = 0
    while tried < MUTATIONS:
        text = edited(rng, good)
        if text not in of_this_kind:
            refused(text)
            tried += 1


def _is_accepted(text: str) -> bool:
    try:
        proof_token.parse(text, KEYS, Kind.RESET, now_seconds=NOW_SECONDS)
    except InvalidProof:
        return False
    return True


@pytest.mark.parametrize("edit", [lambda text: text[:-1], lambda text: text + "A", lambda text: text + "=", str.upper])
def test_another_length_or_spelling_is_refused(edit: Callable[[str], str]) -> None:
    """A cut, longer or padded text is no token."""
    refused(edit(proof_token.mint(PROOF, KEY)))


@pytest.mark.parametrize("text", ["", PREFIX, PREFIX + "A" * 132, "x" * TOKEN_CHARACTERS, "\ud800", "x" * 9000])
def test_any_other_text_is_refused(text: str) -> None:
    """It never crashes."""
    refused(text)


def test_a_proof_under_an_ended_key_is_refused() -> None:
    """An emergency rotation of the MAC keys ends all proofs too."""
    with pytest.raises(InvalidProof):
        proof_token.parse(
            proof_token.mint(PROOF, KEY), {OTHER_KEY.key_id: OTHER_KEY}, Kind.RESET, now_seconds=NOW_SECONDS
        )


def test_no_other_token_is_accepted_as_a_proof_and_no_proof_as_another_token() -> None:
    """T7, SM9: also if the prefix is exchanged, and the lengths are made the same."""
    proof = proof_token.mint(PROOF, KEY)
    session = refresh_token.mint(RefreshToken(USER_ID, PROOF_ID, 0, b"s" * 16), KEY)
    device = device_token.mint(device_token.bound(USER_ID, PROOF_ID, epoch=7, password_hash=""), KEY, username="ada")
    for text in (session, device):
        longer = (PREFIX + text[len(PREFIX) :] + "A" * TOKEN_CHARACTERS)[:TOKEN_CHARACTERS]
        for one in (text, PREFIX + text[len(PREFIX) :], longer):
            refused(one)
    refresh_form = ("edgeauth_rt_" + proof.removeprefix(PREFIX))[: len(session)]
    with pytest.raises(InvalidGrant):
        refresh_token.parse(refresh_form, KEYS)
    with pytest.raises(NoDeviceToken):
        device_token.parse(("edgeauth_dt_" + proof.removeprefix(PREFIX) + "A" * 4)[: len(device)], KEYS, username="ada")


def test_the_mac_is_of_another_domain_than_those_of_other_tokens() -> None:
    """T7: a MAC over the same bytes, as another token or a code has it, is none of a proof."""
    raw = base64url.decode(proof_token.mint(PROOF, KEY).removeprefix(PREFIX))
    body = raw[:-32]
    for mac in (
        refresh_token._mac(KEY, body),
        device_token._mac(KEY, body, ""),
        refresh_token._mac(KEY, proof_token._CODE_DOMAIN + body),
    ):
        refused(PREFIX + base64url.encode(body + mac))
    own = PREFIX + base64url.encode(body + proof_token._mac(KEY, body))
    assert proof_token.parse(own, KEYS, Kind.RESET, now_seconds=NOW_SECONDS) == PROOF


@given(PROOFS)
def test_a_code_has_eight_digits(proof: Proof) -> None:
    """SM1: leading zeros are kept, because people copy what they see."""
    code = proof_token.code(proof, KEY)
    assert len(code) == 8
    assert set(code) <= set(string.digits)
    assert proof_token.code(proof, KEY) == code


def test_each_part_of_a_proof_changes_its_code() -> None:
    """SB8: the code of one challenge is none of another one, also of the same user, and of another key."""
    others = [
        PROOF,
        PROOF._replace(kind=Kind.CONFIRM),
        PROOF._replace(proof_id=USER_ID),
        PROOF._replace(user_id=PROOF_ID),
        PROOF._replace(expires_at_seconds=PROOF.expires_at_seconds + 1),
        PROOF._replace(binding=b"b" * BINDING_BYTES),
    ]
    codes = [proof_token.code(proof, KEY) for proof in others] + [proof_token.code(PROOF, OTHER_KEY)]
    assert len(set(codes)) == len(codes)


def test_codes_are_spread_evenly() -> None:
    """5 guesses of 10^8 codes: each first digit is as likely as another one."""
    counts = dict.fromkeys(string.digits, 0)
    for number in range(5000):
        proof = PROOF._replace(proof_id=base64url.encode(number.to_bytes(16)))
        counts[proof_token.code(proof, KEY)[0]] += 1
    assert all(400 < count < 600 for count in counts.values())  # 500 ± 4.7 standard deviations


@pytest.mark.parametrize(
    "proof",
    [
        PROOF._replace(binding=b"short"),
        PROOF._replace(expires_at_seconds=2**32),
        PROOF._replace(expires_at_seconds=-1),
        PROOF._replace(user_id="adaa"),
    ],
)
def test_a_proof_without_its_form_is_not_written(proof: Proof) -> None:
    """A part of another size would move the borders of the others under the MAC."""
    for write in (proof_token.mint, proof_token.code):
        with pytest.raises(ValueError, match="bytes"):
            write(proof, KEY)
