"""The settings of `mail_feedback`."""

from typing import NamedTuple


class MailFeedbackSettings(NamedTuple):
    """The settings of `mail_feedback`."""

    identities_table: str
