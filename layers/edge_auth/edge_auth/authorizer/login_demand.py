"""What a route demands of the login behind an access token: how strong it was, and how long ago (RFC 9470)."""

from typing import NamedTuple

from edge_auth.errors import InsufficientAuthentication
from edge_auth.keys.timing import EXPIRY_LEEWAY_SECONDS, ISSUED_AT_LEEWAY_SECONDS
from edge_auth.tokens.claims import LEVELS


class LoginDemand(NamedTuple):
    """A demand. `acr` is one of `tokens.claims.LEVELS`, or empty for any login. A `max_age_seconds` of 0 is any age."""

    acr: str
    max_age_seconds: int

    def check(self, acr: str, auth_time_seconds: int, *, now_seconds: int) -> None:
        """Accept a login of this level, which was at this time since 1970.

        The time is `auth_time`, and never `iat`: a refresh makes a new token and is no login.

        Raises:
            InsufficientAuthentication: the login is too weak or too old. One without a level is weaker than all others.
            ValueError: the demand is for a level that does not exist.

        """
        if self.acr and acr not in LEVELS[LEVELS.index(self.acr) :]:
            raise self._refusal("acr")
        oldest = now_seconds - self.max_age_seconds - EXPIRY_LEEWAY_SECONDS
        newest = now_seconds + ISSUED_AT_LEEWAY_SECONDS  # otherwise a time in the future would be fresh for long
        if self.max_age_seconds and not oldest <= auth_time_seconds <= newest:
            raise self._refusal("auth_time")

    def _refusal(self, check: str) -> InsufficientAuthentication:
        return InsufficientAuthentication(check, acr=self.acr, max_age_seconds=self.max_age_seconds)
