"""Refresh tokens: their form, their MAC, and what the table keeps of them."""

import hashlib
import hmac
import random
import string
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_auth import base64url
from edge_auth.errors import InvalidGrant
from edge_auth.keys.mac_key import MAC_KEY_ID_BYTES, MacKey
from edge_auth.tokens.refresh_token import RefreshToken, is_id, mint, new_id, parse
from edge_auth.tokens.token_form import KEY_ID_BYTES, MAX_GENERATION, REFRESH, SESSION

KEY = MacKey(b"mac-2", b"2" * 32)
PREVIOUS_KEY = MacKey(b"mac-1", b"1" * 32)
KEYS = {key.key_id: key for key in (KEY, PREVIOUS_KEY)}
USER_ID, SESSION_ID = base64url.encode(b"\x0f" * 16), base64url.encode(b"\xa1" * 16)
TOKEN = RefreshToken(user_id=USER_ID, session_id=SESSION_ID, generation=7, seed=b"seed" * 4)

refresh_tokens = st.builds(
    RefreshToken,
    user_id=st.binary(min_size=16, max_size=16).map(base64url.encode),
    session_id=st.binary(min_size=16, max_size=16).map(base64url.encode),
    generation=st.integers(min_value=0, max_value=MAX_GENERATION - 1),
    seed=st.binary(min_size=16, max_size=16),
)


def body_of(text: str) -> bytes:
    """Return the bytes that a token encodes."""
    return base64url.decode(text.removeprefix(REFRESH.prefix))


def spelt(body: bytes, key: MacKey = KEY) -> str:
    """Return the token with this body and the right MAC for it."""
    return REFRESH.prefix + base64url.encode(body + hmac.digest(key.secret, body, "sha256"))


@given(refresh_tokens)
def test_parse_undoes_mint(token: RefreshToken) -> None:
    """Parsing returns the minted token."""
    assert parse(mint(token, KEY), KEYS) == token


@given(refresh_tokens)
def test_every_token_has_the_same_length_and_prefix(token: RefreshToken) -> None:
    """A token has 132 characters and begins with the prefix for secret scanners."""
    text = mint(token, KEY)
    assert len(text) == REFRESH.characters == 132
    assert text.startswith("edgeauth_rt_")


def test_the_layout_is_fixed() -> None:
    """The bytes are version, MAC key id, user, session, generation, seed and HMAC-SHA256."""
    expected = b"\x01" + b"mac-2" + b"\x0f" * 16 + b"\xa1" * 16 + b"\x00\x00\x00\x07" + b"seed" * 4
    assert mint(TOKEN, KEY) == spelt(expected)


def test_the_table_holds_only_the_hash_of_the_seed() -> None:
    """No token can be written from the SHA-256 of the seed (A15)."""
    assert TOKEN.seed_hash == hashlib.sha256(b"seed" * 4).digest()
    assert "seedseed" not in repr(TOKEN)


def test_the_successor_differs_in_its_generation_only() -> None:
    """The successor is derived, so every retry gets the same one."""
    assert TOKEN.of_generation(TOKEN.generation + 1) == replace(TOKEN, generation=8)
    assert TOKEN.of_generation(TOKEN.generation + 1).seed_hash == TOKEN.seed_hash


def test_the_previous_mac_key_is_still_accepted() -> None:
    """Tokens from before a rotation of the MAC key stay valid (F16)."""
    assert parse(mint(TOKEN, PREVIOUS_KEY), KEYS) == TOKEN


def test_an_unknown_mac_key_is_refused() -> None:
    """Tokens of another environment are refused (F24)."""
    foreign = MacKey(b"mac-9", b"9" * 32)
    with pytest.raises(InvalidGrant):
        parse(mint(TOKEN, foreign), KEYS)


def test_another_secret_under_a_known_id_is_refused() -> None:
    """The id chooses the key, and the MAC must match that key (F24)."""
    with pytest.raises(InvalidGrant):
        parse(mint(TOKEN, MacKey(KEY.key_id, b"9" * 32)), KEYS)


