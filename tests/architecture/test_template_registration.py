"""Self-registration is off by default: the deployment then has neither the route nor the function."""

import pytest

from tests.support.template import Intrinsic, functions, parameters, template


def test_it_is_off_by_default() -> None:
    """The parameter has the values true and false, and the default is false."""
    assert parameters()["SelfRegistration"]["Default"] == "false"
    assert parameters()["SelfRegistration"]["AllowedValues"] == ["true", "false"]


def test_only_true_turns_it_on() -> None:
    """The condition is true exactly for the value true."""
    condition = template()["Conditions"]["HasSelfRegistration"]
    assert condition == Intrinsic("Equals", [Intrinsic("Ref", "SelfRegistration"), "true"])


def test_only_what_registers_depends_on_it() -> None:
    """Only the function and its log have the condition; SAM gives the route the condition of its function."""
    conditional = {
        name for name, body in template()["Resources"].items() if body.get("Condition") == "HasSelfRegistration"
    }
    routes = {event["Properties"]["Path"] for event in functions()["register"]["Events"].values()}
    assert conditional == {"RegisterFunction", "RegisterLogGroup"}
    assert routes == {"/auth/register"}


@pytest.mark.parametrize("function", sorted(set(functions()) - {"register"}))
def test_no_other_function_knows_of_it(function: str) -> None:
    """No other function depends on the parameter or on the register function."""
    assert "RegisterFunction" not in str(functions()[function])
    assert "SelfRegistration" not in str(functions()[function])
