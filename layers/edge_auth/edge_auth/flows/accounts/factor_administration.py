"""The operators' acts on the second factor and the passkeys of a user: unlock the app, and remove all of them."""

from collections.abc import Callable

from edge_auth.accounts.identity import Identity
from edge_auth.events.security_event import EventName, Record, SecurityEvent
from edge_auth.flows.accounts.unless_deleted import unless_deleted
from edge_auth.flows.ports.attempts import Attempts
from edge_auth.flows.ports.factors import FactorStore
from edge_auth.flows.ports.identities import Identities
from edge_auth.flows.sessions.end_sessions import EndSessions
from edge_auth.throttling.limits import account_bucket

FACTORS_RESET = "factors_reset"


class FactorAdministration:
    """The acts. Each raises UserChanged and TemporarilyUnavailable as those of `Administration` do."""

    def __init__(
        self,
        *,
        identities: Identities,
        factors: FactorStore,
        attempts: Attempts,
        end_sessions: EndSessions,
        record: Record,
        tell_factors_reset: Callable[[Identity], None] | None = None,
    ) -> None:
        """Keep what the acts need. `tell_factors_reset` tells a user by mail, and is there only where mail is on."""
        self._identities = identities
        self._factors = factors
        self._attempts = attempts
        self._end_sessions = end_sessions
        self._record = record
        self._tell_factors_reset = tell_factors_reset

    def unlock(self, identity: Identity) -> None:
        """Let the user's app be used again after too many wrong codes. It is no error if there is no app."""
        with unless_deleted():
            self._factors.unlock(identity)
        self._attempts.end_wait(account_bucket(identity.username))
        self._tell(EventName.FACTOR_UNLOCKED, identity)

    def reset(self, identity: Identity) -> int:
        """Remove the app, the recovery codes and the passkeys, and end all sessions; return how many ended.

        If the user must have a second factor, the next login asks for an enrolment.
        """
        with unless_deleted():
            current = self._identities.find_by_id(identity.user_id)
        if self._tell_factors_reset and (current.factors or current.passkeys):
            self._tell_factors_reset(current)  # before the reset, as `Administration.set_email` says
        with unless_deleted():
            self._factors.reset(current)
        self._tell(EventName.FACTORS_RESET, identity)
        return self._end_sessions.all(identity.user_id, reason=FACTORS_RESET)

    def _tell(self, name: EventName, identity: Identity) -> None:
        self._record(SecurityEvent(name, identity.user_id))
