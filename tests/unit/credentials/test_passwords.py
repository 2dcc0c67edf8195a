"""Passwords: hashed with Argon2id, checked exactly as received, always with the same work."""

import re
import unicodedata
from functools import cache

import pytest
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from hypothesis import given
from hypothesis import strategies as st

from edge_auth.credentials.passwords import (
    check_password,
    hash_password,
    needs_rehash,
    password_bytes,
    stronger_hash,
)
from edge_auth.credentials.profiles import OUR_PROFILES, PROFILE, Argon2idProfile, checked_profiles
from edge_auth.errors import InvalidCredentials, InvalidRequest

PASSWORD = "correct horse battery"
CURRENT = "$argon2id$v=19$m=19456,t=2,p=1$"
WEAK = checked_profiles("m=64,t=1,p=1")  # the profile of `weak_hash`


def entropy(size: int) -> bytes:
    """Return a fixed salt."""
    return b"s" * size


@cache
def weak_hash(password: str, *, memory_kib: int = 64, iterations: int = 1, lanes: int = 1) -> str:
    """Return a hash under another profile than the current one."""
    argon2id = Argon2id(salt=b"s" * 16, length=32, iterations=iterations, lanes=lanes, memory_cost=memory_kib)
    return argon2id.derive_phc_encoded(password.encode())


STORED = hash_password(PASSWORD.encode(), entropy=entropy)
SALT, HASH = STORED.split("$")[4:]


def test_the_right_password_passes() -> None:
    """No exception is raised."""
    check_password(password_bytes(PASSWORD), STORED, OUR_PROFILES)


