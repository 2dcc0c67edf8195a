"""The settings of each function: its environment, read once into an immutable record.

The field `audience` is read from the variable `AUDIENCE`. The template gives each function exactly the variables of its
class. The records are named tuples, because dataclasses would cost the authorizer a fifth of its start
(docs/decisions/0019).

An empty `revocations_table` says that the feed of ended sessions is off, an empty `challenges_table` that mail is off,
and empty `allowed_origins` that no browser uses the API. No code reads `key_ring_version`. A new value
makes Lambda start the function again, so it reads the new ring at once.
"""

from collections.abc import Mapping
from typing import NamedTuple, TypeVar

S = TypeVar("S", bound=NamedTuple)


class SettingsError(Exception):
    """A variable of the environment is missing or has the wrong form. The text names it, and never quotes its value."""


def variables(kind: type[NamedTuple]) -> list[str]:
    """Return the names of the environment variables that a class is read from."""
    return [field.upper() for field in kind._fields]


def read_settings(kind: type[S], environ: Mapping[str, str]) -> S:
    """Read the settings of this class.

    Raises:
        SettingsError: a variable is missing, or not a whole number where one is needed.

    """
    missing = [name for name in variables(kind) if name not in environ]
    if missing:
        raise SettingsError(f"missing in the environment: {', '.join(missing)}")
    types = kind.__annotations__
    return kind._make(_typed(name, types[name.lower()], environ[name]) for name in variables(kind))


def _typed(name: str, kind: object, value: str) -> str | int:
    if kind is str:
        return value
    if not (value.isascii() and value.isdigit()):
        raise SettingsError(f"not a whole number: {name}")
    return int(value)


class LoginSettings(NamedTuple):
    """The settings of `login`. An empty `issuer` is derived from the event.

    `second_factor` is `off`, `optional`, `everybody` or `role:` with a role. Only where it is off, `sealing_secret` is
    empty.
    """

    issuer: str
    audience: str
    access_token_seconds: int
    refresh_idle_days: int
    refresh_absolute_days: int
    session_idle_minutes: int
    session_absolute_hours: int
    max_sessions_per_user: int
    password_profiles: str
    migration_function: str
    throttle_table: str
    identities_table: str
    sessions_table: str
    revocations_table: str
    challenges_table: str
    key_ring_secret: str
    key_ring_version: str
    trusted_proxy: str
    allowed_origins: str
    second_factor: str
    passkey_rp_id: str
    sealing_secret: str
    security_event_bus: str


class RefreshSettings(NamedTuple):
    """The settings of `refresh`. An empty `issuer` is derived from the event."""

    issuer: str
    audience: str
    access_token_seconds: int
    refresh_idle_days: int
    rotation_grace_seconds: int
    late_retry_hours: int
    late_retry_from_elsewhere: str
    throttle_table: str
    sessions_table: str
    revocations_table: str
    key_ring_secret: str
    key_ring_version: str
    security_event_bus: str
    trusted_proxy: str
    allowed_origins: str


class LogoutSettings(NamedTuple):
    """The settings of `logout`. An empty `issuer` is derived from the event."""

    issuer: str
    audience: str
    rotation_grace_seconds: int
    late_retry_hours: int
    late_retry_from_elsewhere: str
    throttle_table: str
    identities_table: str
    sessions_table: str
    revocations_table: str
    key_ring_secret: str
    key_ring_version: str
    security_event_bus: str
    trusted_proxy: str
    allowed_origins: str


class RegisterSettings(NamedTuple):
    """The settings of `register`. No password may be the `issuer` or the `audience`.

    An empty `challenges_table` says that mail is off. Then `register` uses neither the key ring nor `confirm_address`.
    """

    issuer: str
    audience: str
    password_min_characters: int
    throttle_table: str
    identities_table: str
    challenges_table: str
    key_ring_secret: str
    key_ring_version: str
    confirm_address: str
    trusted_proxy: str
    allowed_origins: str


class PasswordSettings(NamedTuple):
    """The settings of `password`. No password may be the `issuer` or the `audience`."""

    issuer: str
    audience: str
    password_min_characters: int
    password_profiles: str
    throttle_table: str
    identities_table: str
    sessions_table: str
    revocations_table: str
    challenges_table: str
    trusted_proxy: str
    allowed_origins: str


class SitePasswordSettings(NamedTuple):
    """The settings of `site_password`. No password may be the `issuer` or the `audience`."""

    issuer: str
    audience: str
    password_min_characters: int
    password_profiles: str
    session_idle_minutes: int
    throttle_table: str
    identities_table: str
    sessions_table: str
    revocations_table: str
    challenges_table: str
    key_ring_secret: str
    key_ring_version: str
    trusted_proxy: str
    allowed_origins: str


class SessionsSettings(NamedTuple):
    """The settings of `sessions`."""

    sessions_table: str
    revocations_table: str
    trusted_proxy: str
    allowed_origins: str


class PreflightSettings(NamedTuple):
    """The settings of `preflight`."""

    allowed_origins: str


class AuthorizerSettings(NamedTuple):
    """The settings of `authorizer`. An empty `issuer` is derived from the event; `jwks` is a JWK Set as JSON.

    If `revocation_seconds` is 0, the authorizer reads no table, and uses none of the variables after `jwks`.
    `revocation_failure` is open or closed: what the authorizer does if it cannot read the table.
    """

    issuer: str
    audience: str
    jwks: str
    access_token_seconds: int
    revocations_table: str
    revocation_seconds: int
    revocation_failure: str
    url_suffix: str


class StrictAuthorizerSettings(NamedTuple):
    """The settings of `strict_authorizer`. An empty `issuer` is derived from the event; `jwks` is a JWK Set as JSON.

    An empty `required_acr` is any login, and a `max_auth_age_seconds` of 0 one of any age.
    """

    issuer: str
    audience: str
    jwks: str
    sessions_table: str
    url_suffix: str
    required_acr: str
    max_auth_age_seconds: int


class SessionAuthorizerSettings(NamedTuple):
    """The settings of `session_authorizer`. Without `allowed_origins` it denies everything, and uses no other one."""

    sessions_table: str
    url_suffix: str
    allowed_origins: str
    session_idle_minutes: int


class JwksSettings(NamedTuple):
    """The settings of `jwks`. An empty `issuer` is derived from the event."""

    issuer: str
    key_ring_secret: str
    key_ring_version: str
    trusted_proxy: str


class EndedSessionsSettings(NamedTuple):
    """The settings of `ended_sessions`."""

    access_token_seconds: int
    revocations_table: str
    trusted_proxy: str


class RotateKeysSettings(NamedTuple):
    """The settings of `rotate_keys`. It reads `url_suffix` itself: its answer to CloudFormation needs no layer."""

    key_ring_secret: str
    signing_algorithm: str
    key_rotation_days: int
    key_publish_hours: int
    refresh_idle_days: int
    refresh_absolute_days: int
    session_absolute_hours: int
    revocations_table: str
    security_event_bus: str
    url_suffix: str
