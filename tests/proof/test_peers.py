"""The proof with other login systems: edge-auth's own row, and a server with known faults, which the driver finds."""

import json
import secrets
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from werkzeug.wrappers import Request, Response

from edge_auth.sessions import rotation_rule
from proof.frame.results import Figures
from proof.frame.run import SHORT, Run
from proof.peers import comparison, honest_users, systems, thefts
from proof.peers.comparison import broken, prove, short_table, table
from proof.peers.edge_auth import EdgeAuth
from proof.peers.outcomes import together
from proof.peers.peer import MovedClock, Peer
from proof.peers.serving import in_thread

TABS = honest_users.TABS


class Naive:
    """A login with strict rotation that reads a token, and writes later: parallel requests all read the same.

    A refresh ends the family if its token was used. A logout does nothing, and access tokens live for ever.
    """

    def __init__(self, at_once: int) -> None:
        """Let so many readers pass before the first one writes."""
        self._families: dict[str, str] = {}
        self._used: set[str] = set()
        self._ended: set[str] = set()
        self._readers = threading.Barrier(at_once)
        self.waits = False

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:  # noqa: ANN401 - WSGI's own type
        """Serve one request."""
        request = Request(environ)
        return self._answer(request.path, json.loads(request.get_data() or "{}"))(environ, start_response)

    def _answer(self, path: str, given: Mapping[str, str]) -> Response:
        if not path.endswith(("login", "refresh")):
            return Response("{}")
        presented = given.get("refresh_token", "")
        family = self._families.get(presented, secrets.token_hex(8))
        is_refused = presented in self._used or family in self._ended
        if self.waits:
            self._readers.wait()
        if is_refused:
            self._ended.add(family)
            return Response("{}", 400)
        self._used |= {presented} - {""}
        successor = secrets.token_hex(8)
        self._families[successor] = family
        return Response(json.dumps({"refresh_token": successor, "access_token": successor}))


@pytest.fixture
def naive() -> Naive:
    """Return the server with known faults."""
    return Naive(TABS)


@pytest.fixture
def peer(naive: Naive, tmp_path: Path) -> Iterator[Peer]:
    """Serve it."""
    with in_thread(naive, threaded=True) as port:
        yield Peer(port, 900, MovedClock(tmp_path / "clock"), EdgeAuth)


def test_edge_auth_keeps_its_promises_in_every_scenario() -> None:
    """The real handlers over HTTP: no tab, no lost answer and no caller ends a session, and each thief is caught."""
    figures = prove(Run("peers", SHORT))

    assert broken(figures) == []
    row = figures.counts["edge-auth, defaults"]
    assert (row["storm"]["tabs"], row["callers"]["answered"]) == (TABS, 16)
    assert row["month"]["refreshes"] >= honest_users.REFRESHES_A_DAY
    assert row["thief"]["thief_first"] == {"thief out at refresh 3, owner out at refresh 4": 1}
    assert "0 of 8" in table(figures)
    assert "0 of 8 tabs" in short_table(figures)


def test_a_thief_who_calls_the_api_is_refused_as_late_as_after_a_logout() -> None:
    """The authorizer has a copy of the ended sessions in both scenarios, and uses it for five seconds at most."""
    with systems.IN_MEMORY.running() as peer:
        after_logout, after_theft = thefts.logout(peer, 1), thefts.thief(peer, 1)

    assert after_logout["access_token"] == after_theft["access_token"] == {"at most 5 s": 1}


def test_a_faulty_rotation_breaks_the_promises(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without late retries, a lost answer ends the session, and the proof says so."""
    real = rotation_rule.decide

    def without_late_retries(*arguments: Any, **named: Any) -> rotation_rule.Outcome:  # noqa: ANN401 - as the rule
        outcome = real(*arguments, **named)
        return rotation_rule.Outcome.REUSED if outcome is rotation_rule.Outcome.RETRIED_LATE else outcome

    def lost(peer: Peer) -> dict[str, Any]:
        return {"lost_answer": honest_users.lost_answer(peer, 1)}

    monkeypatch.setattr("edge_auth.flows.sessions.refresh.decide", without_late_retries)
    monkeypatch.setattr(comparison, "_acts", lambda _run: {"lost": lost})

    found = prove(Run("peers", SHORT)).counts["edge-auth, defaults"]

    assert found["lost_answer"] == {"sessions": 1, "at_once": 0, "later": 1}


def test_the_driver_sees_tabs_that_strict_rotation_logs_out(peer: Peer) -> None:
    """One tab rotates, and all others are refused, which ends the session."""
    counted = honest_users.storm(peer, 1)

    assert (counted["logged_out"], counted["lost"]) == (TABS, 1)


def test_the_driver_sees_a_token_that_was_redeemed_twice(peer: Peer, naive: Naive) -> None:
    """All callers read before one writes: each gets a successor, and each successor goes on."""
    first = peer.new_sessions(1)[0]
    tokens = first.login()
    naive.waits = True

    got = together([lambda: first.refresh(tokens.refresh)] * TABS)

    assert len(set(got)) == TABS


def test_the_driver_sees_a_lost_answer_that_ends_a_session(peer: Peer) -> None:
    """Strict rotation takes the retry of an honest client for a theft."""
    assert honest_users.lost_answer(peer, 1) == {"sessions": 1, "at_once": 1, "later": 1}


def test_the_driver_sees_a_logout_that_does_nothing(peer: Peer) -> None:
    """Both tokens go on after it."""
    counted = thefts.logout(peer, 1)

    assert counted == {"refresh_token": {"works": 1}, "access_token": {"longer than its life": 1}}


@pytest.mark.parametrize(
    ("scenario", "bad"),
    [
        ("storm", {"logged_out": 1, "lost": 0, "most_successors": 1}),
        ("lost_answer", {"at_once": 0, "later": 1}),
        ("month", {"lost": 1}),
        ("callers", {"most_successors": 2, "refused": 0, "undecided": 0, "lost": 0}),
        ("logout", {"refresh_token": {"works": 1}, "access_token": {"not at all": 1}}),
        ("logout", {"refresh_token": {"dead": 1}, "access_token": {"until it expires": 1}}),
        ("logout", {"refresh_token": {"dead": 1}, "access_token": {thefts.NEVER: 1}}),
    ],
)
def test_each_bad_figure_is_a_broken_promise(scenario: str, bad: dict[str, Any]) -> None:
    """The proof fails for each of edge-auth's promises alone. Good figures break none."""
    good: dict[str, Any] = {
        "storm": {"logged_out": 0, "lost": 0, "most_successors": 1},
        "lost_answer": {"at_once": 0, "later": 0},
        "month": {"lost": 0},
        "callers": {"most_successors": 1, "refused": 0, "undecided": 0, "lost": 0},
        "logout": {"refresh_token": {"dead": 5}, "access_token": {"at most 5 s": 5}},
        "thief": {"access_token": {"not at all": 5}, **{how: {end: 5} for how, end in comparison.CAUGHT.items()}},
    }

    assert broken(Figures({"edge-auth, defaults": good})) == []
    assert len(broken(Figures({"edge-auth, defaults": {**good, scenario: bad}}))) == 1


def test_a_comparison_without_edge_auth_breaks_the_promise() -> None:
    """It says nothing about edge-auth, however the others do."""
    not_run = {comparison.NOT_RUN: "no Java"}

    assert broken(Figures({"edge-auth, defaults": not_run, "another": {}})) == ["edge-auth was not run: no Java"]
