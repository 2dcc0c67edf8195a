"""The first step of a login whose second one is a passkey: what it has left behind, and what it has proved."""

from edge_auth.accounts.identity import Identity
from edge_auth.errors import InvalidProof
from edge_auth.events.security_event import EventName, Record, SecurityEvent
from edge_auth.flows.factors.factor_token import attempt_of, check_bound, read_token
from edge_auth.flows.limits.known_device import known_device
from edge_auth.flows.limits.password_attempts import PasswordAttemptLimit
from edge_auth.flows.ports.time_and_randomness import Clock
from edge_auth.keys.ring import KeysInForce
from edge_auth.throttling.counters import Counted
from edge_auth.throttling.limits import account_bucket, device_limit
from edge_auth.tokens.device_token import NoDeviceToken
from edge_auth.tokens.proof_token import Kind, Proof


class PasswordStep:
    """The port `flows.sign_in.passkey_sign_in.FirstStep`."""

    def __init__(self, *, limit: PasswordAttemptLimit, clock: Clock, record: Record) -> None:
        """Keep what the step needs."""
        self._limit = limit
        self._clock = clock
        self._record = record

    def proof(self, mfa_token: str, keys: KeysInForce) -> Proof:
        """Read the token that shows that the password was right."""
        return read_token(mfa_token, Kind.MFA, keys, now_seconds=self._clock() // 1000)

    def check(self, identity: Identity, proof: Proof) -> None:
        """Check that the token is this user's, and that nothing has changed since the password was right."""
        try:
            check_bound(proof, identity)
        except InvalidProof as error:
            self._record(SecurityEvent(EventName.LOGIN_FAILED, identity.user_id, reason=error.detail))
            raise

    def forget(self, identity: Identity, proof: Proof, device_token: str, keys: KeysInForce) -> None:
        """Take the attempt out of the counter in which it is. In any other nothing is found, and nothing changed."""
        try:
            counter = device_limit(identity.user_id, known_device(identity, device_token, keys)).counter
        except NoDeviceToken:
            counter = account_bucket(identity.username)
        self._limit.succeeded(Counted(counter, attempt_of(proof), is_free=True), identity.user_id)
