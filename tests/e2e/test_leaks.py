"""The logs and tables of the stack, after all other tests."""

from local.stack import Stack
from tests.e2e.client import Client, Session
from tests.e2e.leaks import items, leaked, log_messages


def test_no_log_and_no_table_holds_a_token_or_a_password(client: Client, stack: Stack, session: Session) -> None:
    """No secret of this run is in the logs or the tables, and the search does find ids and names there."""
    client.refresh(session.refresh_token)
    client.get("/me", session.access_token)
    client.get("/me", f"{session.access_token}x")
    client.post_json("/auth/login", {"username": stack.user.name, "password": "a wrong password for this test"})
    client.post_json("/auth/logout", {"refresh_token": session.refresh_token})

    logs, tables = "\n".join(log_messages(stack)), "\n".join(items(stack))

    assert session.session_id in logs
    assert session.session_id in tables
    assert stack.user.name in tables
    known = {session.access_token, session.refresh_token, stack.user.password}
    assert known <= client.secrets
    assert [secret for secret in known if not leaked([secret], f"the end {secret[-40:]} of it")] == []
    assert leaked(["12345678"], "a code 12345678, as a number") != []
    assert leaked(client.secrets, logs, tables) == []
