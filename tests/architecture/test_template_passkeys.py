"""Passkeys are off by default: the deployment then has neither a route nor a function for them."""

import re

import pytest

from tests.support.template import Intrinsic, functions, parameters, template

FUNCTIONS = {"passkey_sign_in", "passkeys"}
SECOND_FACTOR = {"login", "step_up"}


def test_they_are_off_by_default() -> None:
    """Without an RP ID."""
    assert parameters()["PasskeyRpId"]["Default"] == parameters()["PasskeyOrigins"]["Default"] == ""
    condition = template()["Conditions"]["HasPasskeys"]
    assert condition == Intrinsic("Not", [Intrinsic("Equals", [Intrinsic("Ref", "PasskeyRpId"), ""])])


def test_only_what_serves_passkeys_depends_on_it() -> None:
    """SAM gives each route the condition of its function."""
    conditional = {name for name, body in template()["Resources"].items() if body.get("Condition") == "HasPasskeys"}
    assert conditional == {
        *("PasskeySignInFunction", "PasskeySignInLogGroup"),
        *("PasskeysFunction", "PasskeysLogGroup"),
        "PasskeyLoginsMetric",
    }
    for name in FUNCTIONS:
        paths = [event["Properties"]["Path"] for event in functions()[name]["Events"].values()]
        assert all(path.startswith(("/auth/passkeys", "/auth/site/passkeys")) for path in paths)


@pytest.mark.parametrize("function", sorted(set(functions()) - FUNCTIONS - SECOND_FACTOR))
def test_no_other_function_knows_of_them(function: str) -> None:
    """So nothing else changes where they are off."""
    assert "Passkey" not in str(functions()[function])


@pytest.mark.parametrize("function", sorted(SECOND_FACTOR))
def test_where_a_passkey_is_a_second_factor_its_function_knows_the_rp(function: str) -> None:
    """The name is empty where passkeys are off, and then the function loads nothing of them."""
    variables = functions()[function]["Environment"]["Variables"]
    assert variables["PASSKEY_RP_ID"] == Intrinsic("Ref", "PasskeyRpId")


@pytest.mark.parametrize("rp_id", ["", "localhost", "example.com", "a-b.example.co"])
def test_an_rp_id_is_a_host(rp_id: str) -> None:
    """WebAuthn §4: an RP ID is a valid domain string."""
    assert re.fullmatch(parameters()["PasskeyRpId"]["AllowedPattern"], rp_id)


@pytest.mark.parametrize(
    "rp_id", ["https://example.com", "Example.com", "example.com/", "example.com:443", "com", "1.2.3.4"]
)
def test_anything_else_is_no_rp_id(rp_id: str) -> None:
    """It would be the RP ID of no page, or of too many."""
    assert not re.fullmatch(parameters()["PasskeyRpId"]["AllowedPattern"], rp_id)


def test_an_origin_is_an_origin_of_a_page_or_of_an_app() -> None:
    """WebAuthn §5.8.1: the origin as the client writes it. It is compared byte for byte."""
    pattern = parameters()["PasskeyOrigins"]["AllowedPattern"]
    app = "android:apk-key-hash:" + "a" * 43
    for good in (
        "",
        "https://a.example",
        "https://a.example:8443",
        "https://a.example:4430,https://a.example:80",
        "http://localhost:3000,http://localhost:443,http://localhost:8080",
        app,
        f"https://a.example,{app}",
    ):
        assert re.fullmatch(pattern, good), good
    for bad in (
        "*",
        "http://a.example",
        "https://a.example/",
        "https://A.example",
        "https://a.example, https://b.example",
        "https://a.example:443",
        f"https://a.example:443,{app}",
        f"{app},https://a.example:443",
        "http://localhost:80",
        "https://a.example,http://localhost:80",
        "https://a.example:08443",
    ):
        assert not re.fullmatch(pattern, bad), bad


def test_passkeys_need_an_origin() -> None:
    """Otherwise each would be refused."""
    [assertion] = template()["Rules"]["PasskeysNeedOrigins"]["Assertions"]
    assert "PasskeyOrigins" in str(assertion["Assert"])
    assert "AllowedOrigins" in str(assertion["Assert"])
