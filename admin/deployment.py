"""Finds the stack that a command works on."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from admin.connection import Caller
from admin.failure import SDK_ERRORS, code_of, reason
from edge_auth.credentials.password_rules import DEFAULT_MIN_CHARACTERS

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

NO_STACK = "does not exist"  # in a ValidationError of DescribeStacks


class DeploymentError(Exception):
    """The stack cannot be found, read or updated. The text says why."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """What a command needs to know about one stack."""

    identities_table: str
    sessions_table: str
    revocations_table: str  # empty if the feed of ended sessions is off, or an older version is deployed
    # These four are empty if an older version is deployed, which has no such output.
    throttle_table: str
    rotate_keys_function: str
    operators_log_group: str
    key_ring_secret: str
    password_min_characters: int
    password_profiles: str  # the kinds of hashes that were brought along, as the parameter has them
    service_addresses: tuple[str, ...]  # its issuer, which may be empty, and its audience
    security_event_bus: str  # an ARN; empty: there is no bus
    issuer: str  # as its tokens name it; empty if an older version is deployed
    jwks_url: str  # empty if an older version is deployed
    key_rotation_days: int
    key_publish_hours: int
    challenges_table: str  # empty if mail is off
    reset_link_function: str  # empty if mail is off
    mail_from: str  # empty: mail is off
    mail_identity: str  # empty if mail is off
    sealing_secret: str  # empty if second factors are off
    own_mailer: str  # the ARN of the team's function; empty if our own sends the mails, or mail is off


def find_deployment(cloudformation: "CloudFormationClient", stack: str, caller: Caller) -> Deployment:
    """Read the outputs and parameters of the stack.

    Raises:
        DeploymentError: the stack cannot be read, or it is not an edge-auth stack.

    """
    try:
        stacks = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    except SDK_ERRORS as error:
        if isinstance(error, ClientError) and code_of(error) == "ValidationError" and NO_STACK in str(error):
            raise DeploymentError(
                f"account {caller.account} has no stack {stack} in Region {caller.region}; "
                "choose the stack with --stack, and the Region with --region or AWS_REGION"
            ) from None
        raise DeploymentError(f"cannot read stack {stack}: {reason(error)}") from error
    outputs = {output.get("OutputKey"): output.get("OutputValue", "") for output in stacks[0].get("Outputs", [])}
    parameters = {
        given.get("ParameterKey"): given.get("ParameterValue", "") for given in stacks[0].get("Parameters", [])
    }
    domain = parameters.get("DomainName", "")
    issuer = parameters.get("Issuer", "") or (f"https://{domain}" if domain else "")
    try:
        return Deployment(
            identities_table=outputs["IdentitiesTable"],
            sessions_table=outputs["SessionsTable"],
            revocations_table=outputs.get("RevocationsTable", ""),
            throttle_table=outputs.get("ThrottleTable", ""),
            challenges_table=outputs.get("ChallengesTable", ""),
            reset_link_function=outputs.get("ResetLinkFunction", ""),
            sealing_secret=outputs.get("SealingSecret", ""),
            rotate_keys_function=outputs.get("RotateKeysFunction", ""),
            operators_log_group=outputs.get("OperatorsLogGroup", ""),
            key_ring_secret=outputs.get("KeyRingSecret", ""),
            password_min_characters=int(parameters.get("PasswordMinCharacters", DEFAULT_MIN_CHARACTERS)),
            password_profiles=parameters.get("PasswordProfiles", ""),
            service_addresses=(issuer, parameters.get("Audience", "")),
            security_event_bus=parameters.get("SecurityEventBus", ""),
            issuer=outputs.get("Issuer", ""),
            jwks_url=outputs.get("JwksUrl", ""),
            key_rotation_days=int(parameters.get("KeyRotationDays", 0)),
            key_publish_hours=int(parameters.get("KeyPublishHours", 0)),
            mail_from=parameters.get("MailFrom", ""),
            mail_identity=parameters.get("MailIdentity", ""),
            own_mailer=parameters.get("MailerFunctionArn", ""),
        )
    except KeyError as error:
        raise DeploymentError(f"stack {stack} has no output {error}; choose an edge-auth stack with --stack") from None
