"""A demand of logins. `unit/test_caller.py` has the table of its decisions, which a user's function makes too."""

import pytest

from edge_auth.authorizer.login_demand import LoginDemand
from edge_auth.errors import InsufficientAuthentication, InvalidToken

NOW = 1_800_000_000


@pytest.mark.parametrize(("acr", "age_seconds", "check"), [("1fa", 0, "acr"), ("2fa", 306, "auth_time")])
def test_a_refusal_names_the_check_for_the_log(acr: str, age_seconds: int, check: str) -> None:
    """It is no InvalidToken: who gets it keeps the token and the session."""
    demand = LoginDemand("2fa", 300)
    demand.check("2fa", NOW, now_seconds=NOW)

    with pytest.raises(InsufficientAuthentication) as refused:
        demand.check(acr, NOW - age_seconds, now_seconds=NOW)

    assert (refused.value.detail, refused.value.status) == (check, 401)
    assert not isinstance(refused.value, InvalidToken)


@pytest.mark.parametrize("acr", ["", "1fa", "2fa", "phr", "3fa"])
@pytest.mark.parametrize("required", ["3fa", "2FA", " ", "2fa phr"])
def test_a_demand_for_a_level_that_does_not_exist_lets_nobody_in(required: str, acr: str) -> None:
    """It is an exception, which a gateway answers with a 5xx, and neither an Allow nor a Deny."""
    with pytest.raises(ValueError, match="not in"):
        LoginDemand(required, 0).check(acr, NOW, now_seconds=NOW)


def test_a_demand_without_an_age_takes_a_login_of_any_age() -> None:
    """RFC 9470 §4: `max_age` is left out."""
    LoginDemand("2fa", 0).check("2fa", 0, now_seconds=NOW)
