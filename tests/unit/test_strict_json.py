"""Strict reading of JSON."""

import pytest

from edge_auth.strict_json import STRICT_INTEGERS, NotStrictJson, json_object


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b'{"a":1,"a":1}', "duplicate member"),
        (b'{"b":[{"a":1,"\\u0061":2}]}', "duplicate member"),
        (b'{"a":NaN}', "number"),
        (b'{"a":-Infinity}', "number"),
        (b"[]", "not an object"),
        (b"null", "not an object"),
        (b"", "encoding"),
        (b'{"a":"\xff"}', "encoding"),
        (b'\xef\xbb\xbf{"a":1}', "encoding"),
        (b"{} {}", "encoding"),
        (b"[" * 100_000, "encoding"),
    ],
)
def test_anything_but_one_strict_object_is_refused_with_the_rule(data: bytes, rule: str) -> None:
    """RFC 8259 §4 does not forbid duplicates, and §6 excludes NaN. The error does not quote the text (A10, L2)."""
    with pytest.raises(NotStrictJson, match=f"^{rule}$"):
        json_object(data)


def test_fractions_are_read_unless_only_integers_are_wanted() -> None:
    """The claims of a token have only integers."""
    assert json_object(b' {"a": 1.5} ') == {"a": 1.5}
    with pytest.raises(NotStrictJson, match=r"^number$"):
        json_object(b'{"a":1.5}', STRICT_INTEGERS)
