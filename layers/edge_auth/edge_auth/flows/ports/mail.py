"""What the mailer needs: the challenges that stand, and the post, which takes mails to users."""

from collections.abc import Callable, Mapping
from typing import Protocol

from edge_auth.accounts.challenge import Challenge
from edge_auth.mail.render import Mail
from edge_auth.tokens.proof_token import Kind


class StandingChallenges(Protocol):
    """The part of `flows.ports.challenges.Challenges` that reads."""

    def find(self, kind: Kind, user_id: str) -> Challenge:
        """Read the newest challenge, strongly consistent. It may be spent or expired. Raises ChallengeGone."""


Post = Callable[[Mail, Mapping[str, str]], None]
"""Sends a mail. The mapping has the tags by which a bounce is recognised.

Raises:
    MailRefused: this mail will never be sent.
    TemporarilyUnavailable: it was not sent, or perhaps it was. The same call may be made again.

"""


class MailRefused(Exception):
    """The post takes everything but this mail. The text is its error code."""
