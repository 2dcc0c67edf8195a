"""The second factor of a user, as it is stored."""

from dataclasses import dataclass, field

# Three codes are right at any moment, of a million. So a hundred guesses find one with a probability of 3 in 10,000.
MAX_FAILURES = 100
# What a right code takes back. It is not all, or whoever guesses beside an owner who logs in would never be stopped.
FORGIVEN_BY_A_RIGHT_CODE = 1


@dataclass(frozen=True, slots=True)
class Factors:
    """An authenticator app (TOTP), and recovery codes in its place.

    `totp` is the sealed secret, and `totp_step` the last step of 30 seconds whose code was accepted. `failures` are the
    wrong codes, less one for each right code since. `recovery` has the MACs of the codes that are left.
    """

    totp: bytes = field(repr=False)
    totp_step: int
    failures: int = 0
    recovery: frozenset[str] = field(default=frozenset(), repr=False)

    @property
    def is_locked(self) -> bool:
        """Whether no code of the app is accepted any more."""
        return self.failures >= MAX_FAILURES
