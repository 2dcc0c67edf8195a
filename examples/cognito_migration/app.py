"""Says whether a password is right in a user pool of Amazon Cognito: the function of `MigrationFunctionArn`."""

import os
from typing import TYPE_CHECKING, Any, TypedDict

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Mapping

USER_POOL_ID = os.environ["USER_POOL_ID"]
CLIENT_ID = os.environ["CLIENT_ID"]  # an app client without a secret, which allows ADMIN_USER_PASSWORD_AUTH

# The login waits eight seconds for this function. No password is tried twice: Cognito counts attempts.
cognito: Any = boto3.client(
    "cognito-idp", config=Config(connect_timeout=1, read_timeout=3, retries={"total_max_attempts": 1})
)
# The other errors, such as TooManyRequestsException, decide nothing: this function fails, and the login answers 503.
REFUSED = {
    *("NotAuthorizedException", "UserNotFoundException"),
    *("UserNotConfirmedException", "PasswordResetRequiredException"),
}


class Answer(TypedDict, total=False):
    """What the login reads."""

    valid: bool
    email: str
    email_verified: bool


def handler(event: "Mapping[str, str]", _context: object) -> Answer:
    """Try the password. Whoever has to meet a challenge, such as a second factor, stays in the user pool."""
    try:
        tried = cognito.admin_initiate_auth(
            UserPoolId=USER_POOL_ID,
            ClientId=CLIENT_ID,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": event["username"], "PASSWORD": event["password"]},
        )
    except ClientError as error:
        if error.response["Error"]["Code"] in REFUSED:
            return {"valid": False}
        raise
    if "AuthenticationResult" not in tried:
        return {"valid": False}
    user = cognito.admin_get_user(UserPoolId=USER_POOL_ID, Username=event["username"])
    attributes = {each["Name"]: each["Value"] for each in user["UserAttributes"]}
    return {
        "valid": True,
        "email": attributes.get("email", ""),
        "email_verified": attributes.get("email_verified") == "true",
    }
