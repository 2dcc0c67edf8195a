"""An item of the table as an authorizer reads it. A damaged one is no dead session."""

from typing import Any

import pytest

from edge_auth.authorizer.http_answer import RequestFailed
from edge_auth.authorizer.stored_session import StoredSession, stored_session

ITEM: dict[str, Any] = {
    "seed_hash": {"B": "c2VlZA=="},
    "generation": {"N": "3"},
    "rotated_at_ms": {"N": "1790000000000"},
    "mac_hash": {"B": "bmV3"},
    "earlier_mac_hash": {"B": "b2xk"},
    "transport": {"S": "session"},
    "idle_expires_at": {"N": "1790000001"},
    "absolute_expires_at": {"N": "1790000002"},
    "client_id": {"S": "first-party"},
    "scope": {"L": [{"S": "read"}, {"S": "write"}]},
    "roles": {"L": []},
    "acr": {"S": "2fa"},
    "amr": {"L": [{"S": "pwd"}, {"S": "otp"}]},
    "auth_time": {"N": "1790000003"},
}


def test_a_session_is_read() -> None:
    """Each attribute has its own place."""
    assert stored_session(ITEM) == StoredSession(
        b"seed", 3, 1790000000000, b"new", b"old", "session", 1790000001, 1790000002, "first-party", "read write", (),
        "2fa", ("pwd", "otp"), 1790000003,
    )  # fmt: skip


def test_a_session_that_got_no_new_token_has_no_hash_of_a_mac() -> None:
    """The token of its login is known by its seed."""
    found = stored_session({name: value for name, value in ITEM.items() if "mac" not in name})

    assert (found.mac_hash, found.earlier_mac_hash) == (b"", b"")


def test_a_session_without_a_transport_has_another_one() -> None:
    """Its tokens are in bodies."""
    assert stored_session({name: value for name, value in ITEM.items() if name != "transport"}).transport == ""


def test_a_login_without_a_level_has_an_empty_one() -> None:
    """It has none while second factors are off."""
    assert stored_session({name: value for name, value in ITEM.items() if name != "acr"}).acr == ""


@pytest.mark.parametrize("name", ITEM)
@pytest.mark.parametrize(
    "value", [None, {}, {"X": 1}, {"S": 1}, {"N": "-1"}, {"N": "x"}, {"B": "%"}, {"B": 1}, {"L": "x"}]
)
def test_a_damaged_item_is_trouble(name: str, value: object) -> None:
    """DC-3: an exception, so a browser keeps its cookie. It names the attribute and quotes nothing."""
    with pytest.raises(RequestFailed, match=f"^damaged item: {name}$"):
        stored_session({**ITEM, name: value})
    with pytest.raises(RequestFailed):
        stored_session({**ITEM, "roles": {"L": [{"S": "admin"}, {"N": "1"}]}})
