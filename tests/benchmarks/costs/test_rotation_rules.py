"""The comparison of rotation rules: its results that do not depend on the exact numbers."""

from typing import Any

import pytest

from benchmarks.costs import rotation_rules
from benchmarks.costs.rotation_rules import OURS, EdgeAuth, Rule, turns_of_a_thief
from tests.support.template import parameters


@pytest.fixture(scope="module")
def rules() -> dict[str, Any]:
    """Return the figures of a small run by the name of the rule."""
    return {row["rule"]: row for row in rotation_rules.measure(quick=True)["rules"]}


def shares(row: dict[str, Any]) -> set[float]:
    """Return the shares of logged-out users, in all kinds of use."""
    return {each["share"] for each in row["logged_out"]}


def test_our_rule_logs_no_user_out_and_notices_each_thief(rules: dict[str, Any]) -> None:
    """Owner and thief refresh in turn: the third refresh is refused, and with the previous token the second."""
    assert shares(rules[OURS]) == {0}
    assert (rules[OURS]["thief_of_the_newest"], rules[OURS]["thief_of_the_previous"]) == (3, 2)


def test_no_other_rule_does_both(rules: dict[str, Any]) -> None:
    """Each of them logs users out, or never notices a thief."""
    others = [row for name, row in rules.items() if name != OURS]

    assert len(others) == 5
    assert all(shares(row) != {0} or row["thief_of_the_newest"] is None for row in others)


def test_a_first_refresh_is_answered_by_every_rule() -> None:
    """The models differ only in what they do with a token that was used."""
    for rule in rotation_rules.RULES.values():
        session: Rule = rule()
        first = session.present(0, 1000)
        assert first is not None
        second = session.present(first, 2000)
        assert second not in {0, first, None}
        assert session.present(0, 3000) is None


def test_without_late_retries_our_rule_is_the_first_one() -> None:
    """A thief who comes after the owner is then refused at once, and so is an owner whose answer was lost."""
    assert turns_of_a_thief(EdgeAuth(30, 0)) == 2


def test_a_run_can_be_repeated(rules: dict[str, Any]) -> None:
    """The same seeds give the same figures."""
    assert {row["rule"]: row for row in rotation_rules.measure(quick=True)["rules"]} == rules


def test_our_limits_are_the_templates() -> None:
    """Our rule has the template's defaults."""
    defaults = {name: parameters()[name]["Default"] for name in ("RotationGraceSeconds", "LateRetryHours")}

    assert defaults["RotationGraceSeconds"] == rotation_rules.GRACE_SECONDS
    assert defaults["LateRetryHours"] == rotation_rules.LATE_RETRY_HOURS
