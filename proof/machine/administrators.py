"""What a command of operators is made of: the acts on users, over the SDK."""

import secrets
from collections.abc import Callable
from typing import NamedTuple

from edge_auth import clock as product_clock
from edge_auth.adapters.aws import dynamodb_client
from edge_auth.adapters.dynamodb.attempts import DynamoDBAttempts
from edge_auth.adapters.dynamodb.challenges import DynamoDBChallenges
from edge_auth.adapters.dynamodb.factors import DynamoDBFactors
from edge_auth.adapters.dynamodb.identities import DynamoDBIdentities
from edge_auth.adapters.dynamodb.imported_identities import DynamoDBImportedIdentities
from edge_auth.adapters.dynamodb.revocations import DynamoDBRevocations
from edge_auth.adapters.dynamodb.sessions import DynamoDBSessions
from edge_auth.credentials.password_rules import PasswordRules
from edge_auth.flows.accounts.administration import Administration
from edge_auth.flows.accounts.factor_administration import FactorAdministration
from edge_auth.flows.accounts.import_users import ImportUsers
from edge_auth.flows.sessions.end_sessions import EndSessions
from edge_auth.tokens.refresh_token import new_id
from tests.support.stack import TABLES


class Administrators(NamedTuple):
    """The acts on accounts, those on second factors, and imports, for which ids are drawn."""

    accounts: Administration
    factors: FactorAdministration
    import_users: ImportUsers
    new_id: Callable[[], str]


def administrators() -> Administrators:
    """Return the acts, as `edge-auth users` does them."""
    dynamodb, clock, entropy = dynamodb_client(), product_clock.now_ms, secrets.token_bytes
    revocations = DynamoDBRevocations(dynamodb, table=TABLES["RevocationsTable"], clock=clock)
    sessions = DynamoDBSessions(dynamodb, table=TABLES["SessionsTable"])
    attempts = DynamoDBAttempts(dynamodb, table=TABLES["ThrottleTable"])
    end_sessions = EndSessions(sessions=sessions, revocations=revocations, clock=clock, entropy=entropy, record=_forget)
    identities = DynamoDBIdentities(dynamodb, table=TABLES["IdentitiesTable"])
    accounts = Administration(
        identities=identities,
        sessions=sessions,
        attempts=attempts,
        end_sessions=end_sessions,
        password_rules=PasswordRules(15, common=frozenset(), service_names=frozenset()),
        clock=clock,
        entropy=entropy,
        record=_forget,
        challenges=DynamoDBChallenges(dynamodb, table=TABLES["ChallengesTable"]),
    )
    factors = FactorAdministration(
        identities=identities,
        factors=DynamoDBFactors(dynamodb, table=TABLES["IdentitiesTable"]),
        attempts=attempts,
        end_sessions=end_sessions,
        record=_forget,
    )
    imported = DynamoDBImportedIdentities(dynamodb, table=TABLES["IdentitiesTable"])
    import_users = ImportUsers(imported, pause=lambda _seconds: None)
    return Administrators(accounts, factors, import_users, lambda: new_id(entropy))


def _forget(_event: object) -> None:
    """Record nothing."""
