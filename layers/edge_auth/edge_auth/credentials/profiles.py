"""The profiles of password hashes: the parameters of Argon2id (RFC 9106), and which stored hashes are checked.

The hashes of other systems have kinds of their own, in `foreign_hashes`. It is loaded only if one is declared.
"""

import re
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from edge_auth.credentials.foreign_hashes import ForeignKind


class Argon2idProfile(NamedTuple):
    """Argon2id parameters: memory in KiB, passes over it, parallel lanes."""

    memory_kib: int
    iterations: int
    lanes: int

    @property
    def phc_prefix(self) -> str:
        """The beginning of every PHC string under this profile."""
        return f"$argon2id$v=19${self.declaration}$"

    @property
    def declaration(self) -> str:
        """The text that declares this profile, such as `m=102400,t=2,p=8`."""
        return f"m={self.memory_kib},t={self.iterations},p={self.lanes}"

    @property
    def unmatchable(self) -> str:
        """A PHC string under this profile with the salt and the hash of no known password."""
        return f"{self.phc_prefix}{'A' * 22}${'A' * 43}"


HashKind: TypeAlias = "Argon2idProfile | ForeignKind"
"""What a stored hash begins with. It decides how long a check takes: the algorithm and its parameters."""

# OWASP Password Storage Cheat Sheet, the second of its equivalent choices; ASVS 11.4.2.
OWASP_19_MIB = Argon2idProfile(memory_kib=19_456, iterations=2, lanes=1)
PROFILE = OWASP_19_MIB

# The profiles of all hashes that edge-auth has made: today's first, then those of older versions.
OUR_PROFILES = (PROFILE,)

# A declared profile beyond these bounds is a mistake, or an attack on the function's memory.
MAX_MEMORY_KIB = 131_072
MAX_ITERATIONS = 16
MAX_LANES = 8
MAX_DECLARED = 6  # kinds, as the template has it: each one makes every wrong password slower
_DECLARED = re.compile(r"m=([1-9][0-9]{0,6}),t=([1-9][0-9]?),p=([1-9])")


def checked_profiles(declared: str) -> tuple[HashKind, ...]:
    """Return the kinds of the hashes that are checked, each one once, today's profile first.

    `declared` has the kinds of hashes that were brought along, with spaces or semicolons between: profiles such as
    `m=102400,t=2,p=8`, and kinds of other systems such as `bcrypt:c=10`. A renewal of a hash with a profile may have a
    profile of its own, so that one is checked too. A hash of another system is renewed under today's.

    Raises:
        ValueError: a text is no kind, or beyond the bounds.

    """
    texts = declared.replace(";", " ").split()
    brought = tuple(_profile(text) for text in texts if ":" not in text)
    foreign = _foreign(tuple(text for text in texts if ":" in text))
    return tuple(dict.fromkeys((*OUR_PROFILES, *brought, *map(renewal, (*OUR_PROFILES, *brought)), *foreign)))


def _foreign(texts: tuple[str, ...]) -> tuple[HashKind, ...]:
    if not texts:
        return ()
    from edge_auth.credentials.foreign_hashes import declared_kind  # noqa: PLC0415 - see above

    return tuple(map(declared_kind, texts))


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
