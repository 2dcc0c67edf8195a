"""The operators' acts on what the tokens of a user say: scope, roles and own claims. All of it has one bound."""

import json
from collections.abc import Mapping

from edge_auth.accounts.identity import Identity
from edge_auth.errors import ClaimsRefused, RightsRefused
from edge_auth.events.security_event import EventName, Record, SecurityEvent
from edge_auth.flows.accounts.unless_deleted import unless_deleted
from edge_auth.flows.ports.identities import Identities
from edge_auth.flows.sessions.end_sessions import EndSessions
from edge_auth.tokens.claims import ROLE, SCOPE
from edge_auth.tokens.own_claims import NO_CLAIMS, OwnClaims, only_own_claims

RIGHTS_SET = "rights_set"
CLAIMS_SET = "claims_set"

MAX_RIGHTS_BYTES = 200  # as JSON: they are in every access token, which stays under 1 KiB


class RightsAdministration:
    """The acts. Each raises UserChanged and TemporarilyUnavailable as those of `Administration` do."""

    def __init__(self, *, identities: Identities, end_sessions: EndSessions, record: Record) -> None:
        """Keep what the acts need."""
        self._identities = identities
        self._end_sessions = end_sessions
        self._record = record

    def set_rights(self, identity: Identity, *, scope: str, roles: tuple[str, ...]) -> int:
        """Replace scope and roles and end all sessions, which carry the old ones; return how many ended.

        Raises RightsRefused.
        """
        check_rights(scope, roles, identity.claims)
        with unless_deleted():
            self._identities.change_rights(identity, scope=scope, roles=roles)
        self._tell(EventName.RIGHTS_SET, identity)
        return self._end_sessions.all(identity.user_id, reason=RIGHTS_SET)

    def set_claims(self, identity: Identity, claims: OwnClaims) -> int:
        """Replace the own claims and end all sessions, which carry the old ones; return how many ended.

        Raises RightsRefused: rights and claims together are too long. Two operators who set one of them each at the
        same moment may exceed the bound once; the verifier takes tokens of twice the size.
        """
        check_rights(identity.scope, identity.roles, claims)
        with unless_deleted():
            self._identities.change_claims(identity, claims)
        self._tell(EventName.CLAIMS_SET, identity)
        return self._end_sessions.all(identity.user_id, reason=CLAIMS_SET)

    def _tell(self, name: EventName, identity: Identity) -> None:
        self._record(SecurityEvent(name, identity.user_id))


def checked_claims(given: Mapping[str, object]) -> OwnClaims:
    """Return these own claims, sorted by name. Raises ClaimsRefused."""
    try:
        return only_own_claims(dict(sorted(given.items())))
    except ValueError as error:
        raise ClaimsRefused(str(error)) from None


def check_rights(scope: str, roles: tuple[str, ...], claims: OwnClaims = NO_CLAIMS) -> None:
    """Check that tokens may have this scope, these roles and these own claims together. Raises RightsRefused."""
    if scope and not SCOPE.fullmatch(scope):
        raise RightsRefused("a scope is one or more words without quotes and backslashes, one space between them")
    if not all(ROLE.fullmatch(role) for role in roles):
        raise RightsRefused("a role has 1 to 64 letters, digits and _ . : -")
    if len(json.dumps({"scope": scope, "roles": roles, **claims}, separators=(",", ":"))) > MAX_RIGHTS_BYTES:
        what = "scope, roles and own claims" if claims else "scope and roles"
        raise RightsRefused(f"{what} take more than {MAX_RIGHTS_BYTES} bytes of every access token")
