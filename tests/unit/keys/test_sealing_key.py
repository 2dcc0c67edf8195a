import pytest

from edge_auth.keys.sealing_key import MAX_KEYS, MIN_CHARACTERS, sealing_keys_from

LINES = [letter * 64 for letter in "abc"]


def test_the_first_line_seals_and_every_line_opens() -> None:
    """A new key is added in front, and what the older ones have sealed can still be read."""
    keys = sealing_keys_from("\n".join(LINES) + "\n")
    assert len(keys.by_id) == 3
    assert keys.newest == sealing_keys_from(LINES[0]).newest
    assert keys.by_id[sealing_keys_from(LINES[2]).newest.key_id] == sealing_keys_from(LINES[2]).newest


def test_the_parts_of_a_key_tell_nothing_of_each_other() -> None:
    """NIST SP 800-57 part 1 §5.2: one key has one use. The id is stored beside what it seals."""
    key = sealing_keys_from(LINES[0]).newest
    assert len({key.cipher, key.mac}) == 2
    assert (len(key.key_id), len(key.cipher), len(key.mac)) == (4, 32, 32)
    assert key.key_id not in (key.cipher[:4], key.mac[:4])


@pytest.mark.parametrize(
    "text", ["", " \n", "a" * (MIN_CHARACTERS - 1), f"{LINES[0]}\nshort", "\n".join(LINES * MAX_KEYS)]
)
def test_anything_else_is_refused_without_being_quoted(text: str) -> None:
    """K5: the text is a secret, also if it has the wrong form."""
    with pytest.raises(ValueError, match="sealing key") as refused:
        sealing_keys_from(text)
    assert not any(word in str(refused.value) for word in text.split())
    sealing_keys_from("a" * MIN_CHARACTERS)


def test_there_may_be_so_many_keys_and_no_more() -> None:
    """Each of them costs a MAC for every recovery code that is checked."""
    lines = [chr(ord("a") + number) * 64 for number in range(MAX_KEYS + 1)]
    assert len(sealing_keys_from("\n".join(lines[:MAX_KEYS])).by_id) == MAX_KEYS

    with pytest.raises(ValueError, match="not 1 to 8 sealing keys"):
        sealing_keys_from("\n".join(lines))


def test_a_key_is_not_printed() -> None:
    """K5: a repr may be in a traceback."""
    keys = sealing_keys_from(LINES[0])
    assert repr(keys.newest.cipher) not in repr(keys)
    assert repr(keys.newest.mac) not in repr(keys)
