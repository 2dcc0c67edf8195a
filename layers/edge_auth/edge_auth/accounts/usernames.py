"""User names: each has one spelling, so that the names of two accounts hardly look alike.

A name is normalized (NFKC) and case-folded, without the spaces around it. Then it has letters, digits and
`. _ - + @ '` only: it is a plain name or an email address. docs/decisions/0013-user-names.md says which look-alikes are
refused, and which are not.
"""

import re
import unicodedata
from itertools import pairwise

from edge_auth.errors import UsernameRefused

MAX_USERNAME_CHARACTERS = 128

_PUNCTUATION = frozenset("._-+@'")
# Keyboards add these spaces after a word: the plain one, the one that does not break, and the one of East Asia.
_SPACES = " \u00a0\u3000"
# Keyboards have different apostrophes: the typographic one, and two letters that look the same.
_APOSTROPHES = str.maketrans("\u2019\u02bc\u02bb", "'''")
_DIGITS = frozenset("0123456789")
# The scripts in modern use (UAX #31, table 5), by the first word of their characters' names.
_SCRIPTS = frozenset(
    {
        *("ARABIC", "ARMENIAN", "BENGALI", "BOPOMOFO", "CJK", "CYRILLIC", "DEVANAGARI", "ETHIOPIC"),
        *("GEORGIAN", "GREEK", "GUJARATI", "GURMUKHI", "HANGUL", "HEBREW", "HIRAGANA"),
        *("KANNADA", "KATAKANA", "KHMER", "LAO", "LATIN", "MALAYALAM", "MYANMAR"),
        *("ORIYA", "SINHALA", "TAMIL", "TELUGU", "THAANA", "THAI", "TIBETAN"),
    }
)
# Scripts that may be mixed (UTS #39 §5.2, "highly restrictive"). No other scripts may be mixed.
_TOGETHER = (
    {"LATIN", "CJK", "HIRAGANA", "KATAKANA"},
    {"LATIN", "CJK", "BOPOMOFO"},
    {"LATIN", "CJK", "HANGUL"},
)
# Of these scripts, only letters of modern alphabets are allowed: phonetic letters and clicks look like plain ones.
# Seven of Unicode's phonetic letters are of alphabets too (Azerbaijani, Akan, Hausa, …), and look like no other letter.
_LATIN = re.compile("[a-z\u00df-\u01bf\u01c4-\u024f\u0253\u0254\u0256\u0257\u0259\u025b\u0272\u1e00-\u1eff]")
_CYRILLIC = re.compile("[\u0400-\u052f]")
_GREEK = re.compile("[\u0370-\u03ff\u1f00-\u1fff]")
_ALPHABETS = {"LATIN": _LATIN, "CYRILLIC": _CYRILLIC, "GREEK": _GREEK}
# Cyrillic, Greek and Armenian letters that look like Latin ones.
_LATIN_LOOKS = frozenset(
    "\u0430\u0441\u0501\u0435\u04bb\u0456\u0458\u04cf\u043e"  # a c d e h i j l o
    "\u0440\u051b\u0455\u0443\u0475\u051d\u0445"  # p q s y v w x
    "\u03b1\u03b3\u03b9\u03ba\u03bd\u03bf\u03c1\u03c5\u03c7"  # a y i k v o p u x
    "\u0581\u0570\u0575\u0578\u0585\u0566\u057d"  # g h j n o q u
)
# Letters and marks that are invisible.
_INVISIBLE = frozenset("\u115f\u1160\u17b4\u17b5")
_ACCENT = re.compile("[\u0300-\u0306\u0308-\u0333\u0339-\u0345]")  # no dot above, no stroke through a letter
_DOTTED_I = re.compile("[i\u0131]\u0307*")


def canonical_username(text: str) -> str:
    """Return the one spelling of a user name.

    Raises:
        UsernameRefused: the name is empty, too long, has other characters, or could look like another name.

    """
    if not text or len(text) > MAX_USERNAME_CHARACTERS:
        raise UsernameRefused(f"a user name has 1 to {MAX_USERNAME_CHARACTERS} characters")
    # Folding can undo the normal form (Unicode §3.13), so the name is normalized again.
    name = _normal(_DOTTED_I.sub("i", _normal(_normal(text.strip(_SPACES)).casefold()))).translate(_APOSTROPHES)
    if not name or len(name) > MAX_USERNAME_CHARACTERS or not all(map(_is_allowed, name)):
        raise UsernameRefused("a user name has letters, digits and . _ - + @ ' only")
    if not _has_apostrophes_in_place(name):
        raise UsernameRefused("in a user name an apostrophe is between two letters or digits")
    if not _has_marks_in_place(name):
        raise UsernameRefused("in a user name an accent follows a letter, and only once")
    if not all(map(_is_of_one_script, name.split("@"))):
        raise UsernameRefused("the letters of a user name are of one script, and do not all look like Latin letters")
    return name


def _normal(text: str) -> str:
    """Return the form NFKC, with the digits of every script as ASCII digits."""
    digits = (str(unicodedata.decimal(character, character)) for character in unicodedata.normalize("NFKC", text))
    return "".join(digits)


def _is_allowed(character: str) -> bool:
    if character in _PUNCTUATION or character in _DIGITS:
        return True
    if character in _INVISIBLE or unicodedata.category(character) not in {"Ll", "Lo", "Lm", "Mn", "Mc"}:
        return False
    script = _script(character)
    alphabet = _ALPHABETS.get(script)
    if alphabet is not None:
        return alphabet.match(character) is not None
    return script in _SCRIPTS or _ACCENT.match(character) is not None


def _script(character: str) -> str:
    """Return the script of a letter or mark, from its Unicode name: the standard library has no table of scripts."""
    word = unicodedata.name(character, "").partition(" ")[0]
    return {"IDEOGRAPHIC": "CJK", "KATAKANA-HIRAGANA": "KATAKANA"}.get(word, word)


def _has_marks_in_place(name: str) -> bool:
    before = ""
    for character in name:
        if unicodedata.category(character)[0] == "M" and (
            before in {"", *_PUNCTUATION, *_DIGITS} or before == character
        ):
            return False
        before = character
    return True


def _has_apostrophes_in_place(name: str) -> bool:
    """Whether no apostrophe is beside punctuation or at an end, where it would look like a quotation mark."""
    return all(
        before[-1:] not in {"", *_PUNCTUATION} and after[:1] not in {"", *_PUNCTUATION}
        for before, after in pairwise(name.split("'"))
    )


def _is_of_one_script(part: str) -> bool:
    """Whether the letters on one side of an @ may stand together, and do not all look like Latin letters."""
    bare = unicodedata.normalize("NFD", part)  # an accent does not hide a look-alike letter
    letters = [character for character in bare if unicodedata.category(character)[0] == "L"]
    scripts = {_script(letter) for letter in letters}
    if letters and _LATIN_LOOKS.issuperset(letters):
        return False
    return len(scripts) <= 1 or any(scripts <= together for together in _TOGETHER)
