"""CloudFront before the verifier of examples/edge: its documented event, and Node.js, which runs the function."""

import json
import os
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.access_tokens import AUDIENCE, ISSUER
from tests.support.template import ROOT

Event = dict[str, Any]

NODE = ROOT / ".tools" / "node" / "bin" / "node"
VERIFIER = ROOT / "examples" / "edge" / "verifier" / "verifier.mjs"
needs_node = pytest.mark.skipif(not NODE.exists() and "CI" not in os.environ, reason="Node.js could not be fetched")

# The function is loaded once, as in a warm sandbox. What it logs goes to standard error.
SCRIPT = """
import { readFileSync } from "node:fs";
const { handler } = await import(process.argv[1]);
const { requests, now } = JSON.parse(readFileSync(0, "utf8"));
Date.now = () => now * 1000;
console.log = console.error;
const answers = [];
for (const event of requests) answers.push(await handler(event));
process.stdout.write(JSON.stringify(answers));
"""


def viewer_request(headers: Mapping[str, Iterable[str]] = {}) -> Event:
    """Return the event of a viewer request, with more headers. The names of the keys are in lower case.

    AWS, CloudFront Developer Guide, "Lambda@Edge event structure", "Example viewer request".
    """
    more = {name.lower(): [{"key": name, "value": value} for value in values] for name, values in headers.items()}
    return {
        "Records": [
            {
                "cf": {
                    "config": {
                        "distributionDomainName": "d111111abcdef8.cloudfront.net",
                        "distributionId": "EDFDVBD6EXAMPLE",
                        "eventType": "viewer-request",
                        "requestId": "4TyzHTaYWb1GX1qTfsHhEqV6HUDd_BzoBZnwfnvQc_1oF26ClkoUSEQ==",
                    },
                    "request": {
                        "clientIp": "203.0.113.178",
                        "headers": {
                            "host": [{"key": "Host", "value": "d111111abcdef8.cloudfront.net"}],
                            "user-agent": [{"key": "User-Agent", "value": "curl/7.66.0"}],
                            "accept": [{"key": "accept", "value": "*/*"}],
                            **more,
                        },
                        "method": "GET",
                        "querystring": "",
                        "uri": "/",
                    },
                }
            }
        ]
    }


def request_of(event: Event) -> dict[str, Any]:
    """Return the request in an event."""
    request: dict[str, Any] = event["Records"][0]["cf"]["request"]
    return request


class EdgeVerifier:
    """The function as it is deployed: its file, and the file of the issuer beside it."""

    def __init__(self, folder: Path, issuer_file: str) -> None:
        """Put both files into the folder."""
        (folder / VERIFIER.name).write_bytes(VERIFIER.read_bytes())
        (folder / "issuer.json").write_text(issuer_file, encoding="utf-8")
        self._module = folder / VERIFIER.name
        self.log = ""

    def answers(self, events: Iterable[Event], *, now_seconds: int) -> list[dict[str, Any]]:
        """Return the answer to each event, all in one process. An exception of the function is an error."""
        given = json.dumps({"requests": list(events), "now": now_seconds})
        command = [str(NODE), "--input-type=module", "--eval", SCRIPT, str(self._module)]
        done = subprocess.run(command, input=given, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr
        self.log = done.stderr
        answers: list[dict[str, Any]] = json.loads(done.stdout)
        return answers


def issuer_file(keys: Iterable[Mapping[str, object]], *, made_at: int) -> str:
    """Return the file of an issuer with these public keys."""
    return json.dumps({"issuer": ISSUER, "audience": AUDIENCE, "made_at": made_at, "keys": list(keys)})
