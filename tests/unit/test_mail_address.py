"""Mail addresses: each has one spelling, and no other text is one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_auth.errors import EmailRefused
from edge_auth.mail_address import canonical_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("ada@example.com", "ada@example.com"),
        ("Ada.Lovelace+login@Example.COM", "ada.lovelace+login@example.com"),
        (" ada@example.com ", "ada@example.com"),
        ("o'neill@sub.example.co.uk", "o'neill@sub.example.co.uk"),
        ("a@xn--bcher-kva.example", "a@xn--bcher-kva.example"),
        ("!#$%&'*+/=?^_`{|}~-@1.example", "!#$%&'*+/=?^_`{|}~-@1.example"),
        ("a" * 64 + "@example.com", "a" * 64 + "@example.com"),
    ],
)
def test_an_address_has_one_spelling(text: str, address: str) -> None:
    """RFC 5322 §3.2.3: atoms with dots between; letters become small ones, and the spaces around it go."""
    assert canonical_address(text) == address
    assert canonical_address(address) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ada",
        "@example.com",
        "ada@",
        "ada@example",
        "ada@@example.com",
        "ada@evil.example@example.com",
        "ada@example.com@evil.example",
        "ada\uff20example.com",  # NFKC makes an @ of it
        "ada@example\uff0ecom",  # NFKC makes a dot of it
        "ad\u00e1@example.com",
        "ada@b\u00fccher.example",
        '"ada"@example.com',
        "ada@[192.0.2.1]",
        "ada@192.0.2.1",
        ".ada@example.com",
        "ada.@example.com",
        "a..da@example.com",
        "ada@-example.com",
        "ada@example-.com",
        "ada@example..com",
        "ada@example.com.",
        "ada @example.com",
        "ada@example.com\n",
        "ada@example.com\r\nBcc: eve@example.com",
        "ada@exa\0mple.com",
        "ada@example.com,eve@example.com",
        "Ada <ada@example.com>",
        "ada@example.com;",
        "a" * 65 + "@example.com",
        "ada@" + "a" * 64 + ".com",
        "ada@" + "a." * 124 + "com",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    """RFC 5321 §4.1.2, SC2: one address, in ASCII, with a domain; nothing can follow it in a mail's header."""
    with pytest.raises(EmailRefused):
        canonical_address(text)


@given(st.text(max_size=300))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    """It never crashes, and an address is its own spelling."""
    try:
        address = canonical_address(text)
    except EmailRefused:
        return
    assert canonical_address(address) == address
    assert not set(address) & set(' \r\n\t\0,;<>"')
