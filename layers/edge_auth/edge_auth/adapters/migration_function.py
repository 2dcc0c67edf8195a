"""The operator's own Lambda function, which says whether a password is right in the system that users come from.

It gets `{"username": …, "password": …}` and answers `{"valid": false}` or `{"valid": true}`, with `email` and
`email_verified` if it wants to. The password goes to this function only, inside the signed request over TLS.
"""

import json
from typing import TYPE_CHECKING

from edge_auth.adapters.aws import translated_failures
from edge_auth.errors import EmailRefused, InvalidCredentials, TemporarilyUnavailable
from edge_auth.flows.ports.old_system import OldUser
from edge_auth.mail_address import canonical_address
from edge_auth.strict_json import NotStrictJson, json_object

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

MAX_ANSWER_BYTES = 4096


class MigrationFunction:
    """The port `flows.ports.old_system.OldSystem`."""

    def __init__(self, client: "LambdaClient", *, function: str) -> None:
        """Call the function of this ARN."""
        self._client = client
        self._function = function

    def authenticate(self, username: str, password: str) -> OldUser:
        """Ask the function."""
        with translated_failures():
            answer = self._client.invoke(
                FunctionName=self._function,
                InvocationType="RequestResponse",
                Payload=json.dumps({"username": username, "password": password}).encode("utf-8"),
            )
            payload = answer["Payload"].read(MAX_ANSWER_BYTES + 1)
        if answer.get("FunctionError") or len(payload) > MAX_ANSWER_BYTES:
            raise TemporarilyUnavailable("the migration function failed")  # its text may have the password
        try:
            members = json_object(payload)
        except NotStrictJson:
            raise TemporarilyUnavailable("the migration function answered no JSON object") from None
        return _user(members)


def _user(members: dict[str, object]) -> OldUser:
    """Read the answer. A value that is not exactly of its type decides nothing: "false" is no bool."""
    valid, email, verified = members.get("valid"), members.get("email", ""), members.get("email_verified", False)
    if not (isinstance(valid, bool) and isinstance(email, str) and isinstance(verified, bool)):
        raise TemporarilyUnavailable("the migration function answered in another form")
    if not valid:
        raise InvalidCredentials("the old system does not accept the password")
    try:
        return OldUser(canonical_address(email) if email else "", verified)
    except EmailRefused:
        raise TemporarilyUnavailable("the migration function answered no mail address") from None
