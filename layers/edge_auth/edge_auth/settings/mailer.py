"""The settings of `mailer`."""

from typing import NamedTuple


class MailerSettings(NamedTuple):
    """The settings of `mailer`. An empty `mail_name` is the host of `pages_url`."""

    mail_from: str
    mail_name: str
    mail_language: str
    mail_configuration_set: str
    pages_url: str
    challenges_table: str
    throttle_table: str
    key_ring_secret: str
    key_ring_version: str
