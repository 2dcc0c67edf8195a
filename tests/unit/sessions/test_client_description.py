"""What a session shows about its client."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_auth.errors import InvalidRequest
from edge_auth.sessions.client_description import (
    MAX_NAME_BYTES,
    MAX_NAME_CHARACTERS,
    MAX_USER_AGENT_CHARACTERS,
    UNKNOWN_CLIENT,
    ClientDescription,
    described,
    shown_network,
)

OMEGA = "\N{GREEK SMALL LETTER OMEGA}"


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.0/24"),
        ("203.0.113.255", "203.0.113.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
        ("2001:db8:1:ffff::", "2001:db8:1::/48"),
        ("::ffff:203.0.113.7", "203.0.113.0/24"),
        ("::1", "::/48"),
    ],
)
def test_a_network_is_not_the_whole_address(address: str, network: str) -> None:
    """A /24 or a /48 is enough to recognize a place, and too little to identify a person."""
    assert shown_network(address) == network


@pytest.mark.parametrize("address", ["", "test-invoke-source-ip", "203.0.113", "203.0.113.7/32", "203.0.113.7, ::1"])
def test_what_is_no_address_has_no_network(address: str) -> None:
    """API Gateway's console sends no address, and this causes no error."""
    assert shown_network(address) == ""


def test_a_description_stays_small() -> None:
    """It is in every item of a session. A name has its 128 bytes because 64 characters may take two each."""
    assert (MAX_NAME_CHARACTERS, MAX_NAME_BYTES, MAX_USER_AGENT_CHARACTERS) == (64, 128, 128)


@pytest.mark.parametrize(
    ("user_agent", "shown"),
    [
        ("", ""),
        ("curl/8.9.1", "curl/8.9.1"),
        ("a\tb\r\nc\x7f\x00d", "abcd"),
        (" !~", " !~"),
        (f"app/1.0 ({OMEGA})", "app/1.0 ()"),
        ("x" * (MAX_USER_AGENT_CHARACTERS + 1), "x" * MAX_USER_AGENT_CHARACTERS),
        (OMEGA + "x" * MAX_USER_AGENT_CHARACTERS, "x" * MAX_USER_AGENT_CHARACTERS),
    ],
)
def test_a_user_agent_is_cut_to_what_can_be_shown(user_agent: str, shown: str) -> None:
    """It is printable ASCII with at most 128 characters. No client is refused because of its header."""
    assert described(user_agent=user_agent, address="") == ClientDescription(user_agent=shown)


@pytest.mark.parametrize(
    "name", ["", "Ada's phone", "x" * MAX_NAME_CHARACTERS, OMEGA * (MAX_NAME_BYTES // 2), "日本語"]
)
def test_a_name_is_taken_as_it_is(name: str) -> None:
    """A name may be in any language, with up to 64 characters and 128 bytes."""
    assert described(user_agent="", address="", name=name).name == name


@pytest.mark.parametrize(
    "name",
    ["x" * (MAX_NAME_CHARACTERS + 1), "日" * 43, "a\nb", "a\x00", "a\u202eb", "a\u2028b", "a\u200bb", "\ue000"],
)
def test_a_name_that_cannot_be_shown_is_refused(name: str) -> None:
    """Long names, invisible characters and characters that change the direction of the text are refused."""
    with pytest.raises(InvalidRequest):
        described(user_agent="", address="", name=name)


@given(user_agent=st.text(), address=st.text())
def test_no_header_and_no_address_breaks_anything(user_agent: str, address: str) -> None:
    """Any header and any address give a short and printable description."""
    client = described(user_agent=user_agent, address=address)
    assert len(client.user_agent) <= MAX_USER_AGENT_CHARACTERS
    assert (client.user_agent + client.network).isprintable()
    assert (client.user_agent + client.network).isascii()


def test_an_unknown_client_is_described_by_nothing() -> None:
    """Whoever compares it with a client, finds another user agent and another network."""
    assert ClientDescription(name="", user_agent="", network="") == UNKNOWN_CLIENT
