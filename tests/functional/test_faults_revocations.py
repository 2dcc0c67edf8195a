"""Faults at the message to authorizers, on each path that ends sessions: what is answered as done is in the feed."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from edge_auth.tokens.ended_feed import entry_of
from tests.support.answers import INVALID_GRANT, NO_CONTENT, UNAVAILABLE
from tests.support.one_login import one_login
from tests.support.outages import APPLIED, FAULTS_OF_UPDATES, REPEATED, Killed, after, before, ends, events_named, kill
from tests.support.people import ADA_ID, PASSWORD
from tests.support.sample_events import called_by, login_event, logout_event, refresh_event, sample, with_json
from tests.support.stack import Answer, Stack

PUBLISH, END = "UpdateItem of ends", "TransactWriteItems"
FEW = ("throttling", APPLIED, "access denied")
LASTING = ("internal error", APPLIED)


@dataclass
class Sessions:
    """A user with two new sessions, who ends one of them or both. The functions stay warm."""

    stack: Stack

    def __post_init__(self) -> None:
        """Start the functions."""
        self.login, self.refresh, self.logout, self.password, self.sessions = (
            self.stack.function(name) for name in ("login", "refresh", "logout", "password", "sessions")
        )
        self.initially = self.stack.tables.contents()

    def begin(self) -> None:
        """Log in twice, and rotate the first session's token twice: only then is it older than the base."""
        self.stack.tables.restore(self.initially)
        self.own, self.other = one_login(self.stack), one_login(self.stack)
        token = self.own["refresh_token"]
        for _ in range(2):
            token = self.refresh(refresh_event(token)).json["refresh_token"]
            self.stack.clock.advance(seconds=60)

    def log_out(self) -> Answer:
        """End the other session, by its refresh token."""
        return self.logout(logout_event(self.other["refresh_token"]))

    def log_out_everywhere(self) -> Answer:
        """End all sessions."""
        return self.logout(logout_event(self.other["refresh_token"], everywhere=True))

    def revoke(self) -> Answer:
        """End the other session, by its access token."""
        return self.logout(logout_event(self.other["access_token"]))

    def reuse(self) -> Answer:
        """Present the first token of the first session."""
        return self.refresh(refresh_event(self.own["refresh_token"]))

    def end_other(self) -> Answer:
        """End the other session, as its user. If it is not there any more, the answer is 404, which is an end too."""
        event = called_by(sample("sessions-end"), ADA_ID, self.own["session_id"])
        event["pathParameters"] = {"session_id": self.other["session_id"]}
        answer = self.sessions(event)
        return NO_CONTENT if answer.status == 404 else answer

    def end_own(self) -> Answer:
        """End the other session, as that session. If it is not there any more, the answer is 401, which is an end too.

        The authorizer in front of the route lets the call through only if the feed has no end that did not happen.
        """
        session_id = self.other["session_id"]
        assert session_id in ends(self.stack) or entry_of(session_id) not in self.stack.published()
        event = called_by(sample("sessions-end"), ADA_ID, session_id)
        event["pathParameters"] = {"session_id": session_id}
        answer = self.sessions(event)
        return NO_CONTENT if answer.status == 401 else answer

    def change_password(self) -> Answer:
        """Change the password."""
        new = f"{PASSWORD} {len(self.own['access_token'])}{self.own['session_id']}"
        body = {"current_password": PASSWORD, "new_password": new}
        return self.password(called_by(with_json("password", body), ADA_ID, self.own["session_id"]))

    def are_told(self) -> bool:
        """Whether the feed has every session that has ended."""
        return {entry_of(session_id) for session_id in ends(self.stack)} <= self.stack.published()


Act = Callable[[Sessions], Answer]

