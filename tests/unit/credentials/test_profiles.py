"""The profiles of password hashes: which are declared, and which are checked."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_auth.credentials.profiles import (
    MAX_DECLARED,
    OUR_PROFILES,
    PROFILE,
    Argon2idProfile,
    checked_profiles,
    renewal,
)
from tests.support.template import parameters

PATTERN = parameters()["PasswordProfiles"]["AllowedPattern"]


def test_without_a_declaration_only_our_own_profiles_are_checked() -> None:
    """Today there is one, so a wrong password is hashed once."""
    assert checked_profiles("") == OUR_PROFILES == (PROFILE,)


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("m=102400,t=2,p=8", [(102_400, 2, 8)]),
        ("m=102400,t=2,p=8;m=65536,t=3,p=4", [(102_400, 2, 8), (65_536, 3, 4)]),
        (" m=102400,t=2,p=8  m=102400,t=2,p=8; m=19456,t=2,p=1 ", [(102_400, 2, 8)]),
        ("m=4096,t=1,p=1", [(4096, 1, 1)]),
        ("m=4096,t=3,p=1", [(4096, 3, 1), (19_456, 3, 1)]),
        ("m=65536,t=1,p=4", [(65_536, 1, 4), (65_536, 2, 1)]),
    ],
)
def test_each_declared_profile_is_checked_and_so_is_its_renewal(
    declared: str, expected: list[tuple[int, int, int]]
) -> None:
    """Otherwise the login after a renewal would be refused."""
    assert checked_profiles(declared) == (PROFILE, *(Argon2idProfile(*one) for one in expected))


@pytest.mark.parametrize(
    "text",
    [
        "m=131073,t=2,p=1",
        "m=7,t=1,p=1",
        "m=63,t=1,p=8",
        "m=19456,t=17,p=1",
        "m=19456,t=0,p=1",
        "m=19456,t=2,p=9",
        "m=19456,t=2,p=0",
        "m=019456,t=2,p=1",
        "t=2,m=19456,p=1",
        "m=19456,t=2",
        "m=19456,t=2,p=1,",
        "m=19456,t=2,p=1,m=102400,t=2,p=8",
        "m=١٩٤٥٦,t=2,p=1",
        "$argon2id$v=19$m=19456,t=2,p=1$",
        "x",
        "bcrypt:c=3",
        "bcrypt:c=15",
        "bcrypt:c=010",
        "pbkdf2-sha256:i=999,l=32",
        "pbkdf2-sha256:i=2000000,l=32",
        "pbkdf2-sha256:i=600000,l=65",
        "scrypt:ln=18,r=8,p=1,l=64",
        "scrypt:ln=14,r=8,p=6,l=64",
        "firebase-scrypt:ln=14,r=9",
        "md5:i=1000",
    ],
)
def test_what_is_no_profile_or_beyond_the_bounds_is_refused(text: str) -> None:
    """The function does not start, and the template does not take the value either."""
    with pytest.raises(ValueError, match=re.escape(text)):
        checked_profiles(f"m=102400,t=2,p=8;{text}")
    assert re.fullmatch(PATTERN, text) is None


@given(st.from_regex(PATTERN, fullmatch=True).filter(lambda text: not text.endswith("\n")))
@settings(max_examples=200)
def test_what_the_template_takes_is_within_the_bounds(declared: str) -> None:
    """So a deployment with a wrong value fails before a function does."""
    checked = {one.declaration for one in checked_profiles(declared)}
    assert checked >= set(declared.replace(";", " ").split())


@pytest.mark.parametrize(
    "text",
    [
        *("m=131072,t=16,p=8", "m=130999,t=1,p=1", "m=99999,t=10,p=1", "m=1000,t=9,p=2", ""),
        *("bcrypt:c=4", "bcrypt-sha256:c=14", "pbkdf2-sha1:i=1999999,l=64", "pbkdf2-sha512:i=1000,l=16"),
        *("scrypt:ln=17,r=8,p=5,l=64", "scrypt:ln=10,r=1,p=1,l=16", "firebase-scrypt:ln=17,r=8"),
    ],
)
def test_the_template_takes_profiles_up_to_the_bounds(text: str) -> None:
    """Each digit of the pattern is tried."""
    assert re.fullmatch(PATTERN, text)


def test_the_template_takes_as_many_kinds_as_the_code_says() -> None:
    """The command for imports proposes no more."""
    kinds = [f"bcrypt:c={cost}" for cost in range(4, 4 + MAX_DECLARED + 1)]

    assert re.fullmatch(PATTERN, ";".join(kinds[:-1]))
    assert re.fullmatch(PATTERN, ";".join(kinds)) is None


def test_a_renewed_profile_is_not_renewed_again() -> None:
    """Otherwise every login would hash twice (P6)."""
    for profile in checked_profiles("m=4096,t=3,p=1 m=65536,t=1,p=4 m=102400,t=2,p=8"):
        assert isinstance(profile, Argon2idProfile)
        assert renewal(renewal(profile)) == renewal(profile)
    assert renewal(PROFILE) == PROFILE
