"""Makes an account at the first login of a user who is still in another system, with the password of the login."""

from edge_auth.accounts.identity import ACTIVE, Identity
from edge_auth.credentials.passwords import hash_password, password_bytes
from edge_auth.errors import GuessNotCounted, TemporarilyUnavailable
from edge_auth.events.security_event import EventName, Record, SecurityEvent
from edge_auth.flows.ports.imported_identities import Imported, ImportedIdentities
from edge_auth.flows.ports.old_system import OldSystem, OldUser
from edge_auth.flows.ports.time_and_randomness import Clock, Entropy
from edge_auth.tokens.refresh_token import new_id


class MigrateUser:
    """The use case."""

    def __init__(
        self,
        *,
        old_system: OldSystem,
        imported: ImportedIdentities,
        clock: Clock,
        entropy: Entropy,
        record: Record,
    ) -> None:
        """Keep what the use case needs."""
        self._old_system = old_system
        self._imported = imported
        self._clock = clock
        self._entropy = entropy
        self._record = record

    def __call__(self, name: str, password: str) -> None:
        """Ask the old system about a user name that nobody has here, in its canonical spelling, and make the account.

        `password` is as it was received. The login asks after it has counted the attempt, and then checks the new
        account as any other. A user who came in this way and was deleted or renamed since does not come a second time.

        Raises:
            InvalidCredentials: the old system does not accept the password.
            TemporarilyUnavailable: the account could not be made. The same call may be made again. It is
                GuessNotCounted if the old system gave no answer that can be used: it may have compared the password.

        """
        old = self._asked(name, password)
        now_seconds = self._clock() // 1000
        identity = Identity(
            user_id=new_id(self._entropy),
            username=name,
            password_hash=hash_password(password_bytes(password), entropy=self._entropy),
            status=ACTIVE,
            epoch=0,
            created_at_seconds=now_seconds,
            email=old.email,
            email_verified_at_seconds=now_seconds if old.email and old.email_verified else 0,
        )
        (user_id,) = self._imported.add([Imported(identity, f"login:{name}")])
        if user_id == identity.user_id:
            self._record(SecurityEvent(EventName.USER_MIGRATED, user_id))
        # Otherwise another login of the user was faster, or the user came earlier and is not here any more. The login
        # that follows finds out.

    def _asked(self, name: str, password: str) -> OldUser:
        try:
            return self._old_system.authenticate(name, password)
        except TemporarilyUnavailable as error:
            raise GuessNotCounted(error.detail) from error