def test_the_id_of_one_key_with_the_mac_of_another_is_refused() -> None:
    """The id and the MAC must belong to the same key."""
    body = body_of(mint(TOKEN, KEY))[:58]
    with pytest.raises(InvalidGrant):
        parse(spelt(body, PREVIOUS_KEY), KEYS)


def test_the_last_generation_is_refused() -> None:
    """Its successor would not fit into the token (F37)."""
    with pytest.raises(InvalidGrant):
        parse(mint(replace(TOKEN, generation=MAX_GENERATION), KEY), KEYS)
    last_good = replace(TOKEN, generation=MAX_GENERATION - 1)
    assert parse(mint(last_good, KEY), KEYS) == last_good


@pytest.mark.parametrize("version", [0, 2, 255])
def test_another_version_is_refused_even_with_a_right_mac(version: int) -> None:
    """A version names a layout, and only one layout exists."""
    body = bytes([version]) + body_of(mint(TOKEN, KEY))[1:58]
    with pytest.raises(InvalidGrant):
        parse(spelt(body), KEYS)


def test_a_token_of_one_kind_is_none_of_the_other() -> None:
    """C4: not even under the other's prefix, because the MAC covers the version, and each kind has its own."""
    assert parse(mint(TOKEN, KEY, SESSION), KEYS, SESSION) == TOKEN
    assert mint(TOKEN, KEY, SESSION).startswith("edgeauth_st_")
    for minted, kind in ((mint(TOKEN, KEY, SESSION), REFRESH), (mint(TOKEN, KEY), SESSION)):
        for text in (minted, kind.prefix + minted[len(kind.prefix) :]):
            with pytest.raises(InvalidGrant):
                parse(text, KEYS, kind)


def test_the_form_has_the_key_ids_of_the_key_ring() -> None:
    """The form names the size once more, because the authorizers load no keys."""
    assert KEY_ID_BYTES == MAC_KEY_ID_BYTES


