"""The system in which some users are still, behind the operator's function that says whether a password is right."""

import json
from typing import TYPE_CHECKING

from botocore.awsrequest import AWSResponse
from moto.core.botocore_stubber import MockRawResponse

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest


class EarlierSystem:
    """The passwords of its users, by name."""

    def __init__(self) -> None:
        """Begin without users."""
        self.passwords: dict[str, str] = {}

    def serve(self, request: "AWSPreparedRequest") -> AWSResponse:
        """Answer a call of the function, in the place of Lambda."""
        asked = json.loads(bytes(request.body or b""))  # type: ignore[arg-type]  # the SDK has written it already
        name = asked["username"]
        is_right = self.passwords.get(name) == asked["password"]
        raw = json.dumps({"valid": is_right, "email": f"{name}@mail.example", "email_verified": True}).encode()
        return AWSResponse(request.url, 200, {"Content-Length": str(len(raw))}, MockRawResponse(raw))  # type: ignore[arg-type]
