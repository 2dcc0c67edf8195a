"""Self-registration is off: there is neither a route nor a function unless somebody asks for it."""

import pytest

from tests.support.template import Intrinsic, functions, parameters, template


def test_it_is_off_unless_somebody_turns_it_on() -> None:
    """A parameter, with two values."""
    assert parameters()["SelfRegistration"]["Default"] == "false"
    assert parameters()["SelfRegistration"]["AllowedValues"] == ["true", "false"]


def test_only_true_turns_it_on() -> None:
    """And nothing else does."""
    condition = template()["Conditions"]["HasSelfRegistration"]
    assert condition == Intrinsic("Equals", [Intrinsic("Ref", "SelfRegistration"), "true"])


def test_only_what_registers_depends_on_it() -> None:
    """The function, to which its route belongs, and its log: SAM gives a route the condition of its function."""
    conditional = {
        name for name, body in template()["Resources"].items() if body.get("Condition") == "HasSelfRegistration"
    }
    routes = {event["Properties"]["Path"] for event in functions()["register"]["Events"].values()}
    assert conditional == {"RegisterFunction", "RegisterLogGroup"}
    assert routes == {"/auth/register"}


@pytest.mark.parametrize("function", sorted(set(functions()) - {"register"}))
def test_no_other_function_knows_of_it(function: str) -> None:
    """Nothing else changes with it, and nothing else needs the function."""
    assert "RegisterFunction" not in str(functions()[function])
    assert "SelfRegistration" not in str(functions()[function])
