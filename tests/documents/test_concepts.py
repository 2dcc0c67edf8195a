"""docs/concepts.md says what the rotation rule decides, and its drawing says the default bound."""

import re

import pytest

from edge_auth.sessions.client_description import UNKNOWN_CLIENT
from edge_auth.sessions.rotation_rule import Outcome, RotationLimits, decide
from edge_auth.sessions.session import Session
from edge_auth.tokens.refresh_token import RefreshToken
from tests.support.template import ROOT, parameters

TEXT = (ROOT / "docs" / "concepts.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in TEXT.split("\n## Rotation\n")[1].split("\n## ")[0].splitlines()
    if line.startswith("|")
]
NOW_MS = 1_800_000_000_000
GRACE_SECONDS = 30
# Three refreshes, then a late retry with the token of generation 3: the base. Generation 4 was lost.
GENERATIONS = {"the newest": 5, "the base": 3, "one between them, after a late retry": 4, "an older one": 2}
OUTCOMES = {
    "gets it again": Outcome.COALESCED,
    "gets the newest": Outcome.CONVERGED,
    "a late retry": Outcome.RETRIED_LATE,
    "reuse": Outcome.REUSED,
}


def outcome(generation: int, seconds_ago: int) -> Outcome:
    """Return what a token means for the session so long after its last rotation."""
    token = RefreshToken(user_id="A" * 22, session_id="Q" * 22, generation=generation, seed=b"seed" * 4)
    session = Session(
        user_id=token.user_id,
        session_id=token.session_id,
        seed_hash=token.seed_hash,
        generation=GENERATIONS["the newest"],
        base=GENERATIONS["the base"],
        rotated_at_ms=NOW_MS - seconds_ago * 1000,
        rotation_id="",
        created_at_ms=NOW_MS,
        auth_time_seconds=NOW_MS // 1000,
        idle_expires_at_seconds=NOW_MS // 1000 + 1,
        absolute_expires_at_seconds=NOW_MS // 1000 + 1,
        client_id="first-party",
    )
    limits = RotationLimits(GRACE_SECONDS, late_retry_seconds=3600, late_retry_elsewhere=True)
    return decide(token, session, client=UNKNOWN_CLIENT, rotation_id="another", now_ms=NOW_MS, limits=limits)


@pytest.mark.parametrize(("presented", "within", "later"), ROWS[2:], ids=GENERATIONS)
def test_the_table_is_the_rule(presented: str, within: str, later: str) -> None:
    """Each cell says the outcome of the rule. Later, the newest never comes to the rule: its write succeeds."""
    generation = GENERATIONS[presented]

    assert outcome(generation, GRACE_SECONDS - 1) is OUTCOMES[within]
    if generation == GENERATIONS["the newest"]:
        assert later == "the session rotates"
    else:
        assert outcome(generation, GRACE_SECONDS + 1) is OUTCOMES[later.partition(":")[0]]


def test_the_bound_is_the_default() -> None:
    """The drawing and the text have the seconds of the template."""
    seconds = parameters()["RevocationSeconds"]["Default"]
    drawing = (ROOT / "docs" / "drawings" / "checks.svg").read_text(encoding="utf-8")

    assert set(re.findall(r"(\d+) seconds", drawing)) == {str(seconds)}
    assert f"`RevocationSeconds` ({seconds})" in TEXT