def test_the_stored_hash_names_owasps_profile() -> None:
    """Argon2id, version 19, m=19456 t=2 p=1, 16 bytes of salt and 32 of hash, read from the PHC string (P5)."""
    parts = re.fullmatch(
        r"\$(\w+)\$v=(\d+)\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)",
        hash_password(b"x", entropy=entropy),
    )
    assert parts is not None
    assert parts.groups()[:5] == ("argon2id", "19", "19456", "2", "1")
    assert (len(parts[6]) * 6 // 8, len(parts[7]) * 6 // 8) == (16, 32)


def test_the_salt_is_drawn_for_each_hash() -> None:
    """Two users with one password have two hashes (P5)."""
    drawn: list[int] = []

    def watched(size: int) -> bytes:
        drawn.append(size)
        return bytes([len(drawn)]) * size

    assert hash_password(b"x", entropy=watched) != hash_password(b"x", entropy=watched)
    assert drawn == [16, 16]


@pytest.mark.parametrize(
    "other",
    [
        PASSWORD + " ",
        " " + PASSWORD,
        PASSWORD + "\n",
        PASSWORD.upper(),
        PASSWORD.title(),
        PASSWORD + "\x00",
        PASSWORD + "\x00x",
        PASSWORD[:-1],
        PASSWORD + PASSWORD[-1],
        PASSWORD.replace("o", "0"),
        PASSWORD.replace(" ", "\u00a0"),
    ],
)
def test_a_password_is_checked_exactly_as_received(other: str) -> None:
    """The password is not trimmed, truncated or case-folded (P3)."""
    with pytest.raises(InvalidCredentials):
        check_password(password_bytes(other), STORED, OUR_PROFILES)


@pytest.mark.parametrize("place", [71, 72, 73, 127, 128, 255, 256, 1023])
def test_every_byte_of_a_long_password_counts(place: int) -> None:
    """A change at any position is noticed (P3)."""
    long = "a" * 1024
    stored = weak_hash(long)
    check_password(password_bytes(long), stored, WEAK)
    with pytest.raises(InvalidCredentials):
        check_password(password_bytes(long[:place] + "b" + long[place + 1 :]), stored, WEAK)


def test_a_nul_does_not_end_a_password() -> None:
    """The characters after a NUL count (P3)."""
    stored = weak_hash("before\x00after")
    check_password(password_bytes("before\x00after"), stored, WEAK)
    for other in ("before", "before\x00", "before\x00other"):
        with pytest.raises(InvalidCredentials):
            check_password(password_bytes(other), stored, WEAK)


def test_composed_and_decomposed_letters_are_the_same_password() -> None:
    """Keyboards spell é in different ways, and both spellings are hashed in NFC (P3)."""
    composed, decomposed = "caf\u00e9 au lait, s'il", "cafe\u0301 au lait, s'il"
    assert password_bytes(composed) == password_bytes(decomposed) == composed.encode()


def test_compatible_letters_are_different_passwords() -> None:
    """The normal form is NFC and not NFKC: a ligature differs from its letters (P3)."""
    assert password_bytes("\ufb01ne") != password_bytes("fine")


@given(st.text(alphabet=st.characters(codec="utf-8"), min_size=1, max_size=60))
def test_any_unicode_text_is_its_nfc(text: str) -> None:
    """No other change is applied (P3)."""
    assert password_bytes(text) == unicodedata.normalize("NFC", text).encode()


@pytest.mark.parametrize("text", ["a" * 1024, "é" * 512, "😀" * 256])
def test_up_to_1024_bytes_are_checked(text: str) -> None:
    """A password of exactly 1024 bytes is accepted (P7)."""
    assert len(text.encode()) == 1024
    assert password_bytes(text) == text.encode()


@pytest.mark.parametrize("text", ["", "a" * 1025, "é" * 513, "😀" * 257, "a" * 8192])
def test_more_than_1024_bytes_and_none_at_all_are_malformed(text: str) -> None:
    """They are refused before any hash is computed (P7)."""
    with pytest.raises(InvalidRequest):
        password_bytes(text)


@pytest.mark.parametrize("text", ["\ud800", "correct horse \udfff battery", "\udc00\ud800"])
def test_a_lone_surrogate_is_malformed(text: str) -> None:
    """JSON can contain a lone surrogate, but it is not valid Unicode text (P10)."""
    with pytest.raises(InvalidRequest):
        password_bytes(text)


def test_each_check_is_one_argon2_run(argon2_runs: list[str]) -> None:
    """A right password, a wrong one and an unknown user each cost one run under the current profile (P8)."""
    check_password(password_bytes(PASSWORD), STORED, OUR_PROFILES)
    for password, stored in (("wrong", STORED), (PASSWORD, None), ("wrong", None)):
        with pytest.raises(InvalidCredentials):
            check_password(password_bytes(password), stored, OUR_PROFILES)
    assert len(argon2_runs) == 4
    assert all(phc.startswith(CURRENT) for phc in argon2_runs)


MALFORMED = {
    "empty": "",
    "rubbish": "x",
    "not ascii": CURRENT + "é" * 22 + "$" + HASH,
    "lone surrogate": CURRENT + SALT + "$" + HASH[:-1] + "\ud800",
    "no hash": CURRENT + SALT,
    "empty hash": CURRENT + SALT + "$",
    "empty salt": CURRENT + "$" + HASH,
    "padded": STORED + "=",
    "trailing newline": STORED + "\n",
    "trailing part": STORED + "$x",
    "leading space": " " + STORED,
    "argon2i": STORED.replace("argon2id", "argon2i"),
    "argon2d": STORED.replace("argon2id", "argon2d"),
    "bcrypt": "$2b$12$C6UzMDM.H6dfI/f/IKcEeO7ZQwJqZ1Y0G1qvYbq1g0w4V5oFv5e3i",
    "pbkdf2": "$pbkdf2-sha256$600000$c2FsdHNhbHRzYWx0$aGFzaA",
    "version 16": STORED.replace("v=19", "v=16"),
    "no version": STORED.replace("v=19$", ""),
    "huge memory": STORED.replace("m=19456", "m=4194304"),
    "huger memory": STORED.replace("m=19456", "m=99999999999999999999"),
    "memory over the bound": STORED.replace("m=19456", "m=131073"),
    "no memory": STORED.replace("m=19456", "m=0"),
    "too little memory": STORED.replace("m=19456", "m=7"),
    "too little memory for its lanes": STORED.replace("m=19456,t=2,p=1", "m=63,t=2,p=8"),
    "negative memory": STORED.replace("m=19456", "m=-1"),
    "memory in other digits": STORED.replace("m=19456", "m=١٩٤٥٦"),
    "huge time": STORED.replace("t=2", "t=4294967295"),
    "time over the bound": STORED.replace("t=2", "t=17"),
    "no time": STORED.replace("t=2", "t=0"),
    "many lanes": STORED.replace("p=1", "p=16777215"),
    "lanes over the bound": STORED.replace("p=1", "p=9"),
    "no lanes": STORED.replace("p=1", "p=0"),
    "parameters in another order": STORED.replace("m=19456,t=2,p=1", "t=2,m=19456,p=1"),
    "short salt": CURRENT + "AAAA$" + HASH,
    "salt of impossible length": CURRENT + "A" * 21 + "$" + HASH,
    "hash of impossible length": CURRENT + SALT + "$" + "A" * 45,
    "salt with unused bits": CURRENT + "A" * 21 + "B$" + HASH,
    "hash with unused bits": CURRENT + SALT + "$" + "A" * 42 + "B",
    "url-safe alphabet": CURRENT + "-" * 22 + "$" + HASH,
}


@pytest.mark.parametrize("stored", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_hash_fails_like_a_wrong_password(stored: str, argon2_runs: list[str]) -> None:
    """A malformed hash causes no crash and no memory exhaustion, and costs the same one run (P8, P9)."""
    with pytest.raises(InvalidCredentials):
        check_password(password_bytes(PASSWORD), stored, OUR_PROFILES)
    assert len(argon2_runs) == 1
    assert argon2_runs[0].startswith(CURRENT)


@pytest.mark.parametrize(
    ("memory_kib", "iterations", "lanes"), [(64, 1, 1), (12_288, 3, 1), (4096, 1, 4), (20_000, 2, 8)]
)
def test_hashes_under_declared_profiles_are_checked(memory_kib: int, iterations: int, lanes: int) -> None:
    """A hash that was brought along lets its user log in, and so does its renewal (P6)."""
    stored = weak_hash(PASSWORD, memory_kib=memory_kib, iterations=iterations, lanes=lanes)
    profiles = checked_profiles(f"m={memory_kib},t={iterations},p={lanes}")
    for one in (stored, stronger_hash(PASSWORD.encode(), stored, entropy=entropy)):
        check_password(password_bytes(PASSWORD), one, profiles)
        with pytest.raises(InvalidCredentials, match="wrong password"):
            check_password(password_bytes("wrong"), one, profiles)


def test_a_hash_under_an_undeclared_profile_is_refused_unchecked(argon2_runs: list[str]) -> None:
    """P8: its time would tell that its user exists. The detail is for the operator's log."""
    for password in (PASSWORD, "wrong"):
        with pytest.raises(InvalidCredentials, match="the profile of the password hash is not declared"):
            check_password(password_bytes(password), weak_hash(PASSWORD), OUR_PROFILES)
    assert [run.startswith(CURRENT) for run in argon2_runs] == [True, True]


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        (STORED, False),
        (weak_hash(PASSWORD), True),
        (weak_hash(PASSWORD, memory_kib=19_456, iterations=1), True),
        (weak_hash(PASSWORD, memory_kib=19_455, iterations=3), True),
        (weak_hash(PASSWORD, memory_kib=19_457, iterations=2), False),
        (weak_hash(PASSWORD, memory_kib=102_400, iterations=2, lanes=8), False),
        (STORED.replace("p=1", "p=4"), False),
        (STORED.replace("t=2", "t=16"), False),
        ("", True),
    ],
)
def test_only_a_weaker_hash_is_to_be_renewed(stored: str, expected: bool) -> None:  # noqa: FBT001 - a table
    """Less memory or fewer passes than today's is weaker; lanes are not strength (P6)."""
    assert needs_rehash(stored) is expected


