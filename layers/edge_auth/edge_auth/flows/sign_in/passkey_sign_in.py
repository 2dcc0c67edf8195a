"""Sign-in with a passkey: a discoverable one says whose it is, and no password is asked for.

It is also the second request of a login whose user has a passkey: then it has the token of the first one.
A session is opened for each challenge at most once: the challenge is spent in the transaction that opens the session.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Protocol

from edge_auth.accounts.identity import Identity
from edge_auth.errors import TemporarilyUnavailable
from edge_auth.events.security_event import EventName, Record, SecurityEvent
from edge_auth.flows.limits.known_device import device_of, known_device
from edge_auth.flows.ports.factors import PASSWORD_METHOD
from edge_auth.flows.ports.identities import EpochMoved
from edge_auth.flows.ports.key_ring import KeyRingSource
from edge_auth.flows.ports.passkeys import ChallengeSpent, PasskeyOpening
from edge_auth.flows.ports.time_and_randomness import Clock, Entropy
from edge_auth.flows.sessions.session_limit import SessionLimit
from edge_auth.flows.side_by_side import side_by_side
from edge_auth.flows.sign_in.new_session import SessionPolicy, new_session
from edge_auth.flows.sign_in.passkey_check import PasskeyCheck, PresentedPasskey
from edge_auth.flows.sign_in.passkey_request import PasskeyRequests
from edge_auth.flows.sign_in.replace_session import ReplaceSession
from edge_auth.flows.sign_in.signed_in import SignedIn, SignInClient
from edge_auth.keys.ring import KeysInForce
from edge_auth.sessions.client_description import ClientDescription
from edge_auth.tokens import device_token as device_tokens
from edge_auth.tokens.claims import PHISHING_RESISTANT
from edge_auth.tokens.device_token import NoDeviceToken
from edge_auth.tokens.proof_token import Proof
from edge_auth.tokens.refresh_token import new_id


class FirstStep(Protocol):
    """The step before, with a password. Where second factors are off, there is none."""

    def proof(self, mfa_token: str, keys: KeysInForce) -> Proof:
        """Read the token, without a request. Raises InvalidProof."""

    def check(self, identity: Identity, proof: Proof) -> None:
        """Check that the token is this user's, and that nothing has changed since. Raises InvalidProof."""

    def forget(self, identity: Identity, proof: Proof, device_token: str, keys: KeysInForce) -> None:
        """Take back that the attempt at the password counts as failed. It never fails."""


class PasskeySignIn:
    """The use case."""

    def __init__(  # noqa: PLR0913 - one for each port
        self,
        *,
        check: PasskeyCheck,
        requests: PasskeyRequests,
        first_step: FirstStep | None,
        opening: PasskeyOpening,
        policies: Mapping[str, SessionPolicy],
        replace_session: ReplaceSession,
        session_limit: SessionLimit,
        key_ring: KeyRingSource,
        clock: Clock,
        entropy: Entropy,
        record: Record,
        tell_new_device: Callable[[Identity, ClientDescription], None] | None = None,
    ) -> None:
        """Keep what the use case needs. `policies` has the timeouts for each transport.

        Where second factors are off, `first_step` is None. Where mail is off, `tell_new_device` is None: otherwise it
        tells the user by mail, and never fails.
        """
        self._check = check
        self._requests = requests
        self._first_step = first_step
        self._opening = opening
        self._policies = policies
        self._replace_session = replace_session
        self._session_limit = session_limit
        self._key_ring = key_ring
        self._clock = clock
        self._entropy = entropy
        self._record = record
        self._tell_new_device = tell_new_device

    def options(self) -> dict[str, object]:
        """Draw a challenge, and return the options of a sign-in. Makes no request to a table."""
        return self._requests.options(self._key_ring.load())

    def __call__(self, presented: PresentedPasskey, client: SignInClient, mfa_token: str = "") -> SignedIn:
        """Check what the passkey has signed, and open a session.

        `mfa_token` shows that the password was right, if this is the second step of a login. Where second factors are
        off, it is not read.

        Raises:
            TooManyAttempts: too many attempts came from this source before.
            InvalidPasskey: it is not accepted. The answer does not say why.
            InvalidProof: the token is not valid any more, or another user's.
            TemporarilyUnavailable: nothing was decided.

        """
        keys, first_step = self._key_ring.load(), self._first_step if mfa_token else None
        proof = first_step.proof(mfa_token, keys) if first_step else None
        identity, use = self._check(presented, client.address, keys)
        if first_step and proof:
            first_step.check(identity, proof)
        session, token = new_session(
            identity,
            client.description,
            client.transport,
            self._policies[client.transport],
            amr=(PASSWORD_METHOD, *use.methods, "mfa") if proof else use.methods,
            acr=PHISHING_RESISTANT,
            now_ms=self._clock(),
            entropy=self._entropy,
        )
        opened = partial(self._opening.open, session, identity, use)
        try:
            if first_step and proof:
                # Nothing was wrong, also if the session cannot be opened now.
                side_by_side(opened, partial(first_step.forget, identity, proof, client.device_token, keys))
            else:
                opened()
        except ChallengeSpent:
            raise self._check.refused("the challenge was spent before", identity.user_id) from None
        except EpochMoved:
            # The account or the passkey changed in the meantime. The next attempt decides.
            raise TemporarilyUnavailable("the identity changed during the sign-in") from None
        self._record(SecurityEvent(EventName.LOGIN_SUCCEEDED, identity.user_id, session.session_id))
        if client.earlier:  # before the limit, which would end one session more
            self._replace_session(client.earlier, client.transport)
        self._session_limit.keep(identity.user_id)
        return SignedIn(session, token, keys, self._device_token(identity, client, keys))

    def _device_token(self, identity: Identity, client: SignInClient, keys: KeysInForce) -> str:
        """Return a device token for later logins. A known device keeps its id, and of any other one the user is told.

        A passkey that is synced signs in on devices that its user has never seen.
        """
        try:
            device_id = known_device(identity, client.device_token, keys)
        except NoDeviceToken:
            device_id = new_id(self._entropy)
            if self._tell_new_device:
                self._tell_new_device(identity, client.description)
        return device_tokens.mint(device_of(identity, device_id), keys.mac, username=identity.username)
