"""Calls the deployed `reset_link`, which makes the link of a reset. Only its answer has the link and the code."""

import json
from typing import TYPE_CHECKING, NamedTuple

from admin.failure import SDK_ERRORS, reason
from edge_auth.errors import AccountError

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

NOT_MADE = "no link was made; run the command again"


class ResetLinkError(AccountError):
    """No link was made. The text says why."""


class ResetLink(NamedTuple):
    """A link, the code beside it, and when both end, in seconds since 1970."""

    link: str
    code: str
    expires_at_seconds: int


class ResetLinkClient:
    """Calls `reset_link`. A call may be repeated: the newest link is the one that works."""

    def __init__(self, client: "LambdaClient", *, name: str) -> None:
        """Call the function with this name."""
        self._client = client
        self._name = name

    def make(self, user_id: str) -> ResetLink:
        """Return a new link for this user. Raises ResetLinkError."""
        event = json.dumps({"action": "reset_link", "user_id": user_id}).encode()
        try:
            response = self._client.invoke(FunctionName=self._name, Payload=event)
            answer = json.loads(response["Payload"].read())
        except SDK_ERRORS as error:
            raise ResetLinkError(f"{self._name} did not answer ({reason(error)}); {NOT_MADE}") from error
        except ValueError:
            raise ResetLinkError(f"{self._name} gave an unknown answer; {NOT_MADE}") from None
        match answer:
            case {"link": str(link), "code": str(code), "expires_at": int(expires_at)}:
                return ResetLink(link, code, expires_at)
            case {"refused": str(refused)}:
                raise ResetLinkError(refused)
            case _:
                raise ResetLinkError(f"{self._name} failed; {NOT_MADE}")
