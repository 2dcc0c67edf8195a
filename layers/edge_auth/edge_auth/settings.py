"""Settings of each function: its environment, read once, into a frozen dataclass.

A field `audience` is the variable `AUDIENCE`. The template gives each function exactly the variables of its class.

Nothing looks at `key_ring_version`: another value makes Lambda start the function anew, and read the ring at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self


class SettingsError(Exception):
    """The environment lacks a variable, or one has the wrong form. The text names it, never its value."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Base of all settings."""

    @classmethod
    def names(cls) -> list[str]:
        """Return the names of the environment variables that are read."""
        return [field.name.upper() for field in fields(cls)]

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Read the settings.

        Raises:
            SettingsError: a variable is missing, or not a whole number where one is needed.

        """
        missing = [name for name in cls.names() if name not in environ]
        if missing:
            raise SettingsError(f"missing in the environment: {', '.join(missing)}")
        values = {field.name: environ[field.name.upper()] for field in fields(cls)}
        return cls(**{field.name: _typed(field.name, field.type, values[field.name]) for field in fields(cls)})


def _typed(name: str, kind: object, value: str) -> str | int:
    if kind is str:
        return value
    if not (value.isascii() and value.isdigit()):
        raise SettingsError(f"not a whole number: {name.upper()}")
    return int(value)


@dataclass(frozen=True, slots=True)
class LoginSettings(Settings):
    """What `login` needs. An empty `issuer` is derived from the event."""

    issuer: str
    audience: str
    access_token_seconds: int
    refresh_idle_days: int
    refresh_absolute_days: int
    max_sessions_per_user: int
    throttle_table: str
    identities_table: str
    sessions_table: str
    key_ring_secret: str
    key_ring_version: str


@dataclass(frozen=True, slots=True)
class RefreshSettings(Settings):
    """What `refresh` needs. An empty `issuer` is derived from the event."""

    issuer: str
    audience: str
    access_token_seconds: int
    refresh_idle_days: int
    rotation_grace_seconds: int
    throttle_table: str
    sessions_table: str
    key_ring_secret: str
    key_ring_version: str
    security_event_bus: str


@dataclass(frozen=True, slots=True)
class LogoutSettings(Settings):
    """What `logout` needs."""

    identities_table: str
    sessions_table: str
    key_ring_secret: str
    key_ring_version: str


@dataclass(frozen=True, slots=True)
class RegisterSettings(Settings):
    """What `register` needs. `issuer` and `audience` are names that are no passwords."""

    issuer: str
    audience: str
    password_min_characters: int
    throttle_table: str
    identities_table: str


@dataclass(frozen=True, slots=True)
class PasswordSettings(Settings):
    """What `password` needs. `issuer` and `audience` are names that are no passwords."""

    issuer: str
    audience: str
    password_min_characters: int
    throttle_table: str
    identities_table: str
    sessions_table: str


@dataclass(frozen=True, slots=True)
class SessionsSettings(Settings):
    """What `sessions` needs."""

    sessions_table: str


@dataclass(frozen=True, slots=True)
class AuthorizerSettings(Settings):
    """What `authorizer` needs. An empty `issuer` is derived from the event; `jwks` is a JWK Set as JSON."""

    issuer: str
    audience: str
    jwks: str


@dataclass(frozen=True, slots=True)
class JwksSettings(Settings):
    """What `jwks` needs. An empty `issuer` is derived from the event."""

    issuer: str
    key_ring_secret: str
    key_ring_version: str


@dataclass(frozen=True, slots=True)
class RotateKeysSettings(Settings):
    """What `rotate_keys` needs."""

    key_ring_secret: str
    signing_algorithm: str
    key_rotation_days: int
    key_publish_hours: int
    refresh_idle_days: int
    security_event_bus: str
