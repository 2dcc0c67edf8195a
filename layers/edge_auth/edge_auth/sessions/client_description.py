"""What a session shows of its client, so that its user knows it again. Pure.

Shown, and never trusted: name and user agent are the client's own words, and the network is not the whole address.
"""

import ipaddress
from typing import NamedTuple

from edge_auth.errors import InvalidRequest

MAX_NAME_CHARACTERS = 64
MAX_NAME_BYTES = 128
MAX_USER_AGENT_CHARACTERS = 128
IPV4_PREFIX = 24
IPV6_PREFIX = 48  # of one site: RFC 6177 §2


class ClientDescription(NamedTuple):
    """A client. `network` is where it was last seen; what is not known is empty."""

    name: str = ""
    user_agent: str = ""
    network: str = ""


UNKNOWN_CLIENT = ClientDescription()


def described(*, user_agent: str, address: str, name: str = "") -> ClientDescription:
    """Describe a client. A user agent is cut to what can be shown, a name is taken as it is.

    Raises:
        InvalidRequest: the name cannot be shown, or is too long.

    """
    if not name.isprintable() or len(name) > MAX_NAME_CHARACTERS or len(name.encode()) > MAX_NAME_BYTES:
        raise InvalidRequest("client name")
    printable = "".join(character for character in user_agent if " " <= character <= "~")
    return ClientDescription(name, printable[:MAX_USER_AGENT_CHARACTERS], network_of(address))


def network_of(address: str) -> str:
    """Return the network of an address: the /24 of an IPv4 one, the /48 of an IPv6 one; empty for no address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is None:
            return str(ipaddress.ip_network((int(parsed), IPV6_PREFIX), strict=False))
        parsed = parsed.ipv4_mapped
    return str(ipaddress.ip_network((int(parsed), IPV4_PREFIX), strict=False))
