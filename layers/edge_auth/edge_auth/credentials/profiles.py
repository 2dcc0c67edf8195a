"""The profiles of password hashes: the parameters of Argon2id (RFC 9106), and which stored hashes are checked."""

import re
from typing import NamedTuple


class Argon2idProfile(NamedTuple):
    """Argon2id parameters: memory in KiB, passes over it, parallel lanes."""

    memory_kib: int
    iterations: int
    lanes: int

    @property
    def phc_prefix(self) -> str:
        """The beginning of every PHC string under this profile."""
        return f"$argon2id$v=19$m={self.memory_kib},t={self.iterations},p={self.lanes}$"


# OWASP Password Storage Cheat Sheet, the second of its equivalent choices; ASVS 11.4.2.
OWASP_19_MIB = Argon2idProfile(memory_kib=19_456, iterations=2, lanes=1)
PROFILE = OWASP_19_MIB

# The profiles of all hashes that edge-auth has made: today's first, then those of older versions.
OUR_PROFILES = (PROFILE,)

# A declared profile beyond these bounds is a mistake, or an attack on the function's memory.
MAX_MEMORY_KIB = 131_072
MAX_ITERATIONS = 16
MAX_LANES = 8
_DECLARED = re.compile(r"m=([1-9][0-9]{0,6}),t=([1-9][0-9]?),p=([1-9])")


def checked_profiles(declared: str) -> tuple[Argon2idProfile, ...]:
    """Return the profiles of the hashes that are checked, each one once, today's first.

    `declared` has the profiles of hashes that were brought along, such as `m=102400,t=2,p=8`, with spaces or semicolons
    between. A renewal of such a hash may have a profile of its own, so that one is checked too.

    Raises:
        ValueError: a text is no profile, or beyond the bounds.

    """
    brought = tuple(map(_profile, declared.replace(";", " ").split()))
    return tuple(dict.fromkeys((*OUR_PROFILES, *brought, *map(renewal, (*OUR_PROFILES, *brought)))))


def renewal(profile: Argon2idProfile) -> Argon2idProfile:
    """Return the profile in which a hash is renewed: its own, unless it has less memory or fewer passes than today's.

    The new one has the larger of each, so nothing is lowered. Lanes spread the work, and do not add to it.
    """
    if profile.memory_kib >= PROFILE.memory_kib and profile.iterations >= PROFILE.iterations:
        return profile
    return PROFILE._replace(
        memory_kib=max(PROFILE.memory_kib, profile.memory_kib),
        iterations=max(PROFILE.iterations, profile.iterations),
    )


def _profile(text: str) -> Argon2idProfile:
    parts = _DECLARED.fullmatch(text)
    if parts is None:
        raise ValueError(f"not an Argon2id profile such as m=19456,t=2,p=1: {text}")
    profile = Argon2idProfile(*map(int, parts.groups()))
    if not (
        8 * profile.lanes <= profile.memory_kib <= MAX_MEMORY_KIB  # RFC 9106 §3.1: at least 8 KiB a lane
        and profile.iterations <= MAX_ITERATIONS
        and profile.lanes <= MAX_LANES
    ):
        raise ValueError(f"beyond the bounds of a password check: {text}")
    return profile
