"""The settings of the functions that exist only with mail, as records for `settings.read_settings`."""

from typing import NamedTuple


class ResetSettings(NamedTuple):
    """The settings of `reset`. No password may be the `issuer` or the `audience`. The second factor as for a login."""

    second_factor: str
    sealing_secret: str
    security_event_bus: str
    issuer: str
    audience: str
    password_min_characters: int
    throttle_table: str
    identities_table: str
    sessions_table: str
    revocations_table: str
    challenges_table: str
    key_ring_secret: str
    key_ring_version: str
    trusted_proxy: str
    allowed_origins: str


class EmailSettings(NamedTuple):
    """The settings of `email`."""

    password_profiles: str
    throttle_table: str
    identities_table: str
    sessions_table: str
    challenges_table: str
    key_ring_secret: str
    key_ring_version: str
    trusted_proxy: str
    allowed_origins: str


class EmailProofsSettings(NamedTuple):
    """The settings of `email_proofs`."""

    password_profiles: str
    throttle_table: str
    identities_table: str
    sessions_table: str
    revocations_table: str
    challenges_table: str
    key_ring_secret: str
    key_ring_version: str
    trusted_proxy: str
    allowed_origins: str


class ResetLinkSettings(NamedTuple):
    """The settings of `reset_link`. `pages_url` is where links lead."""

    identities_table: str
    challenges_table: str
    key_ring_secret: str
    key_ring_version: str
    pages_url: str


class MailerSettings(NamedTuple):
    """The settings of `mailer`. An empty `mail_name` is the host of `pages_url`."""

    mail_from: str
    mail_name: str
    mail_language: str
    mail_configuration_set: str
    pages_url: str
    challenges_table: str
    key_ring_secret: str
    key_ring_version: str


class MailFeedbackSettings(NamedTuple):
    """The settings of `mail_feedback`."""

    identities_table: str
