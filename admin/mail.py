"""`edge-auth mail …`: whether Amazon SES sends the mails of the stack, and what is missing. It changes nothing."""

import argparse
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import ClientError

from admin.connection import CONFIG
from admin.deployment import DeploymentError
from admin.failure import code_of
from admin.mail_state import Finding, findings
from admin.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Callable

CHECK = """\
Asks Amazon SES about the account, the sender's identity and the stack's configuration set, and says in plain words what
is to be done before mails arrive. It changes nothing and sends nothing. Its exit status is 1 if mails would not arrive.
"""


@dataclass(frozen=True, slots=True)
class Mail:
    """The mail of one stack. `ses` is the SDK's client, which has no types here."""

    stack: Stack
    ses: Any


def add_commands(mail: argparse.ArgumentParser) -> None:
    """Add the commands of `edge-auth mail` to the parser."""
    mail.set_defaults(open=open_mail)
    acts = mail.add_subparsers(required=True, metavar="COMMAND", title="commands")
    command = acts.add_parser("check", help="say whether mails arrive, and what is missing", description=CHECK)
    command.set_defaults(act=check, name="mail check")


def open_mail(stack: Stack) -> Mail:
    """Return the mail of this stack. Raises DeploymentError: Amazon SES does not send its mails."""
    if not stack.deployment.mail_from:
        raise DeploymentError(f"stack {stack.name} sends no mails; set MailFrom, MailIdentity and PagesUrl")
    if stack.deployment.own_mailer:
        raise DeploymentError(f"the mails of stack {stack.name} are sent by your own function, MailerFunctionArn")
    return Mail(stack, boto3.client("sesv2", config=CONFIG))


def check(mail: Mail, _options: argparse.Namespace) -> None:
    """Print what Amazon SES says. Raises DeploymentError if mails would not arrive."""
    deployment, out = mail.stack.deployment, mail.stack.out
    found = findings(
        sender=deployment.mail_from,
        identity_name=deployment.mail_identity,
        account=mail.ses.get_account(),
        identity=_known(lambda: mail.ses.get_email_identity(EmailIdentity=deployment.mail_identity)),
        # The template names it after the stack.
        configuration_set=_known(lambda: mail.ses.get_configuration_set(ConfigurationSetName=mail.stack.name)),
    )
    for finding in found:
        out.say(f"{finding.subject:<14}{finding.fact}")
        if finding.next_step:
            out.say(f"  {'to do' if finding.is_needed else 'hint'}: {finding.next_step}")
    needed = [finding for finding in found if finding.is_needed]
    if needed:
        raise DeploymentError(_summary(needed))
    out.say("Mails arrive.")


def _known(ask: "Callable[[], Any]") -> Any:  # noqa: ANN401 - the SDK's answers, without types
    """Return an answer, or None if there is no such thing."""
    try:
        return ask()
    except ClientError as error:
        if code_of(error) == "NotFoundException":
            return None
        raise


def _summary(needed: list[Finding]) -> str:
    subjects = ", ".join(finding.subject for finding in needed)
    return f"mails do not arrive yet; to do: {subjects}"
