"""Mail addresses: each has one spelling. Whether an address is its user's, only a mail can show.

An address has ASCII characters only: no character that Unicode normalizes to an @ or to a dot can move its parts. A
domain of another script is given in its ASCII form. Quoted local parts and addresses of numbers
(RFC 5321 §4.1.2, §4.1.3) are refused.

All letters become small ones. RFC 5321 §2.4 lets a mail server tell capital letters in a local part from small ones,
and discourages it; a user who types the address in another way must find the account again.
"""

import re

from edge_auth.errors import EmailRefused

MAX_ADDRESS_CHARACTERS = 254  # RFC 5321 §4.5.3.1.3: a path has 256 octets, with its angle brackets
MAX_LOCAL_PART_CHARACTERS = 64  # RFC 5321 §4.5.3.1.1

_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"  # RFC 5322 §3.2.3
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_ADDRESS = re.compile(rf"({_ATOM}(?:\.{_ATOM})*)@(?:{_LABEL}\.)+[a-z](?:[a-z0-9-]{{0,61}}[a-z0-9])")


def canonical_address(text: str) -> str:
    """Return the one spelling of a mail address.

    Raises:
        EmailRefused: the text is no address that mail can be sent to.

    """
    address = text.strip(" ")
    if not address.isascii() or len(address) > MAX_ADDRESS_CHARACTERS:
        raise EmailRefused(f"a mail address has at most {MAX_ADDRESS_CHARACTERS} ASCII characters")
    address = address.lower()
    match = _ADDRESS.fullmatch(address)
    if match is None or len(match[1]) > MAX_LOCAL_PART_CHARACTERS:
        raise EmailRefused("a mail address has the form name@example.com")
    return address
