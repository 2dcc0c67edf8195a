"""Lets an authorizer read moto's tables, in the place of DynamoDB's at an address."""

from collections.abc import Mapping
from functools import partial
from types import ModuleType
from typing import Any

import pytest

from edge_auth.authorizer.signed_requests import Reply
from edge_auth.authorizer.two_clocks import Clocks
from tests.support import memory_aws
from tests.support.clock import TestClock

CALLS = {"Query": "query", "GetItem": "get_item"}


def store_in_moto(module: ModuleType, clock: TestClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a newly loaded authorizer read moto's tables, with the test's clock and without a thread."""
    clocks = Clocks(clock.time, clock.time)

    def call(operation: str, parameters: Mapping[str, Any]) -> Reply:
        answer: dict[str, Any] = getattr(memory_aws.dynamodb(), CALLS[operation])(
            TableName=module.store.table, **parameters
        )
        return Reply(answer, clock.now_seconds)

    if hasattr(module, "sessions"):
        monkeypatch.setattr(module.sessions, "call", call)
    elif module.ended is not None:
        monkeypatch.setattr(module.ended, "_read", partial(module.read_feed, call))
        monkeypatch.setattr(module.ended, "_clocks", clocks)
        monkeypatch.setattr(module.ended, "_run", lambda act, _seconds: act())
