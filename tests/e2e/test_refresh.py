"""POST /auth/refresh on the deployed stack: rotation, grace window and reuse."""

from collections.abc import Callable

from local import tokens
from local.settings import STACK_NAME
from local.stack import Stack
from tests.e2e.answers import assert_error
from tests.e2e.client import Client, Session

Age = Callable[[Session], None]


def test_refresh_with_json_rotates_the_token_and_keeps_the_session(client: Client, session: Session) -> None:
    """The answer has new tokens of the same session, and `no-store`."""
    response = client.refresh(session.refresh_token)

    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    body = response.json()
    assert body["session_id"] == session.session_id
    assert body["refresh_token"] != session.refresh_token
    assert client.get("/me", body["access_token"]).status_code == 200


def test_refresh_with_the_oauth_form_rotates_the_token(client: Client, session: Session) -> None:
    """The form of RFC 6749 §6 rotates the token like the JSON body."""
    form = {"grant_type": "refresh_token", "refresh_token": session.refresh_token}

    response = client.post_form("/auth/refresh", form)

    assert response.status_code == 200
    assert response.json()["refresh_token"] != session.refresh_token


def test_refresh_again_within_the_grace_window_converges_on_one_successor(client: Client, session: Session) -> None:
    """Within the grace window a second refresh with the same token gets the same successor."""
    first = client.refresh(session.refresh_token).json()
    second = client.refresh(session.refresh_token).json()

    assert second["refresh_token"] == first["refresh_token"]


def test_refresh_twice_within_the_grace_window_rotates_once(client: Client, session: Session) -> None:
    """Within the grace window a refresh with the successor gets the successor again."""
    first = client.refresh(session.refresh_token).json()
    second = client.refresh(first["refresh_token"]).json()

    assert second["refresh_token"] == first["refresh_token"]


def test_refresh_after_the_grace_window_rotates_again(client: Client, session: Session, age: Age) -> None:
    """After the grace window the successor rotates."""
    first = client.refresh(session.refresh_token).json()
    age(session)

    second = client.refresh(first["refresh_token"])

    assert second.status_code == 200
    assert second.json()["refresh_token"] != first["refresh_token"]


def test_a_client_whose_answer_was_lost_is_still_signed_in(client: Client, session: Session, age: Age) -> None:
    """After the grace window the same token gets a new one, which rotates like any other."""
    lost = client.refresh(session.refresh_token).json()["refresh_token"]
    age(session)

    retried = client.refresh(session.refresh_token)

    assert retried.status_code == 200
    assert retried.json()["refresh_token"] not in {lost, session.refresh_token}
    age(session)
    assert client.refresh(retried.json()["refresh_token"]).status_code == 200


def test_a_second_party_ends_the_session_for_both(client: Client, session: Session, age: Age) -> None:
    """The token that a late retry replaced is refused, and after it the client's newest token is refused too."""
    lost = client.refresh(session.refresh_token).json()["refresh_token"]
    age(session)
    honest = client.refresh(session.refresh_token).json()["refresh_token"]
    age(session)

    assert_error(client.refresh(lost), 400, "invalid_grant")
    assert_error(client.refresh(honest), 400, "invalid_grant")


def test_reuse_is_recorded_for_the_alarm(client: Client, session: Session, age: Age, stack: Stack) -> None:
    """The log has the event of the template's metric filter, with the session's id."""
    successor = client.refresh(session.refresh_token).json()["refresh_token"]
    age(session)
    client.refresh(successor)
    client.refresh(session.refresh_token)

    group = f"/aws/lambda/{STACK_NAME}-refresh"
    messages = [event["message"] for event in stack.clients.logs.filter_log_events(logGroupName=group)["events"]]

    found = [message for message in messages if "refresh_token_reused" in message]
    assert any(session.session_id in message for message in found)


def test_every_dead_refresh_token_gets_the_same_bytes(client: Client, stack: Stack, session: Session, age: Age) -> None:
    """Unknown, malformed, expired, logged-out and reused tokens get the same bytes."""
    logged_out, expired, reused = (client.open_session(stack.user.name, stack.user.password) for _ in range(3))
    client.post_json("/auth/logout", {"refresh_token": logged_out.refresh_token})
    stack.clients.dynamodb.update_item(
        TableName=stack.outputs["SessionsTable"],
        Key=expired.key,
        UpdateExpression="SET absolute_expires_at = :then",
        ExpressionAttributeValues={":then": {"N": "1"}},
    )
    successor = client.refresh(reused.refresh_token).json()["refresh_token"]
    age(reused)
    client.refresh(successor)  # now the first token is older than the base
    age(reused)

    answers = [
        client.refresh(token)
        for token in (
            tokens.unknown(session.refresh_token),
            "no token at all",
            expired.refresh_token,
            logged_out.refresh_token,
            reused.refresh_token,
        )
    ]

    for answer in answers:
        assert_error(answer, 400, "invalid_grant")
    assert len({answer.content for answer in answers}) == 1


def test_a_refused_forgery_leaves_the_session_alone(client: Client, session: Session) -> None:
    """A token with a wrong MAC does not end the session."""
    client.refresh(tokens.unknown(session.refresh_token))

    assert client.refresh(session.refresh_token).status_code == 200
