"""A planted fault makes the product wrong, and no request malformed: the machine would find that for another reason."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, cast

import pytest

from proof.machine.logouts import Reach
from proof.machine.machine import Machine
from proof.machine.mutants import MUTANTS, planted
from proof.machine.product import Product, product
from proof.machine.troubles import Trouble
from tests.support import recorded_calls
from tests.support.memory_tables.tables import NotServed

Step = tuple[str, Mapping[str, Any]]
LOGIN: Step = ("log_in", {"user": 1, "transport": "body", "is_right": True, "earlier": 1, "trouble": None})
IN_BROWSER: Step = (LOGIN[0], {**LOGIN[1], "transport": "cookie"})
REFRESH: Step = ("refresh_own", {"session": 0, "is_lost": False, "trouble": None})
OUTAGE: Step = ("refresh_own", {"session": 0, "is_lost": False, "trouble": Trouble("throttled", 0, lasts=True)})
STEAL: Step = ("steal", {"session": 0})
LATER: Step = ("refresh_later", {"session": 0, "wait": 31, "is_lost": False})
THEFT: Step = ("refresh_stolen", {"session": 0, "wait": 31, "is_lost": False})
RETRY: Step = ("retry_at_edge", {"session": 0, "edge": "idle", "off_ms": -1})
ON_DEVICE: Step = (
    "log_in_on_device",
    {"device": 0, "is_guessed": False, "is_right": True, "kind": "app", "trouble": None},
)
ENROL: Step = ("enrol_and_log_in", {"session": 0, "kind": "paper", "number": 0, "is_replacing": True})
GUESS: Step = ("guess_codes", {"session": 0, "left": 0, "kind": "app", "number": 0})
WRONG_CODE: Step = (
    "log_in_with_code",
    {"user": 1, "transport": "body", "kind": "wrong", "number": 0, "is_again": False, "trouble": None},
)
CODE: Step = (WRONG_CODE[0], {**WRONG_CODE[1], "kind": "app", "is_again": True})
STEP_UP: Step = (
    "step_up",
    {"session": 0, "is_with_code": False, "kind": "app", "is_newest": True, "trouble": None},
)
NEW_PASSWORD: Step = ("change_password", {"session": 0, "new": 1, "is_right": True, "trouble": None})
LOGOUT: Step = (
    "log_out",
    {"token": 0, "reach": Reach.ONE, "is_other_transport": False, "trouble": None},
)
LOGOUT_OF_ALL: Step = (LOGOUT[0], {**LOGOUT[1], "reach": Reach.ALL})
FEED: Step = ("break_or_mend_feed", {"seconds": 6})
DISABLE: Step = ("operate", {"user": 1, "act": "disable", "new": 0, "trouble": None})
REPLACE: Step = ("change_keys", {"act": "replace at once", "number": 0})
TOURS: tuple[tuple[Step, ...], ...] = (
    (IN_BROWSER, REFRESH, LOGIN, REFRESH, OUTAGE, LATER, STEAL, LATER, THEFT, LATER, RETRY, ON_DEVICE, STEP_UP),
    (LOGIN, ENROL, WRONG_CODE, ("wait", {"seconds": 60, "is_deleting": False}), CODE, GUESS),
    (*[LOGIN] * 7, FEED, FEED, NEW_PASSWORD, LOGIN, LOGOUT, LOGIN, LOGOUT_OF_ALL, DISABLE, LOGIN, REPLACE),
)

OF_REQUESTS = [name for name, edits in MUTANTS.items() if any(edit.module.startswith("adapters.") for edit in edits)]


@pytest.fixture(scope="module")
def loaded() -> Iterator[Product]:
    """Return the product, loaded once."""
    with product() as loaded:
        yield loaded


@pytest.fixture(autouse=True)
def own_record(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the calls of a wrong product out of the record of all calls."""
    monkeypatch.setattr(recorded_calls, "CALLS", set())


@pytest.mark.parametrize("name", OF_REQUESTS)
def test_a_planted_fault_sends_no_malformed_request(loaded: Product, name: str) -> None:
    """An edited expression that leaves a value unused is refused by DynamoDB, and by the tables in memory."""
    Machine.product, Machine.counts = loaded, Counter()

    with planted(name):
        for tour in TOURS:
            lived(tour)


def test_a_malformed_request_is_noticed(loaded: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: an edit that leaves a value unused."""
    unused = {"unused": (MUTANTS["a recovery code is taken twice"][0]._replace(after='clause = ""'),)}
    monkeypatch.setattr("proof.machine.mutants.MUTANTS", unused)
    Machine.product, Machine.counts = loaded, Counter()

    with planted("unused"), pytest.raises(NotServed):
        lived(TOURS[1])


def lived(tour: tuple[Step, ...]) -> None:
    """Take each step of a history, whether it contradicts the model or not."""
    state = cast("Any", Machine())
    for rule, drawn in tour:
        with suppress(Exception):  # NotServed is none
            getattr(state, rule)(**drawn)
            state.holds()
