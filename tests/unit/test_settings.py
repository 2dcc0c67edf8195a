"""Settings: the environment is read once into typed objects."""

from typing import NamedTuple

import pytest

from edge_auth.settings.authorizer import AuthorizerSettings
from edge_auth.settings.jwks import JwksSettings
from edge_auth.settings.login import LoginSettings
from edge_auth.settings.logout import LogoutSettings
from edge_auth.settings.reading import SettingsError, read_settings, variables
from edge_auth.settings.refresh import RefreshSettings
from edge_auth.settings.rotate_keys import RotateKeysSettings
from edge_auth.settings.strict_authorizer import StrictAuthorizerSettings

LOGIN = {
    "ISSUER": "",
    "AUDIENCE": "https://api.example.com",
    "ACCESS_TOKEN_SECONDS": "900",
    "REFRESH_IDLE_DAYS": "14",
    "REFRESH_ABSOLUTE_DAYS": "30",
    "SESSION_IDLE_MINUTES": "30",
    "SESSION_ABSOLUTE_HOURS": "12",
    "MAX_SESSIONS_PER_USER": "20",
    "PASSWORD_PROFILES": "",
    "MIGRATION_FUNCTION": "",
    "IDENTITIES_TABLE": "identities",
    "SESSIONS_TABLE": "sessions",
    "REVOCATIONS_TABLE": "",
    "CHALLENGES_TABLE": "",
    "THROTTLE_TABLE": "throttle",
    "KEY_RING_SECRET": "key-ring",
    "KEY_RING_VERSION": "",
    "TRUSTED_PROXY": "",
    "ALLOWED_ORIGINS": "",
    "SECOND_FACTOR": "off",
    "PASSKEY_RP_ID": "",
    "SEALING_SECRET": "",
    "SECURITY_EVENT_BUS": "",
}


def test_settings_are_read_from_the_environment() -> None:
    """Texts stay as they are, numbers become integers, and other variables are ignored."""
    settings = read_settings(LoginSettings, {**LOGIN, "AWS_SECRET_ACCESS_KEY": "x", "PATH": "/bin"})
    assert settings == LoginSettings(
        issuer="",
        audience="https://api.example.com",
        access_token_seconds=900,
        refresh_idle_days=14,
        refresh_absolute_days=30,
        session_idle_minutes=30,
        session_absolute_hours=12,
        max_sessions_per_user=20,
        password_profiles="",
        migration_function="",
        identities_table="identities",
        sessions_table="sessions",
        revocations_table="",
        challenges_table="",
        throttle_table="throttle",
        key_ring_secret="key-ring",
        key_ring_version="",
        trusted_proxy="",
        allowed_origins="",
        second_factor="off",
        passkey_rp_id="",
        sealing_secret="",
        security_event_bus="",
    )


@pytest.mark.parametrize("name", list(LOGIN))
def test_each_missing_variable_is_named(name: str) -> None:
    """A function without one of its variables does not start, and the error names the variable."""
    environ = {other: value for other, value in LOGIN.items() if other != name}
    with pytest.raises(SettingsError, match=f"missing in the environment: {name}$"):
        read_settings(LoginSettings, environ)


def test_all_missing_variables_are_named_at_once() -> None:
    """One error lists all missing variables."""
    with pytest.raises(SettingsError, match="ISSUER, AUDIENCE, JWKS"):
        read_settings(AuthorizerSettings, {})


@pytest.mark.parametrize(
    "value", ["", " ", "15m", "9.5", "-1", "+1", " 900", "900\n", "1_000", "٩٠٠", "²", "0x10", "s3cret"]
)
def test_a_number_is_digits_and_nothing_else(value: str) -> None:
    """The error names the variable and does not quote its value."""
    with pytest.raises(SettingsError) as caught:
        read_settings(LoginSettings, {**LOGIN, "ACCESS_TOKEN_SECONDS": value})
    assert str(caught.value) == "not a whole number: ACCESS_TOKEN_SECONDS"


def test_settings_cannot_be_changed() -> None:
    """Settings are the same for every request."""
    settings = read_settings(LoginSettings, LOGIN)
    with pytest.raises(AttributeError):
        settings.audience = "other"  # type: ignore[misc]  # the test changes it on purpose


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        (
            AuthorizerSettings,
            {
                *("ISSUER", "AUDIENCE", "JWKS", "ACCESS_TOKEN_SECONDS", "URL_SUFFIX"),
                *("REVOCATIONS_TABLE", "REVOCATION_SECONDS", "REVOCATION_FAILURE"),
            },
        ),
        (
            StrictAuthorizerSettings,
            {
                *("ISSUER", "AUDIENCE", "JWKS", "ACCESS_TOKEN_SECONDS", "SESSIONS_TABLE", "URL_SUFFIX"),
                *("REQUIRED_ACR", "MAX_AUTH_AGE_SECONDS"),
            },
        ),
        (
            LogoutSettings,
            {
                *("ISSUER", "AUDIENCE", "THROTTLE_TABLE"),
                *("ROTATION_GRACE_SECONDS", "LATE_RETRY_HOURS", "LATE_RETRY_FROM_ELSEWHERE"),
                *("IDENTITIES_TABLE", "SESSIONS_TABLE", "REVOCATIONS_TABLE"),
                *("KEY_RING_SECRET", "KEY_RING_VERSION", "SECURITY_EVENT_BUS", "TRUSTED_PROXY"),
                "ALLOWED_ORIGINS",
            },
        ),
        (JwksSettings, {"ISSUER", "KEY_RING_SECRET", "KEY_RING_VERSION", "TRUSTED_PROXY"}),
        (
            RotateKeysSettings,
            {
                "KEY_RING_SECRET",
                "SIGNING_ALGORITHM",
                "KEY_ROTATION_DAYS",
                "KEY_PUBLISH_HOURS",
                "REFRESH_IDLE_DAYS",
                "REFRESH_ABSOLUTE_DAYS",
                "SESSION_ABSOLUTE_HOURS",
                "REVOCATIONS_TABLE",
                "SECURITY_EVENT_BUS",
                "URL_SUFFIX",
            },
        ),
        (
            RefreshSettings,
            {
                "ISSUER",
                "AUDIENCE",
                "ACCESS_TOKEN_SECONDS",
                "REFRESH_IDLE_DAYS",
                "ROTATION_GRACE_SECONDS",
                "LATE_RETRY_HOURS",
                "LATE_RETRY_FROM_ELSEWHERE",
                "THROTTLE_TABLE",
                "SESSIONS_TABLE",
                "REVOCATIONS_TABLE",
                "KEY_RING_SECRET",
                "KEY_RING_VERSION",
                "SECURITY_EVENT_BUS",
                "TRUSTED_PROXY",
                "ALLOWED_ORIGINS",
            },
        ),
        (LoginSettings, set(LOGIN)),
    ],
)
def test_each_function_reads_its_own_variables_only(settings: type[NamedTuple], names: set[str]) -> None:
    """The authorizers know no secret and one table each, and refresh knows no identities."""
    assert set(variables(settings)) == names
