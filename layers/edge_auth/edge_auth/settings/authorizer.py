"""The settings of `authorizer`."""

from typing import NamedTuple


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
