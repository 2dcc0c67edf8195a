"""Calls the deployed `rotate_keys`, which alone reads and writes the key ring. Its answers contain no key."""

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from admin.failure import SDK_ERRORS

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

Summary = dict[str, Any]

NOT_DONE = frozenset({"ResourceNotFoundException", "AccessDeniedException", "TooManyRequestsException"})
UNCLEAR = "the keys may or may not have changed; check with `keys show`; if they have, run `keys publish`"


class RotateKeysError(Exception):
    """`rotate_keys` failed. The text says whether the keys may have changed, and what to do."""


class RotateKeysClient:
    """Calls `rotate_keys`, and turns each failure into one readable line.

    The SDK's client must not retry. If a change is done and its answer is lost, a retry is refused, because the key
    ring has a new version. The refusal would say that nothing was done.
    """

    def __init__(self, client: "LambdaClient", *, name: str) -> None:
        """Call the function with this name."""
        self._client = client
        self._name = name

    def show(self) -> Summary:
        """Return the summary of the key ring. Raises RotateKeysError."""
        return self._ask({"action": "show"}, unclear="try again")

    def rotate(self, version: str) -> Summary:
        """Let the next keys sign earlier, if the key ring still has this version. Raises RotateKeysError."""
        return self._change({"action": "rotate", "version": version})

    def replace(self, version: str, *, at_once: bool, end_sessions: bool) -> Summary:
        """Replace the keys, if the key ring still has this version; the MAC keys only with `end_sessions`.

        Raises RotateKeysError.
        """
        event = {"action": "replace", "version": version, "at_once": at_once, "end_sessions": end_sessions}
        return self._change(event)

    def _change(self, event: dict[str, object]) -> Summary:
        return self._ask(event, unclear=UNCLEAR)

    def _ask(self, event: dict[str, object], *, unclear: str) -> Summary:
        try:
            response = self._client.invoke(FunctionName=self._name, Payload=json.dumps(event).encode())
            payload = response["Payload"].read()
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            outcome = "nothing was done" if code in NOT_DONE else unclear
            raise RotateKeysError(f"{self._name} could not be called ({code}); {outcome}") from error
        except SDK_ERRORS as error:
            raise RotateKeysError(f"{self._name} did not answer ({type(error).__name__}); {unclear}") from error
        answer = _object(payload)
        failure = response.get("FunctionError")
        if failure:
            # Only the type of the error. The rest is for the function's log.
            kind = answer.get("errorType", failure)
            raise RotateKeysError(f"{self._name} failed ({kind}); {unclear}")
        if "refused" in answer:
            raise RotateKeysError(f"{answer['refused']}; nothing was done; check with `keys show`, then run this again")
        if not {"version", "now", "signing", "mac"} <= answer.keys():
            raise RotateKeysError(f"{self._name} gave an unknown answer; deploy this version of edge-auth first")
        return answer


def _object(payload: bytes) -> Summary:
    try:
        answer = json.loads(payload)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}