PATHS: dict[str, Act] = {
    "logout": Sessions.log_out,
    "logout of all": Sessions.log_out_everywhere,
    "access token": Sessions.revoke,
    "reuse": Sessions.reuse,
    "end of another": Sessions.end_other,
    "end of the own": Sessions.end_own,
    "new password": Sessions.change_password,
}
END_FIRST = ("logout", "end of the own")
DONE = (NO_CONTENT, INVALID_GRANT)


@pytest.fixture
def sessions(stack: Stack) -> Sessions:
    """Return the sessions."""
    return Sessions(stack)


@pytest.mark.parametrize("path", PATHS)
def test_a_message_fails_once(sessions: Sessions, path: str) -> None:
    """F19, F44: the SDK repeats it, or the answer is 503 and the same call makes it good. A logout meets each fault."""
    for name in FAULTS_OF_UPDATES if path == "logout" else FEW:
        sessions.begin()
        sessions.stack.wire.next(PUBLISH, FAULTS_OF_UPDATES[name])

        answer = PATHS[path](sessions)

        assert answer in (DONE if name in REPEATED else (UNAVAILABLE,)), name
        if answer == UNAVAILABLE:
            assert PATHS[path](sessions) in DONE, name
        assert sessions.are_told(), name


@pytest.mark.parametrize("operations", [(PUBLISH,), (PUBLISH, END)], ids=["message", "both"])
@pytest.mark.parametrize("path", PATHS)
def test_messages_and_ends_fail_for_a_while(sessions: Sessions, path: str, operations: tuple[str, ...]) -> None:
    """F19, F44: alone or together, no call says that it is done; each failed message is recorded; later it is done."""
    for name in LASTING:
        sessions.begin()
        for operation in operations:
            sessions.stack.wire.always(operation, FAULTS_OF_UPDATES[name])
        assert PATHS[path](sessions) == UNAVAILABLE, name
        sessions.stack.wire.mend()

        assert PATHS[path](sessions) in DONE, name
        assert sessions.are_told(), name
    is_tried = operations == (PUBLISH,) or path not in END_FIRST  # what cannot end sends no message
    assert len(events_named(sessions.stack, "revocation_not_published")) == len(LASTING) * is_tried


@pytest.mark.parametrize("path", PATHS)
def test_the_process_dies_between_the_two_writes(sessions: Sessions, path: str) -> None:
    """F13, F44: in both orders; the client has no answer, and its next call makes it good."""
    for operation, moment in ((PUBLISH, before), (PUBLISH, after), (END, before), (END, after)):
        sessions.begin()
        sessions.stack.wire.next(operation, moment(kill))
        with pytest.raises(Killed):
            PATHS[path](sessions)

        assert PATHS[path](sessions) in DONE
        assert sessions.are_told()


def test_a_logout_everywhere_makes_up_for_a_logout_that_died_after_its_end(sessions: Sessions) -> None:
    """F44: the person does not repeat the call of the other device, but logs out everywhere."""
    sessions.begin()
    sessions.stack.wire.next(END, after(kill))
    with pytest.raises(Killed):
        sessions.log_out()
    assert not sessions.are_told()
    sessions.other = sessions.login(login_event("ada", PASSWORD)).json

    assert sessions.log_out_everywhere() == NO_CONTENT
    assert sessions.are_told()


def test_the_limit_of_sessions_cannot_be_told(sessions: Sessions) -> None:
    """F22, F36: the login is good, nothing ends untold, and the next login ends what is beyond the limit."""
    sessions.begin()
    login = sessions.stack.with_parameters(MaxSessionsPerUser="1").function("login")
    sessions.stack.wire.always(PUBLISH, FAULTS_OF_UPDATES["access denied"])
    assert login(login_event("ada", PASSWORD)).status == 200
    assert ends(sessions.stack) == {}
    assert len(events_named(sessions.stack, "session_limit_not_kept")) == 1
    sessions.stack.wire.mend()

    assert login(login_event("ada", PASSWORD)).status == 200

    assert len(ends(sessions.stack)) == 3
    assert sessions.are_told()
