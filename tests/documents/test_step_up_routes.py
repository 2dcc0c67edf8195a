"""The guide for routes that demand a login agrees with the code, and its example works unchanged."""

import re
import time
from typing import Any

import pytest

from edge_auth.errors import InsufficientAuthentication
from edge_auth.keys.timing import EXPIRY_LEEWAY_SECONDS
from edge_auth.tokens.claims import LEVELS
from tests.support.template import ROOT, parameters

TEXT = (ROOT / "docs" / "guides" / "step-up-routes.md").read_text(encoding="utf-8")
SENTENCES = " ".join(TEXT.split())
KNOWN = {"sub": "b3duZXI", "sid": "c2Vzc2lvbg", "client_id": "first-party", "jti": "dG9rZW4", "exp": "1800000900"}


@pytest.mark.parametrize(
    ("acr", "ago_seconds", "status"),
    [("2fa", 10, 200), ("phr", 10, 200), ("1fa", 10, 401), ("", 10, 401), ("2fa", 400, 401)],
)
def test_the_example_lets_only_a_strong_and_fresh_login_in(acr: str, ago_seconds: int, status: int) -> None:
    """Its refusal is the challenge that the guide shows."""
    [block] = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    module: dict[str, Any] = {}
    exec(compile(block, "step-up-routes.md", "exec"), module)  # noqa: S102 - the page's own code
    context = {**KNOWN, "acr": acr, "amr": "pwd otp", "auth_time": str(int(time.time()) - ago_seconds)}

    answer = module["handler"]({"requestContext": {"authorizer": context}}, None)

    assert answer["statusCode"] == status
    if status != 200:
        assert f"\nWWW-Authenticate: {answer['headers']['WWW-Authenticate']}\n" in TEXT


def test_the_guide_has_the_names_and_numbers_of_the_code() -> None:
    """The order of the levels, the parameters, the leeway, and the challenge of the authorizer."""
    challenge = InsufficientAuthentication("", acr="2fa", max_age_seconds=300).headers["WWW-Authenticate"]

    assert f"The order is {', '.join(f'`{level}`' for level in LEVELS)}." in SENTENCES
    assert parameters()["StrictAcr"]["AllowedValues"] == ["", *LEVELS[1:]]
    assert parameters()["StrictMaxAgeSeconds"]["Default"] == 0
    assert EXPIRY_LEEWAY_SECONDS == 5
    assert "and five more, because clocks differ" in SENTENCES
    assert challenge in TEXT
