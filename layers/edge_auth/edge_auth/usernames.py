"""User names: one spelling for each, so that two accounts never look like one name.

A name is compatibility-normalised (NFKC) and case-folded, then letters, digits and `. _ - + @` are left: a plain name
or an email address.
"""

import unicodedata

from edge_auth.errors import UsernameRefused

MAX_USERNAME_CHARACTERS = 128
_PUNCTUATION = frozenset("._-+@")
_CATEGORIES = frozenset("LMN")  # Unicode's letters, marks and numbers


def canonical_username(text: str) -> str:
    """Return the one spelling of a user name.

    Raises:
        UsernameRefused: empty, too long, or with other characters.

    """
    if not text or len(text) > MAX_USERNAME_CHARACTERS:
        raise UsernameRefused(f"a user name has 1 to {MAX_USERNAME_CHARACTERS} characters")
    # Folding can undo the normal form (Unicode §3.13), so it is made twice.
    name = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    if len(name) > MAX_USERNAME_CHARACTERS or not all(map(_is_allowed, name)):
        raise UsernameRefused("a user name has letters, digits and . _ - + @ only")
    return name


def _is_allowed(character: str) -> bool:
    return character in _PUNCTUATION or unicodedata.category(character)[0] in _CATEGORIES
