"""The acts of an operator on a stack in moto, without HTTP."""

import secrets

from edge_auth.adapters.dynamodb.attempts import DynamoDBAttempts
from edge_auth.adapters.dynamodb.challenges import DynamoDBChallenges
from edge_auth.adapters.dynamodb.factors import DynamoDBFactors
from edge_auth.adapters.dynamodb.sessions import DynamoDBSessions
from edge_auth.credentials.password_rules import PasswordRules
from edge_auth.events.security_event import SecurityEvent
from edge_auth.flows.accounts.administration import Administration
from edge_auth.flows.sessions.end_sessions import EndSessions
from tests.support.stack import TABLES, Stack


def operators(stack: Stack) -> Administration:
    """Return the acts of operators. Their events are dropped."""
    sessions = DynamoDBSessions(stack.dynamodb, table=TABLES["SessionsTable"])

    def clock() -> int:
        return stack.clock.now_ms

    def forget(_event: SecurityEvent) -> None:
        pass

    return Administration(
        identities=stack.identities,
        sessions=sessions,
        attempts=DynamoDBAttempts(stack.dynamodb, table=TABLES["ThrottleTable"]),
        factors=DynamoDBFactors(stack.dynamodb, table=TABLES["IdentitiesTable"]),
        end_sessions=EndSessions(
            sessions=sessions, revocations=None, clock=clock, entropy=secrets.token_bytes, record=forget
        ),
        password_rules=PasswordRules(15, common=frozenset(), service_names=frozenset()),
        clock=clock,
        entropy=secrets.token_bytes,
        record=forget,
        challenges=DynamoDBChallenges(stack.dynamodb, table=TABLES["ChallengesTable"]),
    )
