"""Reads what Amazon SES tells of a mail that came back, as EventBridge passes it on.

Amazon SES Developer Guide, "Monitoring SES events using Amazon EventBridge".
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

# A mailbox that is full, or a server that is down, is no reason to send nothing more.
PERMANENT = "Permanent"


class UnreadableFeedback(Exception):
    """The event does not have the expected form."""


class Feedback(NamedTuple):
    """The addresses that take no more mails, of one user. `reason` is a word for the log.

    There is no address if the mail may arrive the next time.
    """

    user_id: str
    addresses: tuple[str, ...]
    reason: str


def feedback_from(event: Mapping[str, object]) -> Feedback:
    """Read an event. Raises UnreadableFeedback."""
    match event:
        case {
            "detail-type": "Email Bounced",
            "detail": {
                "mail": {"tags": {"user_id": [str(user_id)]}},
                "bounce": {"bounceType": str(kind), "bouncedRecipients": [*recipients]},
            },
        }:
            return Feedback(user_id, tuple(_addresses(recipients)) if kind == PERMANENT else (), f"bounce: {kind}")
        case {
            "detail-type": "Email Complaint Received",
            "detail": {
                "mail": {"tags": {"user_id": [str(user_id)]}},
                "complaint": {"complainedRecipients": [*recipients]},
            },
        }:
            return Feedback(user_id, tuple(_addresses(recipients)), "complaint")
    raise UnreadableFeedback("not an event of a bounce or a complaint")


def _addresses(recipients: list[object]) -> Iterator[str]:
    """Yield the addresses. Ours have small letters only."""
    for recipient in recipients:
        if not isinstance(recipient, Mapping) or not isinstance(recipient.get("emailAddress"), str):
            raise UnreadableFeedback("a recipient without an address")
        yield recipient["emailAddress"].lower()
