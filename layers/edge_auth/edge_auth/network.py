"""Finds the network that an address belongs to. Pure."""

from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network


def network_of(address: str, *, ipv4_prefix: int, ipv6_prefix: int) -> IPv4Network | IPv6Network:
    """Return the network of this prefix length. An IPv4 address that is written as IPv6 counts as IPv4.

    Raises:
        ValueError: not an address.

    """
    parsed = ip_address(address)
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is None:
            return ip_network((int(parsed), ipv6_prefix), strict=False)
        parsed = parsed.ipv4_mapped
    return ip_network((int(parsed), ipv4_prefix), strict=False)
