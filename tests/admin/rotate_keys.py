"""Fakes of the SDK's clients for the deployed `rotate_keys` and its stack, for the operators' command."""

import io
import json
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, WaiterError

from edge_auth.flows.keys.ring_summary import summary
from edge_auth.flows.keys.rotate_keys import RotateKeys
from edge_auth.flows.ports.key_ring import RingMoved, StoredRing
from edge_auth.keys.maker import key_maker
from edge_auth.keys.rotation import RotationPolicy
from tests.support.fakes.stores import MemoryKeyRingStore

if TYPE_CHECKING:
    from collections.abc import Callable

FUNCTION = "edge-auth-RotateKeysFunction-1A2B"
NOW = 1_790_000_000  # 2026-09-21 14:13:20 UTC
DAY = 86_400


def client_error(code: str, message: str, operation: str) -> ClientError:
    """Return an error as AWS's clients raise it."""
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


class RotateKeysFunction:
    """Lambda's client. Its `invoke` runs the real use case, on a ring in memory and a clock that the test moves.

    Each call raises `failure` or returns `answer`, if one is set. With `only_changes`, the action `show` still works.
    """

    def __init__(self) -> None:
        """Begin with the ring of a new deployment."""
        drawn = count()
        self.now = NOW
        self.store = MemoryKeyRingStore()
        self.flow = RotateKeys(
            store=self.store,
            revocations=None,
            policy=RotationPolicy("ES256", period_seconds=30 * DAY, publish_seconds=DAY, mac_token_seconds=14 * DAY),
            make=key_maker(lambda size: next(drawn).to_bytes(size)),
            clock=lambda: self.now * 1000,
            record=lambda _event: None,
        )
        self.flow.advance()
        self.events: list[dict[str, Any]] = []
        self.failure: BaseException | None = None
        self.answer: dict[str, Any] | None = None
        self.only_changes = True
        self.others_first: Callable[[], object] = lambda: None

    @property
    def stored(self) -> StoredRing:
        """The ring."""
        return self.flow.show()

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - AWS's own names
        """Answer as Lambda does."""
        assert FunctionName == FUNCTION
        event = json.loads(Payload)
        self.events.append(event)
        if event["action"] != "show" or not self.only_changes:
            if self.failure is not None:
                raise self.failure
            if self.answer is not None:
                return self.answer
            self.others_first()
        try:
            return response(summary(self._do(event), self.now))
        except RingMoved:
            return response({"refused": "the key ring has changed since it was shown"})

    def _do(self, event: dict[str, Any]) -> StoredRing:
        match event:
            case {"action": "show"}:
                return self.flow.show()
            case {"action": "rotate", "version": version}:
                return self.flow.rotate(version)
            case {"action": "replace", "version": version, "at_once": at_once, "end_sessions": end_sessions}:
                return self.flow.replace_all(version, at_once=at_once, end_sessions=end_sessions)
            case _:
                raise AssertionError(event)


def response(payload: object, **more: str) -> dict[str, Any]:
    """Return Lambda's response with this payload."""
    return {"StatusCode": 200, "Payload": io.BytesIO(json.dumps(payload).encode()), **more}


@dataclass
class Stack:
    """CloudFormation's client, for one stack."""

    name: str = "edge-auth"
    outputs: dict[str, str] = field(
        default_factory=lambda: {
            "IdentitiesTable": "identities",
            "SessionsTable": "sessions",
            "RotateKeysFunction": FUNCTION,
            "OperatorsLogGroup": "admin-OperatorsLogGroup",
        }
    )
    parameters: dict[str, str] = field(
        default_factory=lambda: {"Issuer": "", "Audience": "https://api.example.com", "KeyRingVersion": ""}
    )
    status: str = "UPDATE_COMPLETE"
    updates: list[dict[str, Any]] = field(default_factory=list)
    refusal: ClientError | None = None
    interrupted: bool = False

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803 - AWS's own name
        """Answer as CloudFormation does."""
        assert StackName == self.name
        outputs = [{"OutputKey": key, "OutputValue": value} for key, value in self.outputs.items()]
        parameters = [{"ParameterKey": key, "ParameterValue": value} for key, value in self.parameters.items()]
        return {"Stacks": [{"StackStatus": self.status, "Outputs": outputs, "Parameters": parameters}]}

    def update_stack(self, **request: object) -> None:
        """Keep the request, or refuse it."""
        if self.refusal is not None:
            raise self.refusal
        self.updates.append(request)

    def get_waiter(self, name: str) -> "Stack":
        """Return the waiter for the update."""
        assert name == "stack_update_complete"
        return self

    def wait(self, *, StackName: str, WaiterConfig: dict[str, int]) -> None:  # noqa: N803 - AWS's own names
        """Return or raise as the waiter does at the end of the update."""
        assert StackName == self.name
        assert WaiterConfig["Delay"] * WaiterConfig["MaxAttempts"] >= 600
        if self.interrupted:
            raise KeyboardInterrupt
        if self.status != "UPDATE_COMPLETE":
            raise WaiterError("StackUpdateComplete", "Waiter encountered a terminal failure state", {})
