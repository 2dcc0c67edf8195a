"""The network of an address."""

import pytest

from edge_auth.network import network_of


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("2001:DB8:1:2:3:4:5:6", "2001:db8:1::/48"),
    ],
)
def test_an_address_belongs_to_the_network_of_its_own_kind(address: str, network: str) -> None:
    """An IPv4 address in IPv6 form counts as IPv4."""
    assert str(network_of(address, ipv4_prefix=24, ipv6_prefix=48)) == network


@pytest.mark.parametrize("text", ["", "localhost", "203.0.113.7, 10.0.0.1", "203.0.113.7:443", "203.0.113.0/24"])
def test_other_texts_are_no_address(text: str) -> None:
    """P14: other texts give an error."""
    with pytest.raises(ValueError, match=r"address"):
        network_of(text, ipv4_prefix=24, ipv6_prefix=48)
