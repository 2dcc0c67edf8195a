"""The acts of an operator on a stack in memory, without HTTP. Their events are dropped."""

import secrets

from edge_auth.adapters.dynamodb.attempts import DynamoDBAttempts
from edge_auth.adapters.dynamodb.challenges import DynamoDBChallenges
from edge_auth.adapters.dynamodb.sessions import DynamoDBSessions
from edge_auth.credentials.password_rules import PasswordRules
from edge_auth.events.security_event import SecurityEvent
from edge_auth.flows.accounts.administration import Administration
from edge_auth.flows.accounts.rights_administration import RightsAdministration
from edge_auth.flows.sessions.end_sessions import EndSessions
from tests.support.stack import TABLES, Stack


def operators(stack: Stack) -> Administration:
    """Return the acts of operators on accounts."""
    return Administration(
        identities=stack.identities,
        sessions=_sessions(stack),
        attempts=DynamoDBAttempts(stack.dynamodb, table=TABLES["ThrottleTable"]),
        end_sessions=_end_sessions(stack),
        password_rules=PasswordRules(15, common=frozenset(), service_names=frozenset()),
        clock=lambda: stack.clock.now_ms,
        entropy=secrets.token_bytes,
        record=_forget,
        challenges=DynamoDBChallenges(stack.dynamodb, table=TABLES["ChallengesTable"]),
    )


def rights_of_operators(stack: Stack) -> RightsAdministration:
    """Return the acts of operators on rights."""
    return RightsAdministration(identities=stack.identities, end_sessions=_end_sessions(stack), record=_forget)


def _sessions(stack: Stack) -> DynamoDBSessions:
    return DynamoDBSessions(stack.dynamodb, table=TABLES["SessionsTable"])


def _end_sessions(stack: Stack) -> EndSessions:
    return EndSessions(
        sessions=_sessions(stack),
        revocations=None,
        clock=lambda: stack.clock.now_ms,
        entropy=secrets.token_bytes,
        record=_forget,
    )


def _forget(_event: SecurityEvent) -> None:
    pass
