"""The client for browsers and the server speak the same: `clients/js` against the functions, over HTTP.

Node is missing only if the npm registry could not be reached. Then the test is skipped outside CI.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from threading import Thread
from typing import Any

import pytest
from werkzeug.serving import make_server

from tests.support.browser import APP, DEVICE_COOKIE, REFRESH_COOKIE, for_browsers
from tests.support.http_gateway import HttpGateway
from tests.support.people import PASSWORD
from tests.support.sample_events import STAGE
from tests.support.stack import Stack
from tests.support.template import ROOT

NODE = ROOT / ".tools" / "node" / "bin" / "node"
PAGE = ROOT / "tests" / "functional" / "page.mjs"
ATTRIBUTES = "Path=/ Secure HttpOnly SameSite=Strict"

pytestmark = pytest.mark.skipif(not NODE.exists() and "CI" not in os.environ, reason="Node could not be fetched")


@pytest.fixture
def address(stack: Stack) -> Iterator[str]:
    """Yield the address of the API, which serves until the test ends."""
    server = make_server("127.0.0.1", 0, HttpGateway(for_browsers(stack)))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.port}/{STAGE}"
    server.shutdown()
    thread.join()
    server.server_close()


def page(address: str) -> dict[str, Any]:
    """Open a page that logs in, calls an API, is loaded again and logs out, and return what it met."""
    outcome = subprocess.run(
        [str(NODE), str(PAGE), address, APP, "ada", PASSWORD], capture_output=True, text=True, check=False, timeout=60
    )
    assert outcome.returncode == 0, outcome.stderr
    met: dict[str, Any] = json.loads(outcome.stdout)
    return met


def test_a_user_signs_in_stays_signed_in_and_signs_out(stack: Stack, address: str) -> None:
    """C1-C3, C12, C16: each step of the client gets what it expects, by the rules of a browser."""
    met = page(address)

    assert (met["before"], met["wrong"]) == (False, "invalid_credentials")
    assert met["session"] == met["me"] == met["restoredSession"]
    assert (met["restored"], met["cookies"]) == (True, [REFRESH_COOKIE, DEVICE_COOKIE])
    assert met["stranger"] == "blocked by CORS: origin"
    assert (met["after"], met["refused"]) == ([DEVICE_COOKIE], [401, "Bearer"])
    assert met["preflights"] >= 7
    assert set(met["kept"]) == {f"{REFRESH_COOKIE} {ATTRIBUTES}", f"{DEVICE_COOKIE} {ATTRIBUTES}"}
    assert not [body for body in met["bodies"] if "edgeauth_" in body]
    assert [line["event"] for line in stack.output.security_events()].count("refresh_rotated") == 1
