"""The deployed `rotate_keys`, asked by name. It alone reads and writes the key ring; no key comes back."""

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

Summary = dict[str, Any]

NOT_DONE = frozenset({"ResourceNotFoundException", "AccessDeniedException", "TooManyRequestsException"})


class RotateKeysError(Exception):
    """It did not do what was asked, or may not have; the text says which, and what to do."""


class RotateKeysClient:
    """Asks, and turns each way to fail into one readable line.

    The client must not retry: a repeat of a change that was done, and whose answer was lost, is refused by its
    version, and would look as if nothing had been done.
    """

    def __init__(self, client: "LambdaClient", *, name: str) -> None:
        """Ask the function of this name."""
        self._client = client
        self._name = name

    def show(self) -> Summary:
        """Return the ring's summary. Raises RotateKeysError."""
        return self._ask({"action": "show"}, unclear="try again")

    def rotate(self, version: str) -> Summary:
        """Bring the next keys forward, if the ring is still of this version. Raises RotateKeysError."""
        return self._change({"action": "rotate", "version": version})

    def replace(self, version: str, *, at_once: bool, end_sessions: bool) -> Summary:
        """Replace every key, if the ring is still of this version. Raises RotateKeysError."""
        event = {"action": "replace", "version": version, "at_once": at_once, "end_sessions": end_sessions}
        return self._change(event)

    def _change(self, event: dict[str, object]) -> Summary:
        return self._ask(event, unclear="it may have been done or not: look with `keys show`")

    def _ask(self, event: dict[str, object], *, unclear: str) -> Summary:
        try:
            response = self._client.invoke(FunctionName=self._name, Payload=json.dumps(event).encode())
            payload = response["Payload"].read()
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            outcome = "nothing was done" if code in NOT_DONE else unclear
            raise RotateKeysError(f"{self._name} could not be called ({code}); {outcome}") from error
        except BotoCoreError as error:
            raise RotateKeysError(f"{self._name} did not answer ({type(error).__name__}); {unclear}") from error
        answer = _object(payload)
        failure = response.get("FunctionError")
        if failure:
            # Its type and no more: what else an error says is for the function's log.
            kind = answer.get("errorType", failure)
            raise RotateKeysError(f"{self._name} failed ({kind}); {unclear}")
        if "refused" in answer:
            raise RotateKeysError(f"{answer['refused']}; nothing was done: look with `keys show`, then repeat")
        if not {"version", "now", "signing", "mac"} <= answer.keys():
            raise RotateKeysError(f"{self._name} answered in another form: is it of this command's version?")
        return answer


def _object(payload: bytes) -> Summary:
    try:
        answer = json.loads(payload)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}
