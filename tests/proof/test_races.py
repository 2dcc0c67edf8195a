"""The races of the proof, each with a few rounds, and what they find if the product writes without conditions."""

from typing import Any

import pytest

from proof.frame.results import Figures
from proof.frame.run import SHORT, Run
from proof.races import races
from tests.support.dynamodb.engine_of_run import needs_engine
from tests.support.dynamodb.one_time_racers import OneTimeRacer
from tests.support.dynamodb.racers import Place

pytestmark = needs_engine


class CarelessRacer(OneTimeRacer):
    """The product, but with conditions that always hold."""

    def __init__(self, place: Place) -> None:
        """Change every transaction before it is sent."""
        super().__init__(place)
        self.client.meta.events.register("provide-client-params.dynamodb.TransactWriteItems", without_conditions)


def without_conditions(params: dict[str, Any], **_: object) -> None:
    """Let every condition hold."""
    for item in params["TransactItems"]:
        for act in item.values():
            act["ConditionExpression"] = f"({act['ConditionExpression']}) OR attribute_not_exists(never_written)"


def test_every_race_has_the_promised_result() -> None:
    """One rotation and one winner in each round, and nothing lives after what ends all."""
    figures = races.prove(Run("races", SHORT))

    assert races.broken(figures) == []
    assert {counts["callers"] for counts in figures.counts.values()} == {6, 64}
    assert sum(counts["rounds"] for counts in figures.counts.values()) == 22
    assert len(races.table(figures).splitlines()) == 2 + len(figures.counts)


def test_a_code_that_is_used_without_its_condition_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then each of 64 callers wins. So the condition decides, and not the luck of the machine."""
    monkeypatch.setattr(races, "OneTimeRacer", CarelessRacer)

    counted = races._act("recovery code: 1 from 0")["counts"]

    assert counted["won"] > 1
    assert f"recovery code: won is {counted['won']} in 1 rounds" in races.broken(Figures({"recovery code": counted}))


def test_a_code_that_opens_several_sessions_is_found_while_answers_get_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """There the sessions are counted, because a winner may be told nothing."""
    monkeypatch.setattr(races, "LosingRacer", CarelessRacer)

    counted = races._act("code of an app, lost answers: 1 from 0")["counts"]

    assert counted["survivors"] > 0
    assert f"a race: survivors is {counted['survivors']}" in races.broken(Figures({"a race": counted}))


@pytest.mark.parametrize(
    "counts",
    [
        {"rounds": 2, "ends": 2, "survivors": 1},
        {"rounds": 2, "ends": 1, "survivors": 0},
        {"rounds": 2, "ends": 2, "raised": 1},
        {"rounds": 2, "spent": 1},
        {"rounds": 2, "rotations": 3},
        {"rounds": 2, "rotations": 2, "false_revocations": 1},
        {"rounds": 2, "won": 2, "spent": 2, "unanswered": 1},
    ],
)
def test_each_other_result_breaks_a_promise(counts: dict[str, int]) -> None:
    """The same counts without the fault break none."""
    assert len(races.broken(Figures({"a race": counts}))) == 1
    good = {"rounds": 2, "ends": 2, "survivors": 0, "rotations": 2, "won": 2, "spent": 2, "false_revocations": 0}
    assert races.broken(Figures({"a race": good})) == []
