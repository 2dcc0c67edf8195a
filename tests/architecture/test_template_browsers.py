"""CORS is off by default: the deployment then has no route and no function for it."""

import re

import pytest

from tests.support.template import Intrinsic, functions, parameters, template


def test_it_is_off_by_default() -> None:
    """Without allowed origins there is no CORS."""
    assert parameters()["AllowedOrigins"]["Default"] == ""
    assert template()["Conditions"]["HasAllowedOrigins"] == Intrinsic(
        "Not", [Intrinsic("Equals", [Intrinsic("Ref", "AllowedOrigins"), ""])]
    )


def test_only_what_browsers_alone_need_depends_on_it() -> None:
    """SAM gives the route the condition of its function. The other functions have a variable that may be empty."""
    conditional = {
        name for name, body in template()["Resources"].items() if body.get("Condition") == "HasAllowedOrigins"
    }

    assert conditional == {
        *("PreflightFunction", "PreflightLogGroup"),
        *("SitePasswordFunction", "SitePasswordLogGroup"),  # its rights are not given where there are no sites
    }


def test_the_route_is_for_preflight_requests_alone() -> None:
    """C16: it takes OPTIONS of every path, without the authorizer, so another method of an unknown path is a 404."""
    [event] = functions()["preflight"]["Events"].values()

    assert (event["Properties"]["Method"], event["Properties"]["Path"]) == ("OPTIONS", "/{proxy+}")
    assert event["Properties"]["Auth"] == {"Authorizer": "NONE"}


@pytest.mark.parametrize(
    ("value", "taken"),
    [
        ("", True),
        ("https://app.example.com", True),
        ("https://app.example.com:8443", True),
        ("http://localhost:5173,http://127.0.0.1:8000", True),
        ("https://app.example.com,http://localhost", True),
        ("https://app.example.com:4430,https://app.example.com:80", True),
        ("http://localhost:443,http://127.0.0.1:8080", True),
        ("*", False),
        ("null", False),
        ("https://*.example.com", False),
        ("https://app.example.com/", False),
        ("https://app.example.com/path", False),
        ("https://APP.example.com", False),
        ("http://app.example.com", False),
        ("http://localhost.example.com", False),
        ("https://app.example.com, https://b.example.com", False),
        ("https://app.example.com,", False),
        (",https://app.example.com", False),
        ("https://user@app.example.com", False),
        ("https://app.example.com\n", False),
        # A browser leaves the port out that the scheme has anyway, and writes no zero before a port.
        ("https://app.example.com:443", False),
        ("https://app.example.com:443,https://b.example.com", False),
        ("https://b.example.com,https://app.example.com:443", False),
        ("http://localhost:80", False),
        ("http://127.0.0.1:80", False),
        ("https://app.example.com,http://localhost:80", False),
        ("https://app.example.com:08443", False),
        ("https://app.example.com:0", False),
    ],
)
def test_the_list_has_origins_as_browsers_write_them(value: str, taken: bool) -> None:  # noqa: FBT001 - the expectation
    """C12: an entry that no browser sends, such as one with a path, is refused before the deployment."""
    assert (re.fullmatch(parameters()["AllowedOrigins"]["AllowedPattern"], value) is not None) is taken
