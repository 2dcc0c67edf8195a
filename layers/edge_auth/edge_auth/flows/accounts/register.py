"""Registration: makes an account. It issues no tokens: the user logs in to get them."""

from typing import Protocol

from edge_auth.accounts.identity import ACTIVE, Identity
from edge_auth.accounts.usernames import canonical_username
from edge_auth.credentials.password_rules import PasswordRules
from edge_auth.credentials.passwords import hash_password
from edge_auth.errors import UsernameTaken
from edge_auth.events.security_event import EventName, Record, SecurityEvent
from edge_auth.flows.limits.rates import Rates
from edge_auth.flows.ports.identities import Identities
from edge_auth.flows.ports.time_and_randomness import Clock, Entropy
from edge_auth.throttling.limits import registration_limit
from edge_auth.tokens.refresh_token import new_id


class Confirmation(Protocol):
    """The confirmation of a new user's address, where mail is on."""

    def of_new_user(self, identity: Identity, email: str, language: str, *, now_ms: int) -> Identity:
        """Return the user with the address, and with the status that it has until then.

        Raises EmailRefused, InvalidRequest and TooManyAttempts.
        """

    def ask(self, identity: Identity) -> None:
        """Ask for the mail to a user who was made, if there is an address. Raises TemporarilyUnavailable."""


class Register:
    """The use case."""

    def __init__(
        self,
        *,
        rates: Rates,
        identities: Identities,
        password_rules: PasswordRules,
        clock: Clock,
        entropy: Entropy,
        record: Record,
        confirmation: Confirmation | None = None,
    ) -> None:
        """Keep what the use case needs. Where mail is off, `confirmation` is None, and no user gets an address."""
        self._rates = rates
        self._identities = identities
        self._password_rules = password_rules
        self._clock = clock
        self._entropy = entropy
        self._record = record
        self._confirmation = confirmation

    def __call__(self, username: str, password: str, *, address: str, email: str = "", language: str = "") -> Identity:
        """Add a user without rights. `address` is where the request came from.

        Where mail is on, a mail goes to `email`, or else to a user name that is an address, to confirm it. The account
        is made before. If the mail cannot be asked for, the user asks for it later.

        Raises:
            InvalidRequest: the password does not have the right form.
            UsernameRefused: the name breaks a rule.
            EmailRefused: no mail can be sent to the address, or one is needed and there is none.
            PasswordTooShort, PasswordTooLong, PasswordCommon, PasswordGuessable: the password breaks a rule.
            TooManyAttempts: too many registrations came from this source before.
            UsernameTaken: another user has this name.
            TemporarilyUnavailable: it is not known whether the account was made.

        """
        name = canonical_username(username)
        secret = self._password_rules.check(password, name)
        now_ms, confirmation = self._clock(), self._confirmation
        self._rates.book(registration_limit(address), now_ms=now_ms)
        identity = Identity(
            user_id=new_id(self._entropy),
            username=name,
            password_hash=hash_password(secret, entropy=self._entropy),
            status=ACTIVE,
            epoch=0,
            created_at_seconds=now_ms // 1000,
        )
        if confirmation is not None:
            identity = confirmation.of_new_user(identity, email, language, now_ms=now_ms)
        try:
            self._identities.create(identity)
        except UsernameTaken:
            # A new error without the name: a user may type a password there by mistake, and no log may hold it.
            raise UsernameTaken("another user has this name") from None
        self._record(SecurityEvent(EventName.USER_REGISTERED, identity.user_id))
        if confirmation is not None:
            confirmation.ask(identity)
        return identity
