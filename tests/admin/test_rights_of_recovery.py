"""Whoever recovers a stack needs rights that no policy of the stack has. The page names them."""

import re

from tests.admin.aws import Fresh, Run
from tests.admin.every_command import COMMANDS
from tests.support.recorded_calls import needed
from tests.support.template import ROOT


def test_the_page_on_recovery_names_the_rights_that_a_takeover_needs(fresh: Fresh, run: Run) -> None:
    """It has each action on a table, and what the command asks of CloudFormation about the resources."""
    text = (ROOT / "docs" / "recovery.md").read_text(encoding="utf-8")
    page = text.split("**It needs the rights**")[1].split("\n\n")[0]
    aws = fresh()
    assert run(*COMMANDS["adopt"]).status == 0
    on_tables = {right[0] for call in aws.on_tables for right in needed("dynamodb", *call)}

    named = set(re.findall(r"`(?:dynamodb:)?([A-Z]\w+)`", page)) - {"PutSecretValue"}
    assert {f"dynamodb:{action}" for action in named} == on_tables
    assert {call for call in aws.calls if "Resources" in call} <= set(re.findall(r"`(cloudformation:\w+)`", page))
