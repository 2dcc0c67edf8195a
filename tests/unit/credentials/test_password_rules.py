"""The rules for a new password."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_auth.credentials.common_passwords import COMMON_PASSWORDS
from edge_auth.credentials.password_rules import PasswordRules, folded, service_names
from edge_auth.credentials.passwords import password_bytes
from edge_auth.errors import (
    AccountError,
    InvalidRequest,
    PasswordCommon,
    PasswordGuessable,
    PasswordRefused,
    PasswordTooLong,
    PasswordTooShort,
)
from tests.support.template import ROOT

SERVICES = service_names("https://auth.example.com/v1", "notes-api")
RULES = PasswordRules(15, common=COMMON_PASSWORDS, service_names=SERVICES)
SHORT_RULES = PasswordRules(8, common=COMMON_PASSWORDS, service_names=SERVICES)


@pytest.mark.parametrize("text", ["a" * 15, "a" * 64, "a" * 128, "😀" * 15, "😀" * 64, "pass word pass word", "ß" * 15])
def test_new_passwords_have_15_to_128_characters_of_any_kind(text: str) -> None:
    """Code points are counted, and there are no composition rules (P1, P2)."""
    assert RULES.check(text, "ada") == password_bytes(text)


@pytest.mark.parametrize("text", ["", "a" * 14, "😀" * 14, "e\u0301" * 14])
def test_shorter_new_passwords_are_refused(text: str) -> None:
    """The error has the rule and the count, and not the password; é is one character in any spelling (P1)."""
    count = len(unicodedata.normalize("NFC", text))
    with pytest.raises(PasswordTooShort, match=f"15 to 128 characters, this one has {count}$"):
        RULES.check(text, "ada")


@pytest.mark.parametrize("text", ["a" * 129, "a" * 1025, "a" * 100_000, "😀" * 129])
def test_longer_new_passwords_are_refused(text: str) -> None:
    """The length is the first rule, and it also covers texts that a login would not read (P1, P7)."""
    with pytest.raises(PasswordTooLong, match=f"15 to 128 characters, this one has {len(text)}$"):
        RULES.check(text, "ada")


@pytest.mark.parametrize("least", [8, 15, 64])
def test_the_least_length_is_the_deployments(least: int) -> None:
    """P1: the minimum is between 8, which needs a second factor, and 64, which every service must accept."""
    rules = PasswordRules(least, common=frozenset(), service_names=frozenset())
    assert rules.check("x" * least, "ada") == b"x" * least
    with pytest.raises(PasswordTooShort):
        rules.check("x" * (least - 1), "ada")


@pytest.mark.parametrize("least", [-1, 0, 7, 65, 128])
def test_no_other_least_length_is_taken(least: int) -> None:
    """P1: a deployment can neither allow short passwords nor forbid long ones."""
    with pytest.raises(ValueError, match="8 to 64"):
        PasswordRules(least, common=frozenset(), service_names=frozenset())


def test_what_is_hashed_is_the_password_and_not_its_folded_spelling() -> None:
    """The password is normalized with NFC once. The folded spelling is only for comparison (P3)."""
    assert RULES.check("Cafe\u0301 au Lait, S'il", "ada") == "Caf\u00e9 au Lait, S'il".encode()


@given(st.text(alphabet=st.characters(codec="utf-8"), min_size=15, max_size=60))
def test_what_is_taken_can_be_checked(text: str) -> None:
    """P3: a login with the same text hashes the same bytes."""
    try:
        taken = RULES.check(text, "ada")
    except PasswordRefused:
        return
    assert taken == password_bytes(text) == unicodedata.normalize("NFC", text).encode()


def test_a_new_password_with_a_lone_surrogate_is_malformed() -> None:
    """A user could not type it again (P10)."""
    with pytest.raises(InvalidRequest, match="not Unicode"):
        RULES.check("correct horse \ud800 battery", "ada")


def test_the_list_of_common_passwords_is_long() -> None:
    """P4: the list has 30,000 passwords, and more than 10,000 of them have at least 8 characters."""
    assert len(COMMON_PASSWORDS) == 30_000
    assert sum(len(password) >= 8 for password in COMMON_PASSWORDS) > 10_000


def test_every_common_password_is_refused() -> None:
    """P4: each password of the list is refused with the right reason."""
    for text in COMMON_PASSWORDS:
        with pytest.raises(PasswordTooShort if len(text) < 8 else PasswordCommon):
            SHORT_RULES.check(text, "ada")


@pytest.mark.parametrize(
    "text",
    ["password1", "PASSWORD1", "PassWord1", "\uff50\uff41\uff53\uff53word1", "1q2w3e4r5t", "iloveyou", "trustno1"],
)
def test_a_common_password_is_refused_in_any_spelling(text: str) -> None:
    """P4: capital letters and other variants are refused too."""
    with pytest.raises(PasswordCommon):
        SHORT_RULES.check(text, "ada")


@pytest.mark.parametrize("text", ["123456789qwerty", "qwerty123456789", "1QAZ2WSX3EDC4RFV"])
def test_common_passwords_of_full_length_are_refused(text: str) -> None:
    """P4: the list also applies with the default minimum length."""
    with pytest.raises(PasswordCommon):
        RULES.check(text, "ada")


@pytest.mark.parametrize(
    ("text", "username"),
    [
        ("ada.lovelace@example.com", "ada.lovelace@example.com"),
        ("Ada.Lovelace@Example.COM", "ada.lovelace@example.com"),
        ("augusta.ada.lovelace", "augusta.ada.lovelace@example.com"),
        ("AUGUSTA.ADA.LOVELACE", "augusta.ada.lovelace"),
        ("augusta.ada.lovelace", "AUGUSTA.ADA.LOVELACE"),
        ("https://auth.example.com/v1", "ada"),
        ("auth.example.com", "ada"),
        ("AUTH.example.com", "ada"),
    ],
)
def test_a_name_is_no_password(text: str, username: str) -> None:
    """P4: the user's name, its part before the @ and the service's names are refused."""
    with pytest.raises(PasswordGuessable):
        RULES.check(text, username)


def test_an_audience_that_is_no_address_is_a_name_too() -> None:
    """P4: the audience may be any word."""
    with pytest.raises(PasswordGuessable):
        SHORT_RULES.check("Notes-API", "ada")


def test_a_password_that_holds_a_name_is_taken() -> None:
    """P2: only an equal text is refused. A rule for similar texts would be a composition rule."""
    for text in ("ada.lovelace@example.com!", "my auth.example.com", "lovelace@example.com"):
        assert RULES.check(text, "ada.lovelace@example.com") == text.encode()


def test_no_address_is_no_name() -> None:
    """An issuer that is derived from the event adds no name."""
    assert service_names("", "") == frozenset()
    assert service_names("", "https://API.example.com") == {"https://api.example.com", "api.example.com"}


@given(st.text(max_size=40))
def test_folding_twice_changes_nothing(text: str) -> None:
    """Otherwise a listed spelling would not be found."""
    assert folded(folded(text)) == folded(text)


def test_a_refusal_is_for_clients_and_for_operators() -> None:
    """Clients get a code and a fixed text, and operators read the detail."""
    refusals = (PasswordTooShort, PasswordTooLong, PasswordCommon, PasswordGuessable)
    assert [refusal.code for refusal in refusals] == [
        "password_too_short",
        "password_too_long",
        "password_common",
        "password_guessable",
    ]
    for refusal in refusals:
        assert isinstance(refusal("why"), AccountError)
        assert str(refusal("why")) == refusal("why").detail == "why"


def test_only_functions_that_set_passwords_read_the_list() -> None:
    """The list takes a tenth of a second to load, and a login must not wait for it."""
    readers = {path.parent.name for path in ROOT.glob("functions/*/app.py") if "common_passwords" in path.read_text()}
    assert readers == {"password", "register", "reset", "site_password"}
    assert not [path for path in ROOT.glob("layers/**/*.py") if "import COMMON_PASSWORDS" in path.read_text()]
