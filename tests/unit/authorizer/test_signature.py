"""The signature of a read, compared with botocore's signer. EDGE_AUTH_EXAMPLES=10000 compares that many requests."""

import os
import random
import string
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials

from edge_auth.authorizer.signature import Credentials, signed_headers

REQUESTS = int(os.environ.get("EDGE_AUTH_EXAMPLES", "200"))
LETTERS = string.ascii_letters + string.digits


def botocores(
    body: bytes, *, target: str, host: str, region: str, credentials: Credentials, now_seconds: int
) -> dict[str, str]:
    """Return the headers that botocore signs for the same request."""
    token = credentials.session_token or None
    signer = SigV4Auth(BotocoreCredentials(credentials.key_id, credentials.secret, token), "dynamodb", region)
    headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": target}
    request = AWSRequest("POST", f"https://{host}/", data=body, headers=headers)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.auth.get_current_datetime", lambda **_: datetime.fromtimestamp(now_seconds, UTC))
        signer.add_auth(request)
    return {name.lower(): value for name, value in request.headers.items()}


def text(chance: random.Random, longest: int, letters: str = LETTERS) -> str:
    """Return a random text."""
    return "".join(chance.choices(letters, k=chance.randint(1, longest)))


def test_a_request_is_signed_as_botocore_signs_it() -> None:
    """The SDK is the oracle: with and without a session token, for any time, Region, port, credentials and body."""
    chance = random.Random(4)  # noqa: S311 - the same requests in every run
    for _ in range(REQUESTS):
        body = chance.randbytes(chance.randint(0, 300))
        secret = text(chance, 40, LETTERS + "/+")
        session_token = chance.choice(["", text(chance, 400, LETTERS + "/+=")])
        port = chance.choice(["", f":{chance.randint(1024, 65_535)}"])
        request: dict[str, Any] = {
            "target": f"DynamoDB_20120810.{chance.choice(['Query', 'GetItem'])}",
            "host": f"{text(chance, 20, string.ascii_lowercase)}.example{port}",
            "region": chance.choice(["eu-central-1", "cn-north-1", "us-gov-west-1"]),
            "credentials": Credentials(text(chance, 20), secret, session_token),
            "now_seconds": chance.randint(0, 4_000_000_000),
        }
        ours, theirs = signed_headers(body, **request), botocores(body, **request)

        assert ours == {"host": ours["host"], **theirs}
