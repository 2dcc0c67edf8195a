"""The users of a stack, as the commands of `edge-auth users` act on them."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from admin.act import Act
from admin.announcements import announcer, operator_notices
from admin.deployment import Deployment, DeploymentError
from admin.output import Output
from admin.stack import Stack
from edge_auth.adapters.aws import dynamodb_client
from edge_auth.adapters.dynamodb.attempts import DynamoDBAttempts
from edge_auth.adapters.dynamodb.bounces import DynamoDBBounces
from edge_auth.adapters.dynamodb.challenges import DynamoDBChallenges
from edge_auth.adapters.dynamodb.factors import DynamoDBFactors
from edge_auth.adapters.dynamodb.identities import DynamoDBIdentities
from edge_auth.adapters.dynamodb.revocations import DynamoDBRevocations
from edge_auth.adapters.dynamodb.sessions import DynamoDBSessions
from edge_auth.clock import now_ms
from edge_auth.credentials.common_passwords import COMMON_PASSWORDS
from edge_auth.credentials.password_rules import PasswordRules, service_names
from edge_auth.flows.accounts.administration import Administration
from edge_auth.flows.accounts.factor_administration import FactorAdministration
from edge_auth.flows.accounts.resume_mail import ResumeMail
from edge_auth.flows.accounts.rights_administration import RightsAdministration
from edge_auth.flows.sessions.end_sessions import EndSessions
from edge_auth.tokens.refresh_token import is_id

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from edge_auth.accounts.identity import Identity

UNCLEAR = "the command may or may not have taken effect; run it again"


@dataclass(frozen=True, slots=True)
class Users:
    """The users of one stack. Results go to standard output, and all else to standard error."""

    accounts: Administration
    rights: RightsAdministration
    factors: FactorAdministration
    resume_mail: ResumeMail
    out: Output
    stack_name: str
    deployment: Deployment
    dynamodb: "DynamoDBClient"

    def found(self, name_or_id: str) -> "tuple[Identity, str]":
        """Return the user with this name or id, and the name that a person reads and types."""
        user = self.accounts.find(name_or_id)
        return user, user.username if is_id(name_or_id.strip()) else name_or_id.strip()

    def act(
        self,
        user_id: str,
        do: Callable[[], str],
        *,
        warning: str = "",
        question: tuple[str, str] | None = None,
        unclear: str = UNCLEAR,
        **details: object,
    ) -> Act:
        """Return the act on this user whose result is the line that `do` returns."""
        return Act(
            do=lambda: self.out.say(do()),
            unclear=unclear,
            say=self.out.tell,
            user_id=user_id,
            warning=warning,
            question=question,
            details=details,
        )


def open_users(stack: Stack) -> Users:
    """Return the users of this stack. Raises DeploymentError: the deployed version is older."""
    deployment = stack.deployment
    if not deployment.throttle_table:
        raise DeploymentError(
            f"stack {stack.name} has no output 'ThrottleTable'; deploy this version of edge-auth first"
        )
    dynamodb, record = dynamodb_client(), announcer(deployment.security_event_bus, stack.out.tell)
    challenges = deployment.challenges_table
    notices = operator_notices(dynamodb, challenges, stack.out.tell) if challenges else None
    sessions, feed = DynamoDBSessions(dynamodb, table=deployment.sessions_table), deployment.revocations_table
    identities = DynamoDBIdentities(dynamodb, table=deployment.identities_table)
    attempts = DynamoDBAttempts(dynamodb, table=deployment.throttle_table)
    end_sessions = EndSessions(
        sessions=sessions,
        revocations=DynamoDBRevocations(dynamodb, table=feed, clock=now_ms) if feed else None,
        clock=now_ms,
        entropy=secrets.token_bytes,
        record=record,
    )
    accounts = Administration(
        identities=identities,
        sessions=sessions,
        attempts=attempts,
        end_sessions=end_sessions,
        password_rules=PasswordRules(
            min_characters=deployment.password_min_characters,
            common=COMMON_PASSWORDS,
            service_names=service_names(*deployment.service_addresses),
        ),
        clock=now_ms,
        entropy=secrets.token_bytes,
        record=record,
        notices=notices,
        challenges=DynamoDBChallenges(dynamodb, table=challenges) if challenges else None,
    )
    factors = FactorAdministration(
        identities=identities,
        factors=DynamoDBFactors(dynamodb, table=deployment.identities_table),
        attempts=attempts,
        end_sessions=end_sessions,
        record=record,
        tell_factors_reset=notices.factors_reset if notices else None,
    )
    rights = RightsAdministration(identities=identities, end_sessions=end_sessions, record=record)
    bounces = DynamoDBBounces(dynamodb, table=deployment.identities_table)
    resume_mail = ResumeMail(bounces=bounces, record=record)
    return Users(accounts, rights, factors, resume_mail, stack.out, stack.name, deployment, dynamodb)
