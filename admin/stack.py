"""The stack that one command works on, with what every command needs of it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3

from admin.audit_log import AuditLog
from admin.connection import CONFIG, Caller
from admin.deployment import Deployment, DeploymentError, find_deployment
from admin.output import Output
from edge_auth.clock import now_ms

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient


@dataclass(frozen=True, slots=True)
class Stack:
    """One stack, and who works on it."""

    name: str
    caller: Caller
    cloudformation: "CloudFormationClient"
    deployment: Deployment
    out: Output

    @property
    def place(self) -> str:
        """Where a command works, and as whom."""
        return f"Stack {self.name} in account {self.caller.account}, Region {self.caller.region}, as {self.caller.arn}."

    def audit_log(self) -> AuditLog:
        """Return the log of the acts of operators.

        Raises:
            DeploymentError: the deployed version is older and has none.

        """
        if not self.deployment.operators_log_group:
            raise DeploymentError(
                f"stack {self.name} has no output 'OperatorsLogGroup'; deploy this version of edge-auth first"
            )
        return AuditLog(
            boto3.client("logs", config=CONFIG),
            group=self.deployment.operators_log_group,
            stack=self.name,
            caller=self.caller,
            clock=now_ms,
            warn=self.out.tell,
        )


def open_stack(name: str, caller: Caller, out: Output) -> Stack:
    """Find a stack. Raises DeploymentError."""
    cloudformation = boto3.client("cloudformation", config=CONFIG)
    return Stack(name, caller, cloudformation, find_deployment(cloudformation, name, caller), out)
