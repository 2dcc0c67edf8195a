"""The guides agree with the command, the template and the code. The end-to-end tests run the commands."""

import re
import shlex
from pathlib import Path

import pytest

from admin.command import parser
from edge_auth.events.security_event import EventName
from edge_auth.keys.timing import JWKS_MAX_AGE_SECONDS, MAX_RING_AGE_SECONDS, REPLACE_SECONDS, RING_AGE_SECONDS
from local.sam_local import settings as sam_local
from tests.support.guide import BLOCK, GUIDE, steps
from tests.support.template import ROOT, parameters, resources, template

PAGES = sorted((ROOT / "docs").rglob("*.md"))
GUIDES = ROOT / "docs" / "guides"
LEAKED_KEY = GUIDE.read_text(encoding="utf-8")
COMMAND = re.compile(r"\./edge-auth (?:--stack \S+ )?(?:--region \S+ )?(?:users|keys|data) [^`\n]+")


def commands(page: Path) -> list[str]:
    """Return every operators' command of a page, in blocks and in the text."""
    return COMMAND.findall(page.read_text(encoding="utf-8"))


def test_the_index_names_every_guide() -> None:
    """The index links to every guide."""
    index = (GUIDES / "README.md").read_text(encoding="utf-8")
    guides = {path.name for path in GUIDES.glob("*.md")} - {"README.md"}

    assert guides <= set(re.findall(r"\]\(([^)]+)\)", index))


@pytest.mark.parametrize("page", [page for page in PAGES if commands(page)], ids=lambda page: page.stem)
def test_every_command_of_a_page_is_one_that_there_is(page: Path) -> None:
    """The command's own parser accepts each command."""
    for command in commands(page):
        words = shlex.split(command, comments=True)[1:]
        options = parser().parse_args(words[: words.index(">")] if ">" in words else words)
        assert callable(options.act), command


def test_the_guide_for_a_leaked_key_uses_every_command_for_keys() -> None:
    """The guides use all four commands for keys."""
    used = {shlex.split(command)[2] for command in commands(GUIDE) if " keys " in command}

    assert used == {"show", "rotate", "replace", "publish"}


def test_every_block_of_the_guide_is_in_a_step_that_is_run() -> None:
    """Every block of commands is in a step, and the end-to-end tests run the steps."""
    in_steps = [block for step in steps() for block in step.commands]

    assert in_steps == BLOCK.findall(LEAKED_KEY)
    assert len(re.findall(r"^curl ", LEAKED_KEY, re.MULTILINE)) == sum(len(step.statuses) for step in steps())


def test_the_bounds_of_the_guide_are_the_codes() -> None:
    """The guide's bounds in seconds and minutes are the constants of the code."""
    text = " ".join(LEAKED_KEY.split())

    assert f"end {REPLACE_SECONDS} seconds later" in text
    assert f"the leaked key is good for {REPLACE_SECONDS} seconds more" in text
    assert set(re.findall(r"(\d{3}) seconds", text)) == {str(REPLACE_SECONDS)}
    assert f"`Cache-Control: max-age={JWKS_MAX_AGE_SECONDS}`" in text
    assert f"old ring for up to {'five' if RING_AGE_SECONDS == 5 * 60 else RING_AGE_SECONDS} minutes" in text
    assert f"its copy of the ring for up to {MAX_RING_AGE_SECONDS // 60} minutes" in text


def test_every_name_of_the_guide_is_one_that_there_is() -> None:
    """The template has the named alarms and parameters, and the code has the named events."""
    alarms = set(re.findall(r"`(\w+Alarm)`", LEAKED_KEY))
    named = set(re.findall(r"`((?:Key|Authorizer)\w+)`", LEAKED_KEY)) - alarms
    events = set(re.findall(r"`((?:keys|login|refresh)_\w+)`", LEAKED_KEY))

    assert alarms == {"KeysReplacedAlarm", "RefreshAnomalyAlarm"}
    assert alarms <= set(resources("AWS::CloudWatch::Alarm"))
    assert named == {"KeyPublishHours", "AuthorizerCacheSeconds"}
    assert named <= set(parameters())
    assert events == {"keys_replaced", "login_succeeded"}
    assert events <= {event.value for event in EventName}


def test_every_security_event_is_named() -> None:
    """The guide to the logs has every event of the code, in the same order, and marks those that need attention."""
    lines = (GUIDES / "security-events.md").read_text(encoding="utf-8").splitlines()
    rows = [line.strip("|").split("|") for line in lines if line.startswith("|")][2:]
    listed = [(name, mark.strip()) for _, names, _, mark in rows for name in re.findall(r"`(\w+)`", names)]

    assert listed == [(name.value, "**yes**" if name.wants_attention else "") for name in EventName]


def test_every_output_of_the_stack_is_explained() -> None:
    """The guide for operators has each output of the template once."""
    table = (
        (GUIDES / "operators.md").read_text(encoding="utf-8").split("\n## Outputs of the stack\n")[1].split("\n## ")[0]
    )
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("|")][2:]

    assert sorted(re.findall(r"`(\w+)`", " ".join(rows))) == sorted(template()["Outputs"])


def test_the_guide_to_sam_local_has_a_line_for_each_difference_that_is_tested() -> None:
    """The tests need a container engine. Each of them shows one line of the table."""
    guide = (GUIDES / "sam-local.md").read_text(encoding="utf-8")
    tests = (ROOT / "tests" / "sam_local" / "test_differences.py").read_text(encoding="utf-8")
    rows = [line for line in guide.splitlines() if line.startswith("| ")][1:]

    assert len(rows) == tests.count("\ndef test_")


def test_the_guide_to_sam_local_names_the_settings_and_the_files() -> None:
    """A reader finds them under these names."""
    guide = (GUIDES / "sam-local.md").read_text(encoding="utf-8")
    home = sam_local.HOME.relative_to(ROOT)

    assert f"`{sam_local.PORT_SETTING}`" in guide
    assert f"http://127.0.0.1:{sam_local.DEFAULT_PORT}" in guide
    for name in ("env", "env.json", "template.yaml", "layers"):
        assert f"{home}/{name}" in guide
