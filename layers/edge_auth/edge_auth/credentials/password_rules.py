"""The rules for a new password: long enough, not a common one, and no name of the user or the service. Pure.

There are no rules of composition, and no password expires (NIST SP 800-63B-4 §3.1.1.2).
"""

import unicodedata
from collections.abc import Set as AbstractSet
from urllib.parse import urlsplit

from edge_auth.credentials.passwords import password_bytes
from edge_auth.errors import PasswordCommon, PasswordGuessable, PasswordTooLong, PasswordTooShort

DEFAULT_MIN_CHARACTERS = 15  # NIST SP 800-63B-4 §3.1.1.2: a password that is the only factor
LOWEST_MIN_CHARACTERS = 8  # the same: one of several factors
HIGHEST_MIN_CHARACTERS = 64  # the same: passwords of this length must be accepted
MAX_CHARACTERS = 128


class PasswordRules:
    """The rules of one deployment."""

    def __init__(self, min_characters: int, *, common: AbstractSet[str], service_names: AbstractSet[str]) -> None:
        """Keep the rules. `common` and `service_names` are folded (`folded`).

        Raises:
            ValueError: the minimum length is out of bounds.

        """
        if not LOWEST_MIN_CHARACTERS <= min_characters <= HIGHEST_MIN_CHARACTERS:
            raise ValueError(f"a minimum length is {LOWEST_MIN_CHARACTERS} to {HIGHEST_MIN_CHARACTERS} characters")
        self._min_characters = min_characters
        self._common = common
        self._service_names = service_names

    def check(self, password: str, username: str) -> bytes:
        """Check a new password of this user. Return the bytes to hash.

        Raises:
            PasswordTooShort, PasswordTooLong: it has too few or too many code points, in the form that is hashed.
            PasswordCommon, PasswordGuessable: it is a common password or a name, in any spelling (`folded`).
            InvalidRequest: it is not Unicode text, or has over 1024 bytes as received.

        """
        characters = len(unicodedata.normalize("NFC", password))
        said = f"a password has {self._min_characters} to {MAX_CHARACTERS} characters, this one has {characters}"
        if characters < self._min_characters:
            raise PasswordTooShort(said)
        if characters > MAX_CHARACTERS:
            raise PasswordTooLong(said)
        text = folded(password)
        if text in self._common:
            raise PasswordCommon("this password is one of the most common ones")
        if text in _names(username) | self._service_names:
            raise PasswordGuessable("a password is not the user's or the service's own name")
        return password_bytes(password)


def folded(text: str) -> str:
    """Return a spelling without differences of case, width and ligatures. It is compared and never hashed."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def service_names(*addresses: str) -> frozenset[str]:
    """Return the names of a service, folded: its issuer and audience, and the hosts of both."""
    hosts = [urlsplit(address).hostname or "" for address in addresses]
    return frozenset(folded(name) for name in (*addresses, *hosts) if name)


def _names(username: str) -> frozenset[str]:
    return frozenset({folded(username), folded(username.partition("@")[0])})
