"""The second factors of users: what a client presents, what a login learns of it, and where it is stored."""

from typing import TYPE_CHECKING, NamedTuple, Protocol

from edge_auth.accounts.identity import Identity
from edge_auth.keys.ring import KeysInForce
from edge_auth.throttling.counters import Attempt

if TYPE_CHECKING:
    # A deployment without second factors loads neither.
    from edge_auth.accounts.factors import Factors
    from edge_auth.keys.sealing_key import SealingKeys

# RFC 8176 §2. A code is always a second factor. A recovery code has no method of its own.
PASSWORD_METHOD = "pwd"
APP_METHODS = ("otp", "mfa")
RECOVERY_METHODS = ("mfa",)


class Presented(NamedTuple):
    """What a client presents beside or in place of a password, as texts. Empty is not there.

    `otp` is a code of an authenticator app. `mfa_token` shows that the password was right, and takes its place.
    """

    otp: str = ""
    recovery_code: str = ""
    mfa_token: str = ""

    def __repr__(self) -> str:
        """Show nothing: each of them is secret."""
        return "Presented(...)"


NOTHING = Presented()


class FactorUse(NamedTuple):
    """What the write that accepts a second factor changes and demands.

    `totp_step` is the step of an app's code, which takes back `forgiven` wrong ones, or `recovery_code` the stored code
    that is used up, which takes back all. `totp` is the secret, sealed anew, or empty if it stays as it is.
    `factors_version` is the one that was read. `left` says for the log how many recovery codes are left after it.
    """

    factors_version: int
    totp_step: int = 0
    forgiven: int = 0
    recovery_code: str = ""
    totp: bytes = b""
    left: str = ""

    @property
    def methods(self) -> tuple[str, ...]:
        """What the code adds to the methods of the login."""
        return RECOVERY_METHODS if self.recovery_code else APP_METHODS


class Passed(NamedTuple):
    """What a login has shown: its methods (RFC 8176), its level, and the use of a second factor, if there is one."""

    amr: tuple[str, ...]
    acr: str
    use: FactorUse | None = None


PASSWORD_ALONE = Passed((PASSWORD_METHOD,), "")
"""A login where second factors are off."""


class SecondStep(Protocol):
    """The part of a login after the password. Where second factors are off, a login gets None in its place."""

    def check_form(self, presented: Presented, keys: KeysInForce) -> None:
        """Refuse what cannot be right, before any request is made.

        Raises InvalidRequest: two codes, or a token without a code. Raises InvalidProof: the token is not authentic.
        """

    def check_password_shown(
        self, user: Identity | None, presented: Presented, keys: KeysInForce
    ) -> tuple[Identity, Attempt]:
        """Accept the token in place of the password. Return its user and its attempt. Raises InvalidProof."""

    def __call__(self, identity: Identity, presented: Presented, keys: KeysInForce, attempt: Attempt) -> Passed:
        """Check the second factor of a user whose password was right.

        Raises:
            MfaRequired: the user has an app or a passkey, and no code was presented that could be checked.
            MfaEnrolmentRequired: the user has to have one.
            InvalidOtp, FactorLocked: the code is refused, and that is counted.
            TemporarilyUnavailable: nothing was decided.

        """


class FactorStore(Protocol):
    """Stores the factors of users. Each act names the user as it was read."""

    def enrol(self, identity: Identity, factors: "Factors") -> None:
        """Give the user these factors in place of any other, and move the epoch and the version of the factors.

        Raises EpochMoved: the user or its factors have changed.
        """

    def replace_codes(self, identity: Identity, recovery: frozenset[str]) -> None:
        """Replace the recovery codes, and move the version of the factors. Raises EpochMoved, as `enrol`."""

    def remove(self, identity: Identity) -> None:
        """Take the factors away, and move the epoch and the version of the factors. Raises EpochMoved, as `enrol`."""

    def count_failure(self, identity: Identity) -> int:
        """Count a wrong code, and return how many there are. Raises EpochMoved: the factors have changed.

        It counts whatever else of the user has changed. After a lost response one may count twice, but none is missed.
        """

    def unlock(self, identity: Identity) -> None:
        """Forget the wrong codes. It is no error if the user has no factor. Raises UnknownUser."""

    def reset(self, identity: Identity) -> None:
        """Take factors and passkeys away, also if the user has changed since it was read. Raises UnknownUser."""


class SealingKeySource(Protocol):
    """Gives the flows the keys that seal."""

    def load(self) -> "SealingKeys":
        """Return the keys, perhaps some minutes old. Raises TemporarilyUnavailable."""