@pytest.mark.parametrize(
    ("memory_kib", "iterations", "renewed"),
    [(64, 1, CURRENT), (20_000, 1, "$argon2id$v=19$m=20000,t=2,p=1$"), (64, 3, "$argon2id$v=19$m=19456,t=3,p=1$")],
)
def test_a_renewal_lowers_nothing(memory_kib: int, iterations: int, renewed: str) -> None:
    """A hash that is weaker in one way and stronger in another becomes as strong as the better in both (P6)."""
    stored = weak_hash(PASSWORD, memory_kib=memory_kib, iterations=iterations)
    stronger = stronger_hash(PASSWORD.encode(), stored, entropy=entropy)
    assert stronger.startswith(renewed)
    check_password(PASSWORD.encode(), stronger, checked_profiles(f"m={memory_kib},t={iterations},p=1"))
    assert not needs_rehash(stronger)


OLDER, NEWER = Argon2idProfile(64, 1, 1), Argon2idProfile(128, 2, 1)


@pytest.mark.parametrize(
    "stored",
    [
        None,
        "",
        weak_hash(PASSWORD, memory_kib=NEWER.memory_kib, iterations=NEWER.iterations),
        weak_hash(PASSWORD, memory_kib=OLDER.memory_kib, iterations=OLDER.iterations),
        STORED.replace("m=19456", "m=131073"),
    ],
    ids=["unknown user", "no hash", "today's profile", "older profile", "undeclared or damaged"],
)
def test_no_profile_tells_who_exists(stored: str | None, argon2_runs: list[str]) -> None:
    """After a change of the profile, each wrong password is hashed once under the new one and once under the old (P8).

    The runs are the same for every user. So their time is the same too, however long each profile takes.
    """
    with pytest.raises(InvalidCredentials):
        check_password(password_bytes("wrong"), stored, (NEWER, OLDER))
    assert sorted(phc.split("$")[3] for phc in argon2_runs) == ["m=128,t=2,p=1", "m=64,t=1,p=1"]


def test_a_right_password_is_hashed_once(argon2_runs: list[str]) -> None:
    """The answer tells that its user exists, so its time may."""
    check_password(password_bytes(PASSWORD), weak_hash(PASSWORD), (NEWER, OLDER))
    assert len(argon2_runs) == 1


def test_what_is_hashed_today_needs_no_renewal() -> None:
    """Otherwise every login would hash twice (P6)."""
    assert PROFILE.phc_prefix == CURRENT
    assert not needs_rehash(hash_password(b"x", entropy=entropy))
