"""The page on upgrades and recovery says what the template, the code and the tests of an upgrade say."""

import re

from edge_auth.adapters.dynamodb.ended_items import ENDED_KEPT_SECONDS
from edge_auth.keys.timing import REPLACE_SECONDS, RING_AGE_SECONDS
from tests.support.template import ROOT, parameters, template

PAGE = (ROOT / "docs" / "recovery.md").read_text(encoding="utf-8")
TEXT = " ".join(PAGE.split())


def test_what_stays_of_a_deleted_stack_is_what_the_template_retains() -> None:
    """The table has each retained resource by its output, and the two tables that go."""
    rows = [line.strip("|").split("|") for line in PAGE.splitlines() if line.startswith("| ")][1:]
    stays = {name: answer.strip() for what, answer in rows for name in re.findall(r"`(\w+)`", what)}
    retained = {
        name
        for name, body in template()["Resources"].items()
        if str(body.get("DeletionPolicy", "")).startswith("Retain")
    }

    assert {name for name, answer in stays.items() if answer == "yes"} == retained
    assert {name for name, answer in stays.items() if answer == "no"} == {"ThrottleTable", "RevocationsTable"}


def test_the_times_of_the_page_are_the_codes() -> None:
    """Each time is a constant or a default."""
    assert f"must go on within {ENDED_KEPT_SECONDS // 86_400} days" in TEXT
    assert f"they do within {'five' if RING_AGE_SECONDS == 300 else RING_AGE_SECONDS} minutes" in TEXT
    assert f"all refresh tokens in {'eight' if REPLACE_SECONDS == 480 else REPLACE_SECONDS} minutes" in TEXT
    assert f"live for {parameters()['AccessTokenSeconds']['Default'] // 60} minutes at most by default" in TEXT


def test_an_upgrade_is_as_bad_as_its_test_allows() -> None:
    """The share of failed requests is the one at which the test of an upgrade fails."""
    test = (ROOT / "tests" / "upgrade" / "test_upgrade.py").read_text(encoding="utf-8")

    assert "MAX_FAILED_SHARE = 0.05 " in test
    assert "less than one request in twenty" in TEXT
