"""The form of a mail address that a mail may go to. That somebody reads it, only a mail can show."""

import re

MAX_ADDRESS_CHARACTERS = 254  # RFC 5321 §4.5.3.1.3, without the angle brackets
# RFC 5322 §3.2.3: an atom on each side. It has no space, no line break, no comma and no bracket, so an address can
# neither name a second recipient nor begin another header.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_ADDRESS = re.compile(rf"{_ATOM}(\.{_ATOM})*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


def checked_address(text: str) -> str:
    """Return the address as it is. Raises ValueError for a text of another form."""
    if len(text) > MAX_ADDRESS_CHARACTERS or not _ADDRESS.fullmatch(text):
        raise ValueError("not a mail address")
    return text
