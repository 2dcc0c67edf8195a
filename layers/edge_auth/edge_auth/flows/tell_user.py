"""Tells a user by mail what has happened, or what an operator does next. It never fails, and stops none of that.

A user is told only at a confirmed address, because the mails name the user, and not at one that mails come back from.
One write asks for the mail.
"""

from typing import TYPE_CHECKING

from edge_auth.accounts.identity import Identity
from edge_auth.errors import TemporarilyUnavailable
from edge_auth.events.security_event import EventName, Record, SecurityEvent
from edge_auth.flows.ports.notices import Notice, NoticeName, Notices
from edge_auth.flows.ports.time_and_randomness import Clock, Entropy
from edge_auth.sessions.client_description import UNKNOWN_CLIENT, ClientDescription
from edge_auth.tokens.refresh_token import new_id

if TYPE_CHECKING:  # only the undoing of an address loads it
    from edge_auth.flows.ports.challenges import RemovedFactors

KEPT_SECONDS = 3600  # for an operator who looks; the mailer needs the record of the stream only


class TellUser:
    """The use case."""

    def __init__(self, *, notices: Notices, clock: Clock, entropy: Entropy, record: Record) -> None:
        """Keep what the use case needs."""
        self._notices = notices
        self._clock = clock
        self._entropy = entropy
        self._record = record

    def new_device(self, identity: Identity, client: ClientDescription) -> None:
        """Tell of a login on a device on which the user had not logged in."""
        self._tell(NoticeName.NEW_DEVICE, identity, client)

    def new_password(self, identity: Identity) -> None:
        """Tell of a new password."""
        self._tell(NoticeName.NEW_PASSWORD, identity)

    def new_address(self, identity: Identity) -> None:
        """Tell that mails go to another address. `identity` has the address from before."""
        self._tell(NoticeName.NEW_ADDRESS, identity)

    def factor_changed(self, identity: Identity) -> None:
        """Tell that a second factor was added, replaced or removed."""
        self._tell(NoticeName.FACTOR_CHANGED, identity)

    def account_locked(self, identity: Identity) -> None:
        """Tell that no more codes of the second factor are accepted."""
        self._tell(NoticeName.ACCOUNT_LOCKED, identity)

    def factors_reset(self, identity: Identity) -> None:
        """Tell that an operator removes the second factor and the passkeys."""
        self._tell(NoticeName.FACTORS_RESET, identity)

    def factors_removed(self, identity: Identity, removed: "RemovedFactors") -> None:
        """Tell that the undoing of a changed address has removed factors."""
        if removed.has_app:
            self.factor_changed(identity)
        if removed.passkeys:
            self.passkey_removed(identity)

    def recovery_codes_replaced(self, identity: Identity) -> None:
        """Tell that there are new recovery codes."""
        self._tell(NoticeName.RECOVERY_CODES_REPLACED, identity)

    def recovery_code_used(self, identity: Identity) -> None:
        """Tell that a recovery code was used, and how many are left. `identity` still has this one."""
        left = len(identity.factors.recovery) - 1 if identity.factors else 0
        self._tell(NoticeName.RECOVERY_CODE_USED, identity, left=str(left))

    def passkey_added(self, identity: Identity) -> None:
        """Tell of a new passkey."""
        self._tell(NoticeName.PASSKEY_ADDED, identity)

    def passkey_removed(self, identity: Identity) -> None:
        """Tell that a passkey was removed."""
        self._tell(NoticeName.PASSKEY_REMOVED, identity)

    def _tell(
        self, name: NoticeName, identity: Identity, client: ClientDescription = UNKNOWN_CLIENT, left: str = ""
    ) -> None:
        if not identity.is_reachable:
            return
        now_seconds = self._clock() // 1000
        details = {"at": str(now_seconds), "user_agent": client.user_agent, "network": client.network, "left": left}
        shown = {key: value for key, value in details.items() if value}
        notice = Notice(name, new_id(self._entropy), identity, shown, now_seconds + KEPT_SECONDS)
        try:
            self._notices.put(notice)
        except TemporarilyUnavailable as error:
            event = SecurityEvent(EventName.NOTICE_NOT_WRITTEN, identity.user_id, reason=f"{name}: {error.detail}")
            self._record(event)
