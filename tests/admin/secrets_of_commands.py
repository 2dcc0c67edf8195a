"""Hands over what operators' commands were given and wrote, for the search for secrets at the end of the run."""

from typing import TYPE_CHECKING

from tests.support.secret_search import Secret
from tests.support.secrets_of_run import COMMANDS, TABLES, issued, wrote

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.admin.aws import Outcome

MESSAGES = "the messages of operators' commands"
RECORD = "the record of operators' acts"
CALLS = "calls of operators' commands to AWS"


def hand_over_command(arguments: "Iterable[str]", typed: str, outcome: "Outcome") -> None:
    """Hand over the password that a command took, and all that it printed.

    A password that was refused may be a word of the deployment, such as its host name, which many texts have.
    """
    if "--password-stdin" in arguments and outcome.status == 0:
        issued([Secret("password", typed.partition("\n")[0])])
    wrote(COMMANDS, [outcome.out])
    wrote(MESSAGES, [outcome.err])


def hand_over_link(link: str, code: str) -> None:
    """Hand over a link that lets somebody set a password, and its code: only the command's output may have them."""
    issued(Secret("proof of a mail", proof) for proof in (link, code))


def hand_over_request(service: str, body: bytes | str) -> None:
    """Hand over what a command sent to AWS. What it sent to DynamoDB is in a table then."""
    wrote(TABLES if service == "dynamodb" else CALLS, [body.decode() if isinstance(body, bytes) else body])


def hand_over_stack(record: "Iterable[str]", items: "Iterable[str]") -> None:
    """Hand over the lines of the operators' record, and the items of the tables."""
    wrote(RECORD, record)
    wrote(TABLES, items)
