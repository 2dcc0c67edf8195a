import os
from collections import Counter

import pytest

from edge_auth.credentials.recovery_codes import ALPHABET, CODES, kept, matched_code, new_codes
from edge_auth.factor_errors import InvalidOtp
from edge_auth.keys.sealing_key import sealing_keys_from

KEYS = sealing_keys_from("n" * 64)


def test_ten_codes_of_fifty_bits_are_drawn() -> None:
    """Each of ten characters is one of 32, and all of them are equally likely: 5 bits each."""
    codes = new_codes(os.urandom)
    assert len(set(codes)) == CODES == 10
    assert all(len(code) == 11 and code[5] == "-" for code in codes)
    assert {*"".join(codes)} <= {*ALPHABET, "-"}
    every_byte = iter(bytes(range(256)) * 10)
    drawn = new_codes(lambda size: bytes(next(every_byte) for _ in range(size)))
    assert len(drawn) == 10
    assert len(ALPHABET) == len(set(ALPHABET)) == 32
    assert set(Counter(byte % 32 for byte in range(256)).values()) == {8}


def test_two_codes_of_a_user_are_never_alike() -> None:
    """Two like codes would be one that works twice, or one less."""
    drawn = iter([bytes(10), bytes(10), *(bytes([number]) * 10 for number in range(1, 10))])
    assert len(set(new_codes(lambda _size: next(drawn)))) == CODES


def test_what_is_stored_shows_no_code() -> None:
    """A leaked table is worth nothing: the MACs have a key, and differ between users."""
    codes = new_codes(os.urandom)
    stored = kept(codes, KEYS.newest, "ada")
    assert len(stored) == CODES
    assert not any(code.replace("-", "") in entry for code in codes for entry in stored)
    assert not stored & kept(codes, KEYS.newest, "bob")
    assert not stored & kept(codes, sealing_keys_from("o" * 64).newest, "ada")


def test_a_code_is_found_however_it_is_typed() -> None:
    """People write codes down: small letters, other groups, and O for 0."""
    stored = kept(["01ABC-DEF0H"], KEYS.newest, "ada")
    for typed in ("01ABC-DEF0H", "01abcdef0h", " o1abc def0h", "Ol-ABC-DEFOH", "OIABCDEFOH"):
        assert {matched_code(typed, stored, KEYS, "ada")} == stored


def test_codes_of_an_older_key_still_work() -> None:
    """A new sealing key ends no code: people have them on paper."""
    both = sealing_keys_from("o" * 64 + "\n" + "n" * 64)
    stored = kept(["01ABC-DEF0H"], KEYS.newest, "ada")
    assert {matched_code("01ABC-DEF0H", stored, both, "ada")} == stored


@pytest.mark.parametrize(
    "typed", ["", "01ABC-DEF0", "01ABC-DEF0HH", "01ABC-DEF0U", "01ABC-DEF0J", "\u06601ABC-DEF0H", "ß" * 5]
)
def test_every_other_text_is_refused(typed: str) -> None:
    """A text of another form is refused like a wrong code."""
    stored = kept(["01ABC-DEF0H"], KEYS.newest, "ada")
    with pytest.raises(InvalidOtp):
        matched_code(typed, stored, KEYS, "ada")
    assert matched_code("01ABC-DEF0H", stored, KEYS, "ada")
