"""The record of what operators do: lines in a log group of the stack that say what was done to whom, and by whom.

An act is written down before it begins, and once more when it ends. A line holds ids, and never a name or a password.
"""

import json
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from admin.connection import Caller
from admin.failure import SDK_ERRORS, reason
from admin.times import day, iso

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_logs.type_defs import InputLogEventTypeDef

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
        except NotRecorded as error:
            raise NotRecorded(
                f"the act cannot be recorded in the log group {self._group} ({error}); nothing was done"
            ) from error
        return Entry(self, fields)

    def end(self, fields: Mapping[str, object], **outcome: str) -> None:
        """Write down how an act ended. If that fails, warn: the act has happened, and its beginning is recorded."""
        try:
            self._write({**fields, **outcome})
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - no failure may hide that the act was done
            why = error if isinstance(error, NotRecorded) else reason(error)
            self._warn(
                f"edge-auth: warning: the log group {self._group} says that the act began, but not how it ended ({why})"
            )

    def _write(self, fields: Mapping[str, object]) -> None:
        """Write a line. Raises NotRecorded."""
        now_ms = self._clock()
        line = {"time": iso(now_ms // 1000), "caller": self._caller.arn, "stack": self._stack, **fields}
        group, stream = self._group, day(now_ms // 1000)
        event: InputLogEventTypeDef = {"timestamp": now_ms, "message": json.dumps(line)}
        try:
            with suppress(self._client.exceptions.ResourceAlreadyExistsException):
                self._client.create_log_stream(logGroupName=group, logStreamName=stream)
            answer = self._client.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[event])
        except SDK_ERRORS as error:
            raise NotRecorded(reason(error)) from error
        if answer.get("rejectedLogEventsInfo"):
            raise NotRecorded("CloudWatch refused the line, because the time of this machine is wrong")


class Entry:
    """An act that has begun."""

    def __init__(self, log: AuditLog, fields: Mapping[str, object]) -> None:
        """Keep what the line of the end repeats."""
        self._log = log
        self._fields = fields

    def done(self) -> None:
        """Write down that the act was done."""
        self._log.end(self._fields, state=DONE)

    def failed(self, why: str) -> None:
        """Write down that the act ended with an error, which may be after a part of it."""
        self._log.end(self._fields, state=FAILED, reason=why)
