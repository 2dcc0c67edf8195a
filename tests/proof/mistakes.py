"""Faults of the product that more than one proof has to find."""

from typing import Any

import pytest

from edge_auth.adapters.dynamodb.sessions import DynamoDBSessions
from edge_auth.errors import InvalidGrant, TemporarilyUnavailable


def take_failures_for_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a refresh that could not be decided be refused: that is how a network logs users out (DC-3)."""
    rotate = DynamoDBSessions.rotate

    def mistaken(*given: Any, **named: Any) -> Any:  # noqa: ANN401 - passed through
        try:
            return rotate(*given, **named)
        except TemporarilyUnavailable:
            raise InvalidGrant("not known") from None

    monkeypatch.setattr(DynamoDBSessions, "rotate", mistaken)
