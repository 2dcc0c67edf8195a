"""Without the feed of ended sessions, the authorizer decides without calls: no socket, no file, no name, no import.

It asks the issuer only for a token of the right form with an unknown key, and loads the network modules only then.
"""

import json
import socket
import time
from typing import Any

import pytest

from edge_auth.keys.jwk import header_segment
from edge_auth.tokens.access_token import issue
from tests.support.access_tokens import AUDIENCE, claims_at, key
from tests.support.authorizer import SHAPES, WITHOUT_FEED, is_allowed, key_set
from tests.support.cold_start import in_new_interpreter

NETWORK = {"urllib", "http", "ssl", "socket", "asyncio", "email"}

SCRIPT = """
import json, sys
import functions.authorizer.app as app

calls = []
watched = ("socket.", "open", "subprocess.", "os.system", "import")
sys.addaudithook(lambda name, arguments: calls.append(name) if name.startswith(watched) else None)
reports = []
for events in json.loads(sys.argv[1]):
    calls.clear()
    answers = [app.handler(event, None) for event in events]
    found = list(calls)
    loaded = sorted({name.partition(".")[0] for name in sys.modules})
    reports.append({"answers": answers, "calls": found, "loaded": loaded})
print(json.dumps(reports))
"""


def unused_port() -> int:
    """Return a port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def reports(issuer: str, *phases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the answers, calls and loaded modules of a new interpreter in each phase."""
    environ = {"ISSUER": issuer, "AUDIENCE": AUDIENCE, "JWKS": key_set(), **WITHOUT_FEED}
    found: list[dict[str, Any]] = json.loads(in_new_interpreter(SCRIPT, json.dumps([[], *phases]), environ=environ))
    return found


@pytest.mark.parametrize("shape", SHAPES)
def test_only_an_unknown_key_makes_it_call(shape: str) -> None:
    """Z13: in all shapes, good, malformed, forged and expired tokens need no call; unknown keys need one a minute."""
    issuer = f"http://127.0.0.1:{unused_port()}"
    claims = claims_at(int(time.time()))._replace(iss=issuer)
    expired = claims_at(int(time.time()) - 1000)._replace(iss=issuer)
    good = issue(claims, key("ES256"))
    header, payload, signature = good.split(".")
    almost = header_segment("ES256", "A" * 42)
    known = [
        good,
        issue(claims, key("RS256")),
        issue(claims, key("EdDSA")),
        "no.such.token",
        "",
        issue(expired, key("ES256")),
        f"{header}.{payload}.{signature[:-8]}AAAAAAAA",
        f"{header}.{issue(claims, key('ES256', 'foreign')).partition('.')[2]}",
        f"{almost}.{payload}.{signature}",
    ]
    unknown = [issue(claims, key("ES256", name)) for name in ("foreign", "another")]

    start, decided, fetching, again = reports(
        issuer, *([SHAPES[shape].event(f"Bearer {token}") for token in tokens] for tokens in (known, unknown, known))
    )

    assert not NETWORK & set(start["loaded"])
    assert [is_allowed(answer) for answer in decided["answers"]] == [True] * 3 + [False] * 6
    assert decided["calls"] == []
    assert decided["loaded"] == start["loaded"]
    assert fetching["answers"] == [SHAPES[shape].deny] * 2
    assert (fetching["calls"].count("socket.getaddrinfo"), fetching["calls"].count("socket.connect")) == (1, 1)
    assert set(fetching["loaded"]) >= {"http", "ssl", "socket"}
    assert again["answers"] == decided["answers"]
    assert again["calls"] == []
