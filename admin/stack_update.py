"""Updates only the parameter `KeyRingVersion` of the stack.

The update deploys the authorizers with the current public keys, and makes every function read the key ring again.
"""

import uuid
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError, WaiterError

from admin.deployment import DeploymentError
from admin.failure import SDK_ERRORS, one_line, reason

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import ParameterTypeDef

PARAMETER = "KeyRingVersion"
NOTHING_TO_DO = "No updates are to be performed"
POLL_SECONDS = 2
MAX_POLLS = 600  # twenty minutes; an update usually takes one


def publish(cloudformation: "CloudFormationClient", *, stack: str, version: str) -> bool:
    """Give the authorizers the public keys of this version of the key ring; return whether the stack changed.

    Raises:
        DeploymentError: the stack was not updated, or its update was not confirmed. The text says why.

    """
    try:
        cloudformation.update_stack(
            StackName=stack,
            UsePreviousTemplate=True,
            Parameters=_parameters(cloudformation, stack, version),
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
            ClientRequestToken=str(uuid.uuid4()),  # a retry of the SDK is the same update
        )
        cloudformation.get_waiter("stack_update_complete").wait(
            StackName=stack, WaiterConfig={"Delay": POLL_SECONDS, "MaxAttempts": MAX_POLLS}
        )
    except ClientError as error:
        message = error.response.get("Error", {}).get("Message", "")
        if NOTHING_TO_DO in message:
            return False
        raise DeploymentError(f"cannot update stack {stack}: {one_line(message) or error}") from error
    except WaiterError as error:
        raise DeploymentError(
            f"the update of stack {stack} did not complete: {_status(cloudformation, stack)}; see the stack's events"
        ) from error
    except SDK_ERRORS as error:
        raise DeploymentError(f"cannot update stack {stack}: {reason(error)}") from error
    return True


def _parameters(cloudformation: "CloudFormationClient", stack: str, version: str) -> "list[ParameterTypeDef]":
    described = cloudformation.describe_stacks(StackName=stack)["Stacks"][0].get("Parameters", [])
    names = [parameter.get("ParameterKey", "") for parameter in described]
    if PARAMETER not in names:
        raise DeploymentError(f"stack {stack} has no parameter {PARAMETER}; deploy this version of edge-auth first")
    others: list[ParameterTypeDef] = [
        {"ParameterKey": name, "UsePreviousValue": True} for name in names if name != PARAMETER
    ]
    return [*others, {"ParameterKey": PARAMETER, "ParameterValue": version}]


def _status(cloudformation: "CloudFormationClient", stack: str) -> str:
    try:
        return f"its status is {cloudformation.describe_stacks(StackName=stack)['Stacks'][0]['StackStatus']}"
    except SDK_ERRORS:
        return "its status is not known"
