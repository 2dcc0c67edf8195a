"""The same facts in Firefox: cookies, links from other sites, and what pages of other origins can do."""

import json
import subprocess
from typing import Any

import pytest

from tests.browsers.conftest import World
from tests.browsers.programs import HERE
from tests.support.browser import DEVICE_COOKIE, REFRESH_COOKIE
from tests.support.people import PASSWORD
from tests.support.tools import NODE, firefox

DAY_SECONDS = 86_400
LIFETIMES = {REFRESH_COOKIE: 14 * DAY_SECONDS, DEVICE_COOKIE: 400 * DAY_SECONDS}
ROUTES = 3


def facts(world: World) -> dict[str, Any]:
    """Run Firefox once through all of it, because it starts slowly."""
    addresses = (world.app, world.neighbour, world.stranger, world.address)
    outcome = subprocess.run(
        [str(NODE), str(HERE / "firefox.mjs"), str(firefox()), *addresses, "ada", PASSWORD],
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert outcome.returncode == 0, outcome.stderr
    told: dict[str, Any] = json.loads(outcome.stdout)
    return told


def test_firefox_agrees(world: World, subtests: pytest.Subtests) -> None:
    """B1, B3, B4, B14, B21, B22, B24, B25: what Chromium does, Firefox does too."""
    told = facts(world)
    session = told["session"]

    with subtests.test("B1: the cookies have exactly their attributes, and no script reads them"):
        assert [cookie["name"] for cookie in told["cookies"]] == list(LIFETIMES)
        for cookie in told["cookies"]:
            assert cookie["lifeSeconds"] == pytest.approx(LIFETIMES[cookie["name"]], abs=120)
            kept = {part: cookie[part] for part in ("domain", "path", "secure", "httpOnly", "sameSite")}
            assert kept == {"domain": "127.0.0.1", "path": "/", "secure": True, "httpOnly": True, "sameSite": "Strict"}
        assert told["readable"] == ""
        assert [answer for answer in world.api.answers if "edgeauth_" in answer.text] == []

    with subtests.test("B3: a script neither makes nor changes the cookie"):
        assert (told["madeByScript"], told["unchanged"]) == ([], True)
        assert told["otherByScript"] is True

    with subtests.test("B4, B25: a reload and a link from another site keep the session"):
        assert told["reloaded"] == [True, session]
        assert told["byLink"] == told["byRedirects"] == [{"value": True}, session]
        linked = [document for document in world.documents if document["Sec-Fetch-Site"] == "cross-site"]
        assert len(linked) == 2
        assert not any(REFRESH_COOKIE in document.get("Cookie", "") for document in linked)

    with subtests.test("B21, B24: no request of another page changes anything"):
        assert told["keptThroughAttacks"] is True
        for who in ("stranger", "neighbour"):
            assert told[who]["seen"] == [["opaque", 0], "TypeError"] * ROUTES
        origins = {arrival.headers.get("Origin") for arrival in world.api.arrivals}
        assert origins >= {world.stranger, world.neighbour, "null"}
        for arrival in world.api.arrivals:
            if arrival.headers.get("Sec-Fetch-Site") == "cross-site":
                assert REFRESH_COOKIE not in arrival.headers.get("Cookie", "")
        assert [session_id for session_id in world.generations() if session_id != session] == []
        assert {line["event"] for line in world.stack.output.security_events()} <= {
            *("login_succeeded", "refresh_rotated", "refresh_coalesced", "refresh_refused", "session_ended"),
            "logout",
        }

    with subtests.test("B22: another page reads only the public keys"):
        for who in ("stranger", "neighbour"):
            assert told[who]["reads"] == [["opaque", 0], "TypeError", "TypeError", ["cors", 200]]

    with subtests.test("B14: a logout reaches the other tab, and removes the cookie"):
        assert told["other"] == [True, session]
        assert told["otherCall"] == {"status": 401, "sid": None}
        assert set(told["cookiesAfterLogout"]) == {"__Host-other", DEVICE_COOKIE}
        assert world.generations() == {}
