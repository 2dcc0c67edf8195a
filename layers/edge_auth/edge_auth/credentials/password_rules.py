"""What a new password has to be: long enough, not one that is tried first, and not a name that everybody knows. Pure.

There are no rules of composition, and no password has to be changed for its age (NIST SP 800-63B-4 §3.1.1.2).
"""

import unicodedata
from collections.abc import Set as AbstractSet
from urllib.parse import urlsplit

from edge_auth.credentials.passwords import password_bytes
from edge_auth.errors import PasswordCommon, PasswordGuessable, PasswordTooLong, PasswordTooShort

DEFAULT_MIN_CHARACTERS = 15  # NIST SP 800-63B-4 §3.1.1.2: a password that is the only factor
LOWEST_MIN_CHARACTERS = 8  # the same: one of several factors
HIGHEST_MIN_CHARACTERS = 64  # the same: passwords of so many have to be taken
MAX_CHARACTERS = 128


class PasswordRules:
    """The rules of one deployment."""

    def __init__(self, min_characters: int, *, common: AbstractSet[str], service_names: AbstractSet[str]) -> None:
        """Keep the rules. `common` and `service_names` are folded (`folded`).

        Raises:
            ValueError: a minimum length that no deployment may have.

        """
        if not LOWEST_MIN_CHARACTERS <= min_characters <= HIGHEST_MIN_CHARACTERS:
            raise ValueError(f"a minimum length is {LOWEST_MIN_CHARACTERS} to {HIGHEST_MIN_CHARACTERS} characters")
        self._min_characters = min_characters
        self._common = common
        self._service_names = service_names

    def check(self, password: str, username: str) -> bytes:
        """Return what is hashed for a new password of this user.

        Raises:
            PasswordTooShort, PasswordTooLong: by code points, as they are hashed.
            PasswordCommon, PasswordGuessable: in whatever spelling.
            InvalidRequest: no Unicode text.

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
    """Return a spelling in which case, width and ligatures make no difference, to compare by and never to be hashed."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def service_names(*addresses: str) -> frozenset[str]:
    """Return what a service may be called by: its issuer and audience, and the hosts of both."""
    hosts = [urlsplit(address).hostname or "" for address in addresses]
    return frozenset(folded(name) for name in (*addresses, *hosts) if name)


def _names(username: str) -> frozenset[str]:
    return frozenset({folded(username), folded(username.partition("@")[0])})
