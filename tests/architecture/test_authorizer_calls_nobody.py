"""The authorizer decides with what it has: while it verifies, it opens no socket and no file, and resolves no name."""

import json
import subprocess
import sys
import time

from edge_auth.tokens.access import issue
from edge_auth.tokens.claims import AccessClaims
from edge_auth.tokens.keyring import make_key_ring
from tests.architecture.template_file import ROOT

METHOD_ARN = "arn:aws:execute-api:us-east-1:123456789012:abcdef1234/v1/GET/me"

SCRIPT = """
import json, sys
import functions.authorizer.app as app

calls = []
watched = ("socket.", "open", "subprocess.", "os.system", "import")
sys.addaudithook(lambda name, arguments: calls.append(name) if name.startswith(watched) else None)
answers = [app.handler(event, None) for event in json.loads(sys.argv[1])]
found = list(calls)
print(json.dumps({"answers": answers, "calls": found}))
"""


def test_verifying_opens_no_socket_and_no_file() -> None:
    """Z13: a good token, a bad one and one under an unknown key are decided without a call and without an import."""
    ring = make_key_ring("ES256", now_seconds=0, entropy=bytes)
    stranger = make_key_ring("ES256", now_seconds=0, entropy=bytes)
    now = int(time.time())
    claims = AccessClaims(
        iss="https://auth.example.com",
        aud="https://api.example.com",
        sub="ada",
        client_id="first-party",
        iat=now,
        exp=now + 900,
        jti="1",
        sid="2",
        auth_time=now,
    )
    tokens = [issue(claims, ring.signing), "no.such.token", issue(claims, stranger.signing)]
    events = [{"type": "TOKEN", "authorizationToken": f"Bearer {token}", "methodArn": METHOD_ARN} for token in tokens]

    outcome = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(events)],
        cwd=ROOT,
        env={
            "ISSUER": claims.iss,
            "AUDIENCE": claims.aud,
            "JWKS": json.dumps(ring.jwks()),
            "PYTHONPATH": f"{ROOT / 'layers' / 'edge_auth'}:{ROOT}",
        },
        capture_output=True,
        text=True,
        check=True,
    )

    report = json.loads(outcome.stdout)
    effects = [answer["policyDocument"]["Statement"][0]["Effect"] for answer in report["answers"]]
    assert effects == ["Allow", "Deny", "Deny"]
    assert report["calls"] == []
