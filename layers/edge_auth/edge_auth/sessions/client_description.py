"""The description of a client, by which a user recognizes a session. Pure.

It is shown and never trusted: the client chooses its name and its user agent, and the network is not the whole address.
"""

from typing import NamedTuple

from edge_auth.errors import InvalidRequest
from edge_auth.network import network_of

MAX_NAME_CHARACTERS = 64
MAX_NAME_BYTES = 128
MAX_USER_AGENT_CHARACTERS = 128
SHOWN_IPV4_PREFIX = 24
SHOWN_IPV6_PREFIX = 48  # one site: RFC 6177 §2


class ClientDescription(NamedTuple):
    """A client. `network` is the network of its last request. Unknown fields are empty."""

    name: str = ""
    user_agent: str = ""
    network: str = ""

    def is_elsewhere(self, last: "ClientDescription") -> bool:
        """Whether neither the user agent nor the network is that of the last request."""
        return self.user_agent != last.user_agent and self.network != last.network


UNKNOWN_CLIENT = ClientDescription()


def described(*, user_agent: str, address: str, name: str = "") -> ClientDescription:
    """Describe a client. A user agent is cut to a length of printable ASCII. A name is taken as it is.

    Raises:
        InvalidRequest: the name cannot be shown, or is too long.

    """
    if not name.isprintable() or len(name) > MAX_NAME_CHARACTERS or len(name.encode()) > MAX_NAME_BYTES:
        raise InvalidRequest("client name")
    printable = "".join(character for character in user_agent if " " <= character <= "~")
    return ClientDescription(name, printable[:MAX_USER_AGENT_CHARACTERS], shown_network(address))


def shown_network(address: str) -> str:
    """Return the network to show for an address: an IPv4 /24 or an IPv6 /48; empty for anything else."""
    try:
        return str(network_of(address, ipv4_prefix=SHOWN_IPV4_PREFIX, ipv6_prefix=SHOWN_IPV6_PREFIX))
    except ValueError:
        return ""
