"""No access token is accepted longer than RevocationSeconds after the answer to the end of its session.

And none of a living session is refused. Each rule is needed: without it, there are late acceptances.

EDGE_AUTH_DECISIONS=1200000 simulates that many decisions.
"""

import os

import pytest

from tests.simulations.ended_sessions import MODULE, READERS, Rules, World


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the many outages out of the log."""
    monkeypatch.setattr(MODULE.logger, "error", lambda *_args, **_fields: None)


DECISIONS = int(os.environ.get("EDGE_AUTH_DECISIONS", "30000"))
MUTANT_DECISIONS = 60_000


@pytest.mark.parametrize(
    "rules",
    [
        Rules(),
        Rules(writer_ahead_seconds=-300),
        Rules(writer_ahead_seconds=300),
        Rules(first_token_seconds=3600),
        Rules(reader_clock_seconds=150),
    ],
    ids=["clocks", "a laptop behind", "a laptop ahead", "a shorter life of tokens", "wrong clocks of readers"],
)
def test_no_token_is_accepted_late_and_none_is_refused_wrongly(rules: Rules) -> None:
    """Z17: with wrong clocks, late and double writes, freezes, outages and late answers."""
    counts = World(1, rules).live(DECISIONS // 5)

    assert (counts["late"], counts["false"]) == (0, 0)
    assert min(counts["True"], counts["False"], counts["None"], counts["open and late"]) > 0


BROKEN = {
    "reads that are not strongly consistent": Rules(strong_reads=False),
    "no look at the store's date, a laptop behind": Rules(checks_date=False, writer_ahead_seconds=-300),
    "a cursor by the reader's own clock": Rules(cursor_of_store=False, reader_clock_seconds=150),
    "published after the answer": Rules(publishes_first=False),
    "no rule of age": Rules(first_token_seconds=3600),
    **{name: Rules() for name in READERS if name != "no rule of age"},
}


@pytest.mark.parametrize("broken", BROKEN)
def test_without_a_rule_tokens_are_accepted_late(monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    """So the simulation sees each of them."""
    for name, value in READERS.get(broken, {}).items():
        monkeypatch.setattr(MODULE, name, value)
    world, late = World(1, BROKEN[broken]), 0
    for decisions in range(1000, MUTANT_DECISIONS, 1000):
        late = world.live(decisions)["late"]
        if late:
            break

    assert late > 0
