"""Operators' acts on a user who has just logged out."""

import time

from edge_auth.adapters.dynamodb.sessions import DynamoDBSessions
from edge_auth.sessions.session import LOGOUT
from tests.admin.aws import OUTPUTS, Fresh, Run
from tests.admin.every_command import COMMANDS
from tests.support import memory_aws
from tests.support.dynamodb.records import ADA_ID, a_session


def test_an_end_of_all_sessions_marks_what_a_logout_has_ended(fresh: Fresh, run: Run) -> None:
    """A logout leaves its record without a mark. The act publishes it once more and marks it, so only once."""
    aws, ended, now = fresh(), a_session(1), int(time.time())
    sessions = DynamoDBSessions(memory_aws.dynamodb(), table=OUTPUTS["SessionsTable"])
    sessions.end(ended, reason=LOGOUT, end_id="e", now_seconds=now)
    assert sessions.ended_since(ADA_ID, now) == [ended.session_id]

    assert run(*COMMANDS["end-sessions"]).out == "1 session ended\n"
    assert sessions.ended_since(ADA_ID, now) == []
    assert [call["TableName"] for name, call in aws.on_tables if name == "UpdateItem"].count(
        OUTPUTS["SessionsTable"]
    ) == 1
