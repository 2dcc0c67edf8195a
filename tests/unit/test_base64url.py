"""Base64url: each byte string has one spelling."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_auth import base64url


@given(st.binary(max_size=200))
def test_decode_undoes_encode(data: bytes) -> None:
    """Decoding returns the encoded bytes."""
    assert base64url.decode(base64url.encode(data)) == data


@given(st.binary(max_size=200))
def test_encode_is_rfc_4648_without_padding(data: bytes) -> None:
    """It uses the URL-safe alphabet without padding (RFC 7515 §2)."""
    assert base64url.encode(data) == base64.urlsafe_b64encode(data).decode().rstrip("=")


@given(st.text(alphabet="AQgw-_/+= \n\té0", max_size=12))
def test_decode_accepts_only_what_encode_writes(text: str) -> None:
    """A text is either the one spelling of its bytes, or it is refused (Z2)."""
    try:
        data = base64url.decode(text)
    except ValueError:
        return
    assert base64url.encode(data) == text


@given(st.text(alphabet="AQRgw-_/+= \n\té09", max_size=9))
def test_decode_accepts_all_that_encode_writes(text: str) -> None:
    """A text is accepted if the standard library's lenient decoder reads it and encodes it to the same text."""
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return
    if base64.urlsafe_b64encode(data).decode().rstrip("=") == text:
        assert base64url.decode(text) == data


@pytest.mark.parametrize(
    "text",
    [
        "QQ==",
        "QQ=",
        "QR",
        "QUJ",
        "+A",
        "/A",
        "Q",
        "QQQQQ",
        "Q Q",
        " QQ",
        "QQ\n",
        "Q\x00Q",
        "QÉ",
        "\ud800",
        "\uff21",
        "Q.Q",
        "=",
    ],
)
def test_decode_refuses_other_spellings(text: str) -> None:
    """Padding, another alphabet, white space, stray characters and unused bits are refused (Z2)."""
    with pytest.raises(ValueError, match=r".*"):
        base64url.decode(text)


def test_empty_is_empty() -> None:
    """No bytes give no characters."""
    assert (base64url.encode(b""), base64url.decode("")) == ("", b"")
