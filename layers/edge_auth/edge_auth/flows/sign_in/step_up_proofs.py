"""What a user shows for a step-up: a code, a passkey, or the password where there is no factor."""

from typing import TYPE_CHECKING, NamedTuple

from edge_auth.accounts.identity import Identity
from edge_auth.credentials.passwords import check_password, password_bytes
from edge_auth.credentials.profiles import HashKind
from edge_auth.errors import InvalidCredentials, InvalidRequest, TemporarilyUnavailable
from edge_auth.events.security_event import EventName, Record, SecurityEvent
from edge_auth.factor_errors import FactorLocked, InvalidOtp
from edge_auth.flows.factors.factor_check import FactorCheck
from edge_auth.flows.limits.password_attempts import PasswordAttemptLimit
from edge_auth.flows.ports.factors import NOTHING, PASSWORD_METHOD, FactorUse, Presented
from edge_auth.keys.ring import KeysInForce
from edge_auth.throttling.limits import password_change_limit
from edge_auth.tokens.claims import ONE_FACTOR, PHISHING_RESISTANT, TWO_FACTORS

if TYPE_CHECKING:  # a deployment without passkeys does not load their check
    from edge_auth.flows.ports.passkeys import PasskeyUse
    from edge_auth.flows.sign_in.passkey_check import PasskeyCheck, PresentedPasskey


class Proofs(NamedTuple):
    """What the user shows: one of them. Empty is not there."""

    password: str = ""
    codes: Presented = NOTHING
    passkey: "PresentedPasskey | None" = None

    @property
    def acr(self) -> str:
        """The level that they reach. Raises InvalidRequest: there is not exactly one."""
        levels = {PHISHING_RESISTANT: (self.passkey,), TWO_FACTORS: self.codes[:2], ONE_FACTOR: (self.password,)}
        shown = [level for level, parts in levels.items() for part in parts if part]
        if len(shown) != 1:
            raise InvalidRequest("one proof")
        return shown[0]

    def __repr__(self) -> str:
        """Show nothing: each of them is secret."""
        return "Proofs(...)"


class PassedStepUp(NamedTuple):
    """What a step-up has shown: its methods (RFC 8176), its level, and the use of a factor, if there is one."""

    amr: tuple[str, ...]
    acr: str
    use: "FactorUse | PasskeyUse | None" = None


class ProofCheck:
    """The check."""

    def __init__(
        self,
        *,
        limit: PasswordAttemptLimit,
        profiles: tuple[HashKind, ...],
        codes: FactorCheck,
        record: Record,
        passkeys: "PasskeyCheck | None" = None,
    ) -> None:
        """Keep what the check needs. `profiles` are those of the hashes that are checked.

        `passkeys` is there only where passkeys are on.
        """
        self._limit = limit
        self._profiles = profiles
        self._codes = codes
        self._record = record
        self._passkeys = passkeys

    def __call__(self, identity: Identity, proofs: Proofs, keys: KeysInForce) -> PassedStepUp:
        """Check what this user has to show: a factor that is enrolled, or the password where there is none.

        Raises:
            InvalidRequest: it is not what this user has to show.
            TooManyAttempts: too many attempts came before, in sessions of this user.
            InvalidCredentials, InvalidOtp, FactorLocked, InvalidPasskey: it is refused.
            TemporarilyUnavailable: nothing was decided.

        """
        if proofs.passkey:
            return self._by_passkey(identity, proofs.passkey, keys)
        if proofs.password:
            if identity.factors is not None or identity.passkeys:
                raise InvalidRequest("the password of a user with a factor")
        elif identity.factors is None:
            raise InvalidRequest("a code of a user without an app")
        return self._shown(identity, proofs)

    def _by_passkey(self, identity: Identity, passkey: "PresentedPasskey", keys: KeysInForce) -> PassedStepUp:
        """Check a passkey. A signature cannot be guessed, so no attempt is counted."""
        if self._passkeys is None or not identity.passkeys:
            raise InvalidRequest("a passkey, where there is none")
        use = self._passkeys.of_user(identity, passkey, keys)
        return PassedStepUp((*use.methods, "mfa"), PHISHING_RESISTANT, use)

    def _shown(self, identity: Identity, proofs: Proofs) -> PassedStepUp:
        """Count the attempt, and check a code or the password."""
        secret = password_bytes(proofs.password) if proofs.password else b""
        attempt = self._limit.admit(password_change_limit(identity.user_id))
        try:
            if identity.factors is None:
                check_password(secret, identity.password_hash, self._profiles)
                shown = PassedStepUp((PASSWORD_METHOD,), ONE_FACTOR)
            else:
                use = self._codes(identity, identity.factors, proofs.codes)
                shown = PassedStepUp(use.methods, TWO_FACTORS, use)
        except (InvalidCredentials, InvalidOtp, FactorLocked) as error:
            self._limit.failed(attempt, identity.user_id)
            self._record(SecurityEvent(EventName.STEP_UP_FAILED, identity.user_id, reason=error.detail))
            raise
        except TemporarilyUnavailable as error:
            self._limit.undecided(attempt, error, identity.user_id)
            raise
        self._limit.succeeded(attempt, identity.user_id)
        return shown
