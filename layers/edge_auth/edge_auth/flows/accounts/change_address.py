"""Asks for a change of the address by its user: needs the current password, and a proof from the new address later."""

from edge_auth.accounts.identity import Identity
from edge_auth.credentials.passwords import password_bytes
from edge_auth.credentials.profiles import HashKind
from edge_auth.errors import InvalidCredentials, TemporarilyUnavailable
from edge_auth.events.security_event import EventName, Record, SecurityEvent
from edge_auth.flows.accounts.account_holder import AccountHolder
from edge_auth.flows.accounts.new_challenge import NewChallenge
from edge_auth.flows.limits.password_attempts import PasswordAttemptLimit
from edge_auth.flows.limits.rates import Rates
from edge_auth.flows.ports.challenges import Challenges, NewerChallenge
from edge_auth.flows.ports.identities import Identities
from edge_auth.flows.ports.sessions import Sessions
from edge_auth.flows.ports.time_and_randomness import Clock
from edge_auth.mail_address import canonical_address
from edge_auth.sessions.session import Session
from edge_auth.throttling.limits import mail_limit, mail_source_limit, password_change_limit


class ChangeAddress:
    """The use case."""

    def __init__(
        self,
        *,
        limit: PasswordAttemptLimit,
        rates: Rates,
        profiles: tuple[HashKind, ...],
        identities: Identities,
        sessions: Sessions,
        challenges: Challenges,
        new_challenge: NewChallenge,
        clock: Clock,
        record: Record,
    ) -> None:
        """Keep what the use case needs. `profiles` are those of the hashes that are checked."""
        self._limit = limit
        self._rates = rates
        self._holder = AccountHolder(identities=identities, sessions=sessions, profiles=profiles, clock=clock)
        self._challenges = challenges
        self._new_challenge = new_challenge
        self._clock = clock
        self._record = record

    def __call__(self, user_id: str, session_id: str, email: str, current: str, *, address: str) -> None:
        """Store a challenge whose mail goes to the new address. `address` is where the request came from.

        Nothing about the user changes before the proof comes back. The user's own address may be given too: then the
        mail is sent once more.

        Raises:
            EmailRefused: no mail can be sent to this text.
            InvalidToken: the session has ended.
            InsufficientAuthentication: the user has a second factor or a passkey, and the session's login is too weak
                or too old.
            InvalidRequest: the password does not have the right form.
            TooManyAttempts: too many passwords were tried in sessions of this user, or too many mails were asked for.
            InvalidCredentials: the password is wrong, or the user is disabled or gone.
            TemporarilyUnavailable: it is not known whether a mail will come. The same call may be made again.

        """
        new = canonical_address(email)
        session, secret = self._holder.living_session(user_id, session_id), password_bytes(current)
        user = self._authenticated(session, secret)
        now_ms = self._clock()
        self._rates.book(mail_source_limit(address), now_ms=now_ms)
        self._rates.book(mail_limit(new), now_ms=now_ms)
        try:
            self._challenges.put(self._new_challenge.confirm(user, new))
        except NewerChallenge:
            raise TemporarilyUnavailable("another address was asked for at the same second") from None
        self._record(SecurityEvent(EventName.EMAIL_CHANGE_ASKED, user_id, session_id))

    def _authenticated(self, session: Session, password: bytes) -> Identity:
        """Check the password as a change of the password does, and count it with those."""
        user_id, session_id = session.user_id, session.session_id
        user = self._holder.user_of(session)
        attempt = self._limit.admit(password_change_limit(user_id))
        try:
            owner = self._holder.with_password(user, password)
        except InvalidCredentials as error:
            self._limit.failed(attempt, user_id)
            self._record(SecurityEvent(EventName.PASSWORD_CHANGE_FAILED, user_id, session_id, reason=error.detail))
            raise
        self._limit.succeeded(attempt, user_id)
        return owner