def test_every_single_bit_counts() -> None:
    """A token with any one of its 720 bits flipped is refused (F37)."""
    for bit in range(90 * 8):
        raw = bytearray(body_of(mint(TOKEN, KEY)))
        raw[bit // 8] ^= 1 << (bit % 8)
        with pytest.raises(InvalidGrant):
            parse(REFRESH.prefix + base64url.encode(bytes(raw)), KEYS)


GOOD = mint(replace(TOKEN, seed=b"\xfb\xff\xbf\xff" * 4), KEY)


@pytest.mark.parametrize(
    "text",
    [
        "",
        REFRESH.prefix,
        GOOD[:-1],
        GOOD + "A",
        GOOD + "=",
        GOOD[:-1] + "=",
        GOOD[:-2] + "==",
        " " + GOOD[:-1],
        GOOD[:-1] + "\n",
        GOOD[:-1] + "\x00",
        GOOD[:-1] + "é",
        GOOD[:-1] + "\ud800",
        GOOD[:-1] + "\uff21",
        GOOD.upper(),
        GOOD.replace("edgeauth_rt_", "EDGEAUTH_RT_"),
        GOOD.replace("edgeauth_rt_", "edgeauth-rt-"),
        GOOD.removeprefix(REFRESH.prefix),
        GOOD.removeprefix(REFRESH.prefix).ljust(132, "A"),
        GOOD.replace("-", "+").replace("_", "/"),
        REFRESH.prefix + GOOD.removeprefix(REFRESH.prefix).replace("-", "+").replace("_", "/"),
        GOOD[:50] + "." + GOOD[51:],
        GOOD[:50] + "\r\n" + GOOD[52:],
        "A" * 132,
        REFRESH.prefix + "A" * 120,
        REFRESH.prefix + "=" * 120,
        "eyJhbGciOiJFUzI1NiJ9.e30.AAAA",
        GOOD * 1000,
    ],
)
def test_other_shapes_and_spellings_are_refused(text: str) -> None:
    """Each token has one spelling, and every other text is answered with invalid_grant (F37)."""
    assert parse(GOOD, KEYS).generation == 7
    assert text != GOOD
    with pytest.raises(InvalidGrant):
        parse(text, KEYS)


def mutate(text: str, rng: random.Random) -> str:
    """Return the text with one to four characters deleted, inserted, swapped or replaced."""
    characters = list(text)
    for _ in range(rng.randint(1, 4)):
        place, other = rng.randrange(len(characters)), rng.randrange(len(characters))
        match rng.randrange(8):
            case 0:
                del characters[place]
            case 1:
                characters.insert(place, rng.choice(string.printable))
            case 2:
                characters[place], characters[other] = characters[other], characters[place]
            case _:
                characters[place] = rng.choice(string.ascii_letters + string.digits + "-_")
    return "".join(characters)


def test_no_mutated_token_is_accepted() -> None:
    """All of 200,000 edited tokens are refused with InvalidGrant (F37)."""
    rng = random.Random(7519)  # noqa: S311 - not a secret; the seed makes the test repeatable
    originals = [mint(replace(TOKEN, generation=number), KEY) for number in range(16)]
    accepted = []
    for _ in range(200_000):
        text = mutate(rng.choice(originals), rng)
        if text in originals:
            continue
        try:
            accepted.append(parse(text, KEYS))
        except InvalidGrant:
            continue
    assert accepted == []


def test_a_hundred_thousand_tokens_are_unique() -> None:
    """No two sessions and no two generations share a token (A3)."""
    rng = random.Random(1)  # noqa: S311 - not a secret; the seed makes the test repeatable
    texts = {
        mint(RefreshToken(new_id(rng.randbytes), new_id(rng.randbytes), generation, rng.randbytes(16)), KEY)
        for generation in range(100_000)
    }
    assert len(texts) == 100_000


def test_ids_are_128_drawn_bits_in_22_characters() -> None:
    """The characters are those that `sub` and `sid` allow (A3, T6)."""
    assert new_id(lambda size: bytes(range(size))) == "AAECAwQFBgcICQoLDA0ODw"


@pytest.mark.parametrize(
    "text", ["", "alice", "0f" * 16, "A" * 21, "A" * 23, "A" * 21 + "B", "A" * 22 + "==", "*" * 22]
)
def test_a_token_for_an_id_that_was_never_drawn_is_not_written(text: str) -> None:
    """Such a token could not be parsed."""
    with pytest.raises(ValueError, match=r".*"):
        mint(replace(TOKEN, user_id=text), KEY)
    with pytest.raises(ValueError, match=r".*"):
        mint(replace(TOKEN, session_id=text), KEY)


def test_the_mac_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison is `hmac.compare_digest` over the whole MAC (A3)."""
    compared: list[tuple[int, int]] = []

    def watched(left: bytes, right: bytes) -> bool:
        compared.append((len(left), len(right)))
        return left == right

    monkeypatch.setattr(hmac, "compare_digest", watched)
    parse(GOOD, KEYS)
    assert compared == [(32, 32)]


def test_the_last_generation_is_the_largest_of_32_bits() -> None:
    """A session would have to rotate for a hundred years, once a second, to reach it."""
    assert MAX_GENERATION == 4_294_967_295


def test_a_presented_token_redeems_its_own_generation() -> None:
    """So an end by this token knows its base."""
    assert (TOKEN.base, TOKEN.of_generation(9).base) == (7, 9)


@pytest.mark.parametrize(
    ("text", "expected"), [(USER_ID, True), ("", False), ("A" * 21, False), (USER_ID + "AA", False), ("*" * 22, False)]
)
def test_an_id_has_16_bytes(text: str, *, expected: bool) -> None:
    """A text of another form is the id of nobody."""
    assert is_id(text) is expected
