"""Recovery codes: each of them stands for the second factor once. Pure.

The table has MACs of them under a sealing key. Fifty bits would not protect a hash without a key.
"""

import hmac
from collections.abc import Callable, Iterable

from edge_auth import base64url
from edge_auth.factor_errors import InvalidOtp
from edge_auth.keys.sealing_key import SealingKey, SealingKeys

CODES = 10
CODE_CHARACTERS = 10  # 5 bits each, so 50 bits a code
GROUP_CHARACTERS = 5
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base32: without I, L, O and U
MAC_BYTES = 16
_READ_AS = str.maketrans({"I": "1", "L": "1", "O": "0", "-": "", " ": ""})


def new_codes(entropy: Callable[[int], bytes]) -> tuple[str, ...]:
    """Draw the codes of a user, as they are shown: `ABCDE-FGHJK`. They differ from each other."""
    codes: dict[str, None] = {}
    while len(codes) < CODES:
        # 32 divides 256, so each character is equally likely.
        drawn = "".join(ALPHABET[byte % len(ALPHABET)] for byte in entropy(CODE_CHARACTERS))
        codes[f"{drawn[:GROUP_CHARACTERS]}-{drawn[GROUP_CHARACTERS:]}"] = None
    return tuple(codes)


def kept(codes: Iterable[str], key: SealingKey, user_id: str) -> frozenset[str]:
    """Return what is stored of the codes of a user."""
    return frozenset(_kept(_characters(code), key, user_id) for code in codes)


def matched_code(text: str, stored: frozenset[str], keys: SealingKeys, user_id: str) -> str:
    """Return which of the stored codes the text is. Case, spaces and hyphens do not matter.

    Raises:
        InvalidOtp: none of them.

    """
    typed = _characters(text)
    if len(typed) != CODE_CHARACTERS or not set(typed) <= set(ALPHABET):
        raise InvalidOtp("no recovery code")
    candidates = [_kept(typed, key, user_id) for key in keys.by_id.values()]
    # The MACs are unpredictable without the key, so a comparison that ends early tells nothing of use.
    matched = stored.intersection(candidates)
    if not matched:
        raise InvalidOtp("wrong recovery code")
    return next(iter(matched))


def _characters(text: str) -> str:
    return text.upper().translate(_READ_AS)


def _kept(characters: str, key: SealingKey, user_id: str) -> str:
    mac = hmac.digest(key.mac, f"{user_id}\0{characters}".encode(), "sha256")
    return base64url.encode(key.key_id + mac[:MAC_BYTES])
