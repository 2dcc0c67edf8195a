"""The feed of ended sessions by HTTP is off by default: the deployment then has neither the route nor the function."""

import pytest

from tests.support.template import Intrinsic, functions, parameters, properties, template


def test_it_is_off_by_default() -> None:
    """The parameter has the values true and false, and the default is false."""
    assert parameters()["RevocationFeed"]["Default"] == "false"
    assert parameters()["RevocationFeed"]["AllowedValues"] == ["true", "false"]


def test_only_true_turns_it_on_and_only_where_sessions_are_published() -> None:
    """Without RevocationSeconds there is no table to read."""
    assert template()["Conditions"]["HasRevocationFeed"] == Intrinsic(
        "And",
        [Intrinsic("Condition", "HasRevocations"), Intrinsic("Equals", [Intrinsic("Ref", "RevocationFeed"), "true"])],
    )


def test_a_feed_of_nothing_is_refused_before_the_deployment() -> None:
    """A verifier that found no route would go on without knowing of any logout."""
    rule = template()["Rules"]["FeedNeedsRevocations"]
    [assertion] = rule["Assertions"]

    assert rule["RuleCondition"] == Intrinsic("Equals", [Intrinsic("Ref", "RevocationFeed"), "true"])
    assert assertion["Assert"] == Intrinsic("Not", [Intrinsic("Equals", [Intrinsic("Ref", "RevocationSeconds"), "0"])])
    assert assertion["AssertDescription"]


def test_only_what_publishes_the_feed_depends_on_it() -> None:
    """Only the function and its log have the condition; SAM gives the routes the condition of their function."""
    conditional = {
        name for name, body in template()["Resources"].items() if body.get("Condition") == "HasRevocationFeed"
    }
    routes = {event["Properties"]["Path"] for event in functions()["ended_sessions"]["Events"].values()}
    assert conditional == {"EndedSessionsFunction", "EndedSessionsLogGroup"}
    assert routes == {"/.well-known/ended-sessions"}


@pytest.mark.parametrize("function", sorted(set(functions()) - {"ended_sessions"}))
def test_no_other_function_knows_of_it(function: str) -> None:
    """No other function depends on the parameter or on the function."""
    assert "EndedSessionsFunction" not in str(functions()[function])
    assert "RevocationFeed" not in str(functions()[function])


def test_the_discovery_documents_are_the_same_with_it() -> None:
    """No standard has a name for such a document, so the discovery documents do not name it."""
    assert "RevocationFeed" not in str(properties("JwksFunction"))
