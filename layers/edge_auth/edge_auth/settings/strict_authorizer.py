"""The settings of `strict_authorizer`."""

from typing import NamedTuple


class StrictAuthorizerSettings(NamedTuple):
    """The settings of `strict_authorizer`. An empty `issuer` is derived from the event; `jwks` is a JWK Set as JSON.

    An empty `required_acr` is any login, and a `max_auth_age_seconds` of 0 one of any age.
    """

    issuer: str
    audience: str
    jwks: str
    access_token_seconds: int
    sessions_table: str
    url_suffix: str
    required_acr: str
    max_auth_age_seconds: int
