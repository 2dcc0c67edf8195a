"""Registration: somebody makes an account. There are no tokens for it: who wants some logs in."""

from typing import NamedTuple

from edge_auth.errors import UsernameTaken
from edge_auth.flows.events import EventName, SecurityEvent
from edge_auth.flows.identity import ACTIVE, Identity
from edge_auth.flows.login_limits import source_of
from edge_auth.flows.ports import Attempts, Clock, Entropy, Identities, Record
from edge_auth.password_rules import PasswordRules
from edge_auth.passwords import hash_password
from edge_auth.throttling import Rate, bucket
from edge_auth.tokens.refresh import new_id
from edge_auth.usernames import canonical_username

# P13: a family or a class at a time; whoever tries which names are taken has to take weeks.
SOURCE_RATE = Rate(attempts=20, seconds=3600, burst=10)


class Register(NamedTuple):
    """The use case, with all that it needs."""

    attempts: Attempts
    identities: Identities
    password_rules: PasswordRules
    clock: Clock
    entropy: Entropy
    record: Record

    def __call__(self, username: str, password: str, *, address: str) -> Identity:
        """Add a user without rights. `address` is where the request came from.

        Raises:
            InvalidRequest: no password of the right form.
            UsernameRefused: the name breaks a rule.
            PasswordTooShort, PasswordTooLong, PasswordCommon, PasswordGuessable: the password does.
            TooManyAttempts: too many came before from this source.
            UsernameTaken: somebody has this name.
            TemporarilyUnavailable: it is not known whether the account was made.

        """
        name = canonical_username(username)
        secret = self.password_rules.check(password, name)
        now_ms = self.clock()
        self.attempts.book(bucket("register", source_of(address)), SOURCE_RATE, now_ms=now_ms)
        identity = Identity(
            user_id=new_id(self.entropy),
            username=name,
            password_hash=hash_password(secret, entropy=self.entropy),
            status=ACTIVE,
            epoch=0,
            created_at_seconds=now_ms // 1000,
        )
        try:
            self.identities.create(identity)
        except UsernameTaken:
            # Told anew: what people type for a name, a password by mistake, is in no log.
            raise UsernameTaken("somebody has this name") from None
        self.record(SecurityEvent(EventName.USER_REGISTERED, identity.user_id))
        return identity
