"""What the SDK's clients share in the tests does not join them: a client keeps what is its own."""

import pytest
from botocore.session import Session

from tests.support.remembered_sdk import remember

remember()

EVENT = "of-the-tests.dynamodb.GetItem"


def answers(events: object) -> list[object]:
    """Return what the handlers of an event answer."""
    return [answer for _, answer in events.emit(EVENT) if answer is not None]  # type: ignore[attr-defined]


def test_a_handler_of_one_client_is_called_by_no_other() -> None:
    """Neither by one that was made before, nor by one that is made later; one of the session by all that follow."""
    session = Session()
    before = session.create_client("dynamodb").meta.events
    session.register(EVENT, lambda **_: "of the session")  # type: ignore[arg-type]  # its result is not used
    one, other = (session.create_client("dynamodb").meta.events for _ in range(2))
    one.register("of-the-tests.dynamodb", handler := lambda **_: "of one")  # type: ignore[arg-type]

    assert [answers(each) for each in (before, one, other)] == [[], ["of the session", "of one"], ["of the session"]]
    assert answers(session.create_client("dynamodb").meta.events) == ["of the session"]
    one.unregister("of-the-tests.dynamodb", handler)  # type: ignore[arg-type]
    assert answers(one) == ["of the session"]


def test_a_handler_of_a_session_is_removed_from_that_session_only() -> None:
    """The tests take moto's handler out, and put their own in."""
    session = Session()
    session.register(EVENT, handler := lambda **_: "of the session")  # type: ignore[arg-type]
    client = session.create_client("dynamodb").meta.events
    session.unregister(EVENT, handler)  # type: ignore[arg-type]

    assert answers(client) == ["of the session"]
    assert answers(session.create_client("dynamodb").meta.events) == []


def test_a_handler_that_takes_too_little_is_refused() -> None:
    """As the SDK refuses it, also when it has been asked before."""
    events = Session().create_client("dynamodb").meta.events

    for _ in range(2):
        with pytest.raises(ValueError, match="keyword"):
            events.register(EVENT, without_all)


def without_all(request: object) -> None:
    """Take one parameter only."""


def test_a_changed_proxy_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment decides, as it is when a client is made."""

    def proxies() -> dict[str, str]:
        client = Session().create_client("dynamodb", endpoint_url="http://aws.invalid")
        found: dict[str, str] = client._endpoint.http_session._proxy_config._proxies  # type: ignore[attr-defined]
        return found

    assert "http" not in proxies()
    monkeypatch.setenv("HTTP_PROXY", "http://one.invalid")
    assert proxies()["http"] == "http://one.invalid"
    monkeypatch.setenv("HTTP_PROXY", "http://other.invalid")
    assert proxies()["http"] == "http://other.invalid"
