"""The proof with a thousand thefts: each way is caught, and what ends otherwise breaks a promise."""

from typing import Any

import pytest

from proof.frame.results import Figures
from proof.frame.run import SHORT, Run
from proof.peers import thefts
from proof.peers.comparison import CAUGHT
from proof.peers.planted_thefts import LEAST, broken, prove, table


def test_each_theft_is_caught_and_no_tab_is_signed_out() -> None:
    """The real handlers over HTTP, in the short form."""
    figures = prove(Run("planted_thefts", SHORT))

    assert broken(figures) == []
    assert {way: figures.counts[way] for way in thefts.WAYS} == {way: {end: 1} for way, end in CAUGHT.items()}
    assert figures.counts["tabs"]["tabs"] == 16
    assert "0 of 16 tabs signed out" in table(figures)


@pytest.mark.parametrize(
    ("bad", "line"),
    [
        ({"ancient": {"accepted, owner out": 250}}, "a theft ended otherwise: ancient, accepted, owner out: 250"),
        (
            {"after_logout": {"refused": 249, "refused; other device out": 1}},
            "a theft ended otherwise: after_logout, refused; other device out: 1",
        ),
        ({"thief_first": {CAUGHT["thief_first"]: 249}}, "there were 999 thefts"),
        ({"most_successors": 2}, "tabs of a session got different refresh tokens"),
        ({"tabs": {"sessions": 999}}, "there were 999 sessions with tabs"),
        ({"tabs": {"logged_out": 1}}, "tabs were signed out"),
        ({"tabs": {"lost": 1}}, "tabs were signed out"),
        ({"tabs": {"undecided": 1}}, "tabs were not answered"),
    ],
)
def test_each_bad_figure_is_a_broken_promise(bad: dict[str, Any], line: str) -> None:
    """Good figures break none."""
    tabs = {"tabs": 8000, "sessions": 1000, "logged_out": 0, "lost": 0, "undecided": 0}
    good: dict[str, Any] = {
        "tabs": tabs,
        "most_successors": 1,
        "least": LEAST,
        **{way: {end: 250} for way, end in CAUGHT.items()},
    }
    changed = {**good, **bad, "tabs": {**tabs, **bad.get("tabs", {})}}

    assert broken(Figures(good)) == []
    assert broken(Figures(changed)) == [line]
