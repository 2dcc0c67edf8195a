"""The record of what operators do: lines in a log group of the stack that say what was done to whom, and by whom.

An act is written down before it begins, and once more when it ends. A line holds ids, and never a name or a password.
"""

import json
import secrets
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from admin.connection import Caller
from admin.failure import SDK_ERRORS, code_of, reason
from admin.times import day, iso

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

ACT_ID_BYTES = 8
BEGUN, DONE, FAILED = "begun", "done", "failed"


class NotRecorded(Exception):
    """The act cannot be written down, so it was not begun. The text says why."""


class AuditLog:
    """The log group of one stack."""

    def __init__(
        self,
        client: "CloudWatchLogsClient",
        *,
        group: str,
        stack: str,
        caller: Caller,
        clock: Callable[[], int],
        warn: Callable[[str], None],
    ) -> None:
        """Write to this group, as this caller. `clock` returns milliseconds. `warn` prints a line."""
        self._client = client
        self._group = group
        self._stack = stack
        self._caller = caller
        self._clock = clock
        self._warn = warn

    def begin(self, act: str, *, user_id: str, details: Mapping[str, object]) -> "Entry":
        """Write down that an act begins. Raises NotRecorded."""
        fields: dict[str, object] = {"act": act, "act_id": secrets.token_hex(ACT_ID_BYTES), **details}
        if user_id:
            fields["user_id"] = user_id
        try:
            self._write({**fields, "state": BEGUN})
        except SDK_ERRORS as error:
            raise NotRecorded(
                f"the act cannot be recorded in the log group {self._group} ({reason(error)}); nothing was done"
            ) from error
        return Entry(self, fields)

    def end(self, fields: Mapping[str, object], *, state: str, reason_text: str) -> None:
        """Write down how an act ended. If that fails, warn: the act has happened, and its beginning is recorded."""
        try:
            self._write({**fields, "state": state, **({"reason": reason_text} if reason_text else {})})
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - no failure may hide that the act was done
            self._warn(
                f"edge-auth: warning: the log group {self._group} says that the act began, but not how it ended "
                f"({reason(error)})"
            )

    def _write(self, fields: Mapping[str, object]) -> None:
        now_ms = self._clock()
        line = {"time": iso(now_ms // 1000), "caller": self._caller.arn, "stack": self._stack, **fields}
        stream = day(now_ms // 1000)
        event: Any = {"timestamp": now_ms, "message": json.dumps(line)}
        try:
            self._client.create_log_stream(logGroupName=self._group, logStreamName=stream)
        except ClientError as error:
            if code_of(error) != "ResourceAlreadyExistsException":
                raise
        answer = self._client.put_log_events(logGroupName=self._group, logStreamName=stream, logEvents=[event])
        if answer.get("rejectedLogEventsInfo"):
            message = "the time of this machine is wrong"
            raise ClientError({"Error": {"Code": "RejectedLogEvent", "Message": message}}, "PutLogEvents")


class Entry:
    """An act that has begun."""

    def __init__(self, log: AuditLog, fields: Mapping[str, object]) -> None:
        """Keep what the line of the end repeats."""
        self._log = log
        self._fields = fields

    def done(self) -> None:
        """Write down that the act was done."""
        self._log.end(self._fields, state=DONE, reason_text="")

    def failed(self, why: str) -> None:
        """Write down that the act ended with an error, which may be after a part of it."""
        self._log.end(self._fields, state=FAILED, reason_text=why)
