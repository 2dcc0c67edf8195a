"""An audit fails if it finds something, and says so if nobody answered."""

import json
from pathlib import Path
from typing import Any

import pytest

from release import audit

CLEAN = {"name": "clean", "version": "1.0", "vulns": []}
SKIPPED = {"name": "unknown", "skip_reason": "Dependency not found"}
VULNERABLE = {
    "name": "leaky",
    "version": "1.0",
    "vulns": [{"id": "PYSEC-2026-1", "fix_versions": ["1.1"]}, {"id": "PYSEC-2026-2", "fix_versions": []}],
}


def answering(*dependencies: dict[str, Any]) -> audit.Ask:
    """Return a service that gives this answer about each lock."""

    def ask(_lock: Path) -> str:
        return json.dumps({"dependencies": list(dependencies), "fixes": []})

    return ask


def test_no_known_vulnerability_is_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    """Each lock is asked about, what ships first."""
    assert audit.main([], answering(CLEAN)) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "audited: layers/edge_auth/requirements.txt: no known vulnerability"
    assert len(lines) == len(audit.LOCKS)


@pytest.mark.parametrize("arguments", [[], ["--allow-unanswered"]])
@pytest.mark.parametrize("others", [[], [CLEAN], [SKIPPED]], ids=["alone", "with others", "with one unanswered"])
def test_a_vulnerability_is_always_a_failure(
    capsys: pytest.CaptureFixture[str], arguments: list[str], others: list[dict[str, Any]]
) -> None:
    """The line names lock, package, vulnerability and the version that fixes it."""
    assert audit.main(arguments, answering(VULNERABLE, *others)) == audit.FOUND

    errors = capsys.readouterr().err.splitlines()
    assert errors[:2] == [
        "error: layers/edge_auth/requirements.txt: leaky 1.0: PYSEC-2026-1, fixed in 1.1",
        "error: layers/edge_auth/requirements.txt: leaky 1.0: PYSEC-2026-2, fixed in no version",
    ]


@pytest.mark.parametrize(
    "ask",
    [answering(CLEAN, SKIPPED), lambda _lock: "", lambda _lock: "Traceback"],
    ids=["a package that the service does not know", "nothing", "no JSON"],
)
def test_without_an_answer_nothing_is_called_audited(capsys: pytest.CaptureFixture[str], ask: audit.Ask) -> None:
    """It is one line, and a failure unless the caller allows it."""
    assert audit.main([], ask) == audit.UNANSWERED
    assert audit.main(["--allow-unanswered"], ask) == 0

    printed = capsys.readouterr()
    assert printed.out == ""
    assert len(printed.err.splitlines()) == 2
    assert printed.err.startswith(
        "not audited: layers/edge_auth/requirements.txt: the vulnerability service has no answer"
    )
