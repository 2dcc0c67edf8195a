"""User names: each name has one spelling."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_auth.accounts.usernames import MAX_USERNAME_CHARACTERS, canonical_username
from edge_auth.errors import UsernameRefused

# Names and what the first version stored for them, before it took apostrophes and seven more letters.
NAMES_OF_0_1 = {
    "alice": "alice",
    "ALICE": "alice",
    "Ada@Example.com": "ada@example.com",
    "alice.o-neill_2+x@example.com": "alice.o-neill_2+x@example.com",
    "Stra\xdfe": "strasse",
    "STRASSE": "strasse",
    "\ufb01ne": "fine",
    "\uff21\uff4c\uff49\uff43\uff45": "alice",
    "\u0130stanbul": "istanbul",
    "\u0131s\u0131k": "isik",
    "\u01dd\u01dd\u01dd": "\u01dd\u01dd\u01dd",
    "\u01ef": "\u01ef",
    "\u014bg\u0169g\u0129": "\u014bg\u0169g\u0129",
    "\u0199warai": "\u0199warai",
    "\u01b4ar": "\u01b4ar",
    "Nguy\u1ec5n": "nguy\u1ec5n",
    "B\xe1i-\u1ecc\u0300l\xe1": "b\xe1i-\u1ecd\u0300l\xe1",
    "\u0110or\u0111e": "\u0111or\u0111e",
    "S\xf8ren": "s\xf8ren",
    "\u0141ukasz": "\u0142ukasz",
    "\xdeorbj\xf6rg": "\xfeorbj\xf6rg",
    "\u043c\u0430\u0440\u0438\u044f": "\u043c\u0430\u0440\u0438\u044f",
    "\u0418\u0432\u0430\u043d@example.com": "\u0438\u0432\u0430\u043d@example.com",
    "\u03c3\u03bf\u03c6\u03af\u03b1\u03c2": "\u03c3\u03bf\u03c6\u03af\u03b1\u03c3",
    "\u0570\u0561\u0575\u056f": "\u0570\u0561\u0575\u056f",
    "\u05d3\u05d5\u05d3": "\u05d3\u05d5\u05d3",
    "\u0645\u064f\u062d\u0645\u0651\u062f": "\u0645\u064f\u062d\u0645\u0651\u062f",
    "\u0e2a\u0e21\u0e0a\u0e32\u0e22": "\u0e2a\u0e21\u0e0a\u0e32\u0e22",
    "\uae40\ubbfc\uc900": "\uae40\ubbfc\uc900",
    "\u4f50\u3005\u6728": "\u4f50\u3005\u6728",
    "\u30bf\u30ed\u30fc": "\u30bf\u30ed\u30fc",
    "\u3055\u304f\u3089": "\u3055\u304f\u3089",
    "\u30de\u30a4\u30af-tanaka": "\u30de\u30a4\u30af-tanaka",
    "abc\u540d\u524d": "abc\u540d\u524d",
    "\u10d2\u10d8\u10dd\u10e0\u10d2\u10d8": "\u10d2\u10d8\u10dd\u10e0\u10d2\u10d8",
    "\u0939\u093f\u0928\u094d\u0926\u0940": "\u0939\u093f\u0928\u094d\u0926\u0940",
    "user\u0664\u0662": "user42",
    "2\u207f\u1d48": "2nd",
    "K": "k",
    "\xdf": "ss",
    "\u0133": "ij",
    "\u017f": "s",
}


@pytest.mark.parametrize(
    "text", ["alice", "a", "7", "alice.o-neill_2+x@example.com", "ælfric", "名前", "हिन्दी", "a" * 128]
)
def test_plain_names_are_kept(text: str) -> None:
    """A name has letters, marks and digits of any script, and . _ - + @."""
    assert canonical_username(text) == unicodedata.normalize("NFKC", text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("alice", "ALICE"),
        ("alice", "AlIcE"),
        ("alice", "\uff21\uff2c\uff29\uff23\uff25"),
        ("caf\u00e9", "cafe\u0301"),
        ("strasse", "stra\u00dfe"),
        ("fine", "\ufb01ne"),
        ("\u03c3", "\u03c2"),
        ("k", "\u212a"),
        ("2", "\u00b2"),
    ],
)
def test_names_that_look_alike_are_one_name(one: str, other: str) -> None:
    """Case, width, ligatures, accents and compatible letters do not allow a second account."""
    assert canonical_username(other) == canonical_username(one)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\u00a0 ",
        "al ice",
        "alice\n",
        "alice\x00",
        "alice\t",
        "alice#1",
        "user#x",
        "a/b",
        "a\\b",
        'a"b',
        "a\u00b4b",
        "a`b",
        "'alice'",
        "alice'",
        "o''brien",
        "o.'brien",
        "o'@example.com",
        "\u0149ame",
        "a*b",
        "a%b",
        "a:b",
        "a;b",
        "<alice>",
        "alice\u200b",
        "ali\u00adce",
        "\u202ealice",
        "\ufeffalice",
        "\ud800",
        "a" * 129,
        "a" * 100_000,
    ],
)
def test_other_characters_and_lengths_are_refused(text: str) -> None:
    """Separators, control characters, invisible characters and symbols are refused, and more than 128 characters."""
    with pytest.raises(UsernameRefused):
        canonical_username(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("istanbul", "\u0130STANBUL"),
        ("istanbul", "i\u0307stanbul"),
        ("istanbul", "i\u0307\u0307stanbul"),
        ("isik", "\u0131s\u0131k"),
        ("user42", "user\u0664\u0662"),
        ("user8", "user\u0b6e"),
        ("user4", "user\u09ea"),
        ("2nd", "\U0001d7da\u207f\u1d48"),
        ("alice", "\u24d0\U0001d4c1\uff49\U0001d41c\u212f"),
        ("\u00ed", "\u0131\u0301"),
    ],
)
def test_dots_and_digits_make_no_second_account(one: str, other: str) -> None:
    """The dot of an i and the script of a digit depend on the keyboard and do not allow a second account."""
    assert canonical_username(other) == canonical_username(one)


CONFUSABLE = {
    "cyrillic a": ("paypal", "p\u0430ypal"),
    "cyrillic capital a": ("alice", "\u0410lice"),
    "cyrillic, all but one": ("scope", "\u0455\u0441\u043e\u0440e"),
    "cyrillic, all": ("scope", "\u0455\u0441\u043e\u0440\u0435"),
    "cyrillic palochka": ("alice", "a\u04cfice"),
    "cyrillic, all, with accents": ("\u00ebx\u00ef", "\u0451\u0445\u0457"),
    "cyrillic beside the @": ("ace@example.com", "\u0430\u0441\u0435@example.com"),
    "cyrillic behind the @": ("ace@example.com", "ace@\u0435xample.com"),
    "greek omicron": ("bob", "b\u03bfb"),
    "greek, all": ("ava", "\u03b1\u03bd\u03b1"),
    "greek and cyrillic": ("ava", "\u03b1\u0475\u0430"),
    "armenian": ("hugo", "\u0570\u057d\u0581\u0585"),
    "armenian, all": ("huno", "\u0570\u057d\u0578\u0585"),
    "cherokee": ("dad", "\u13a0\u13aa\u13a0"),
    "lisu": ("bob", "\ua4d0\ua4f3\ua4d0"),
    "coptic": ("coo", "\u2ca5\u2c9f\u2c9f"),
    "phonetic a": ("alice", "\u0251lice"),
    "phonetic g": ("greg", "\u0261re\u0261"),
    "small capital": ("alice", "a\u029fice"),
    "click": ("alice", "a\u01c0ice"),
    "modifier apostrophe": ("alice", "alice\u02bc"),
    "half ring": ("o'neill", "o\u02beneill"),
    "variation selector": ("alice", "alice\ufe0f"),
    "variation selector, far": ("alice", "al\U000e0101ice"),
    "grapheme joiner": ("alice", "ali\u034fce"),
    "hangul filler": ("alice", "alice\u1160"),
    "halfwidth hangul filler": ("alice", "\uffa0alice"),
    "khmer inherent vowel": ("\u1780\u1781", "\u1780\u17b4\u1781"),
    "mongolian selector": ("alice", "alice\u180b"),
    "stroke through a letter": ("s\u00f8ren", "so\u0338ren"),
    "stroke through d": ("\u0111orde", "d\u0335orde"),
    "dot on a j": ("jane", "j\u0307ane"),
    "dot on a cyrillic i": ("\u0456\u0432\u0430\u043d", "\u0456\u0307\u0432\u0430\u043d"),
    "accent twice": ("caf\u00e9", "cafe\u0301\u0301\u0301"),
    "accent on nothing": ("alice", "\u0301alice"),
    "accent on a dot": ("a.b", "a.\u0301b"),
    "accent on a digit": ("a1", "a1\u0301"),
    "circle around a letter": ("alice", "a\u20ddlice"),
    "letter number": ("bob", "b\u3007b"),
    "old script": ("bob", "\U00010302\U00010310"),
}


@pytest.mark.parametrize(("plain", "other"), CONFUSABLE.values(), ids=CONFUSABLE)
def test_names_made_to_look_like_another_are_refused(plain: str, other: str) -> None:
    """A name has one script, no letters that look like Latin letters of another script, and no invisible characters."""
    assert canonical_username(plain) != ""
    with pytest.raises(UsernameRefused):
        canonical_username(other)


@pytest.mark.parametrize(
    "name",
    [
        "\u043c\u0430\u0440\u0438\u044f",
        "\u03c3\u03bf\u03c6\u03af\u03b1",
        "\u0570\u0561\u0575\u056f",
        "\u05d3\u05d5\u05d3",
        "\u0645\u064f\u062d\u0645\u0651\u062f",
        "\u0e2a\u0e21\u0e0a\u0e32\u0e22",
        "\uae40\ubbfc\uc900",
        "\u4f50\u3005\u6728",
        "\u30bf\u30ed\u30fc",
        "\u3055\u304f\u3089",
        "\u30de\u30a4\u30af-tanaka",
        "abc\u540d\u524d",
        "\u10d2\u10d8\u10dd\u10e0\u10d2\u10d8",
        "nguy\u1ec5n",
        "b\u00e1i-\u1ecd\u0301l\u00e1",
        "\u0111or\u0111e",
        "s\u00f8ren",
        "\u0142ukasz",
        "\u00feorbj\u00f6rg",
        "\u0259liyev@example.com",
        "\u0257an-\u0253a\u0199o",
        "k\u0254f\u025b",
        "a\u0256a\u0272a",
    ],
)
def test_names_of_the_worlds_scripts_are_kept(name: str) -> None:
    """Only mixed scripts are refused. Latin may be mixed with the scripts of East Asia."""
    assert canonical_username(name) == unicodedata.normalize("NFKC", name)


def test_a_name_that_grows_over_the_bound_is_refused() -> None:
    """One ligature can become several letters, so the bound applies to the stored spelling too."""
    assert canonical_username("\ufb03" * 42) == "ffi" * 42
    with pytest.raises(UsernameRefused):
        canonical_username("\ufb03" * MAX_USERNAME_CHARACTERS)


@given(st.text(min_size=1, max_size=24))
def test_the_one_spelling_is_its_own(text: str) -> None:
    """A stored name finds itself when it is entered as it is stored."""
    try:
        name = canonical_username(text)
    except UsernameRefused:
        return
    assert canonical_username(name) == name


@pytest.mark.parametrize("name", ["\u0456\u0432\u0430\u043d@example.com", "\u30bf\u30ed\u30fc@example.com"])
def test_the_two_sides_of_an_address_may_differ_in_script(name: str) -> None:
    """An address has a name and a domain, and each has one script."""
    assert canonical_username(name) == name


@pytest.mark.parametrize(
    "text",
    [
        "o'brien@example.com",
        "O\u2019Brien@example.com",
        "o\u02bcbrien@example.com",
        "o\u02bbbrien@example.com",
        "O\uff07BRIEN@example.com",
    ],
)
def test_every_keyboards_apostrophe_is_the_same(text: str) -> None:
    """A phone writes a typographic apostrophe, and it makes no second account."""
    assert canonical_username(text) == "o'brien@example.com"


def test_people_with_different_names_stay_different() -> None:
    """What a reader can tell apart is not one name: an apostrophe, an accent, a letter of another alphabet."""
    names = [
        *("obrien", "o'brien", "o.brien", "o-brien", "ob'rien"),
        *("eliyev", "\u0259liyev", "\u01ddliyev", "\u025bliyev", "\u00e9liyev"),
        *("bala", "\u0253ala", "b\u00e1la", "b\u0254la", "bola"),
        *("dan", "\u0257an", "\u0256an", "\u0111an"),
        *("nana", "\u0272ana", "\u00f1ana", "\u014bana"),
        *("ada", "ada@example.com", "ada+1@example.com", "a.da@example.com"),
    ]

    assert len({canonical_username(name) for name in names}) == len(names)


@pytest.mark.parametrize("text", ["ada ", " ada", "  ada  ", "ada\u00a0", "\u3000ada"])
def test_spaces_around_a_name_make_no_difference(text: str) -> None:
    """The keyboard of a phone adds a space after a word that it completes."""
    assert canonical_username(text) == "ada"


def test_an_azerbaijani_capital_has_its_small_letter() -> None:
    """The capital schwa folds to the small one, and not to the turned e, which looks the same."""
    assert canonical_username("\u018fliyev") == canonical_username("\u0259liyev") == "\u0259liyev"
    assert canonical_username("\u01dd") == "\u01dd"


@pytest.mark.parametrize(("text", "stored"), NAMES_OF_0_1.items())
def test_the_users_of_an_earlier_version_keep_their_names(text: str, stored: str) -> None:
    """What an earlier version stored for a name is what this version looks up."""
    assert canonical_username(text) == stored
    assert canonical_username(stored) == stored


def is_assigned(character: str) -> bool:
    """Whether Unicode has given the code point to a character."""
    return unicodedata.category(character) not in {"Cn", "Co", "Cs"}


def test_every_single_character_has_one_spelling() -> None:
    """For every Unicode character that is allowed, the canonical spelling is stable."""
    unstable = []
    for character in filter(is_assigned, map(chr, range(0x110000))):
        try:
            name = canonical_username(character)
        except UsernameRefused:
            continue
        if canonical_username(name) != name:
            unstable.append(character)
    assert unstable == []
