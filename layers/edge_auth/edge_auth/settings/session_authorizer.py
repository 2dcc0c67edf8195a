"""The settings of `session_authorizer`."""

from typing import NamedTuple


class SessionAuthorizerSettings(NamedTuple):
    """The settings of `session_authorizer`. Without `allowed_origins` it denies everything, and uses no other one."""

    sessions_table: str
    url_suffix: str
    allowed_origins: str
    session_idle_minutes: int
