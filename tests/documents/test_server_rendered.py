"""The guide for sites whose pages a server makes: its code works, and its numbers are the code's."""

import re
import tomllib
from typing import Any

import pytest

from edge_auth.tokens.session_token import REGENERATION_GRACE_SECONDS, SESSION_COOKIE, TOUCH_SECONDS, is_touch_due
from tests.support.template import ROOT, parameters, variables

TEXT = (ROOT / "docs" / "guides" / "server-rendered.md").read_text(encoding="utf-8")
SENTENCES = " ".join(TEXT.split())
ENVIRON = {
    "SESSIONS_TABLE": "sessions",
    "URL_SUFFIX": "amazonaws.com",
    "ALLOWED_ORIGINS": "https://www.example.com",
    "SESSION_IDLE_MINUTES": "30",
}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 303),
        ({"cookie": f"{SESSION_COOKIE}=x"}, 303),
        ({"cookie": f"{SESSION_COOKIE}=edgeauth_st_{'Ag' + 'A' * 118}"}, 503),
        ({"cookie": f"{SESSION_COOKIE}=edgeauth_st_{'Ag' + 'A' * 118}", "sec-fetch-site": "cross-site"}, 403),
    ],
)
def test_the_page_of_the_guide_answers_as_it_says(
    monkeypatch: pytest.MonkeyPatch, headers: dict[str, str], status: int
) -> None:
    """A visitor without a name, trouble of the store, and a request that another site made the browser send."""
    for name, value in {**ENVIRON, "AWS_REGION": "eu-central-1", "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}.items():
        monkeypatch.setenv(name, value)
    [block] = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    page: dict[str, Any] = {}
    exec(compile(block, "server-rendered.md", "exec"), page)  # noqa: S102 - the guide's own code
    event = {"version": "2.0", "headers": headers, "requestContext": {"http": {"method": "POST"}}}
    if status == 503:
        event["headers"] = {**headers, "sec-fetch-site": "same-origin"}

    assert page["handler"](event, None)["statusCode"] == status


def test_the_variables_of_the_guide_are_those_of_the_authorizer() -> None:
    """A page needs all of them."""
    assert ENVIRON.keys() == variables("session_authorizer").keys()
    assert all(f"`{name}`" in TEXT for name in ENVIRON)


def test_the_numbers_of_the_guide_are_the_codes_and_the_price_lists() -> None:
    """A write in 31 requests, or in 6, comes from the rule that moves the idle timeout."""
    prices = tomllib.loads((ROOT / "benchmarks" / "costs" / "aws.toml").read_text(encoding="utf-8"))
    found = {name: prices["prices"][name][1] for name in ("read_unit", "write_unit")}
    idle = parameters()["SessionIdleMinutes"]["Default"] * 60

    def requests_for_a_write(gap: int) -> int:
        return next(
            number for number in range(1, 99) if is_touch_due(idle - gap * number, idle_seconds=idle, now_seconds=0)
        )

    assert (TOUCH_SECONDS, REGENERATION_GRACE_SECONDS) == (300, 10)
    assert f"1 read unit: ${found['read_unit']} for a million" in SENTENCES
    assert f"1 write unit, ${found['write_unit']} for a million" in SENTENCES
    in_ten, in_sixty = requests_for_a_write(10), requests_for_a_write(60)
    assert (in_ten, round(100 * found["write_unit"] / in_ten)) == (31, 2)
    assert (in_sixty, round(100 * found["write_unit"] / in_sixty)) == (6, 10)
    assert "once in 31 requests: 2 cents for a million requests" in SENTENCES
    assert "one write in six: 10 cents" in SENTENCES
