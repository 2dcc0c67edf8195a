"""AWS's Signature Version 4 for requests to DynamoDB. Pure.

AWS IAM User Guide, "Create a signed AWS API request". The hashes are those of `cryptography`, which is loaded anyway.
"""

from typing import NamedTuple

from cryptography.hazmat.primitives.hashes import SHA256, Hash
from cryptography.hazmat.primitives.hmac import HMAC

from edge_auth.authorizer.dates import basic_form

ALGORITHM = "AWS4-HMAC-SHA256"
SERVICE = "dynamodb"
CONTENT_TYPE = "application/x-amz-json-1.0"


class Credentials(NamedTuple):
    """An access key. A temporary one, such as a function's, has a session token; any other has an empty one."""

    key_id: str
    secret: str
    session_token: str


def signed_headers(
    body: bytes, *, target: str, host: str, region: str, credentials: Credentials, now_seconds: int
) -> dict[str, str]:
    """Return all headers of a POST to `/`, but for its length. `target` names the operation."""
    time = basic_form(now_seconds)
    headers = {"content-type": CONTENT_TYPE, "host": host, "x-amz-date": time}
    if credentials.session_token:
        headers["x-amz-security-token"] = credentials.session_token
    headers["x-amz-target"] = target
    names = ";".join(headers)  # in the order of the alphabet, as the signature needs them
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    scope = f"{time[:8]}/{region}/{SERVICE}/aws4_request"
    request = f"POST\n/\n\n{lines}\n{names}\n{_sha256(body)}"
    to_sign = f"{ALGORITHM}\n{time}\n{scope}\n{_sha256(request.encode('ascii'))}"
    key = f"AWS4{credentials.secret}".encode("ascii")
    for part in (*scope.split("/"), to_sign):
        key = _hmac(key, part.encode("ascii"))
    headers["authorization"] = (
        f"{ALGORITHM} Credential={credentials.key_id}/{scope}, SignedHeaders={names}, Signature={key.hex()}"
    )
    return headers


def _sha256(content: bytes) -> str:
    digest = Hash(SHA256())
    digest.update(content)
    return digest.finalize().hex()


def _hmac(key: bytes, content: bytes) -> bytes:
    code = HMAC(key, SHA256())
    code.update(content)
    return code.finalize()
