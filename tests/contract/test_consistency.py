from typing import Any

from tests.support.dynamodb.engines import Tables
from tests.support.dynamodb.records import ADA, ADA_ID, NOW_SECONDS, a_session, opened, session_id, sessions_of


def test_every_read_is_strongly_consistent(tables: Tables) -> None:
    """A18: each request asks for a consistent read, because no engine here shows the old data of DynamoDB's default."""
    engine = tables.engine()
    opened(engine, a_session())
    asked: list[tuple[str, Any]] = []

    def watch(params: dict[str, Any], model: Any, **_: object) -> None:  # noqa: ANN401 - botocore's OperationModel
        asked.append((model.name, params.get("ConsistentRead")))

    for operation in ("GetItem", "Query"):
        tables.client.meta.events.register(f"provide-client-params.dynamodb.{operation}", watch)

    engine.identities.find(ADA.username)
    engine.identities.find_by_id(ADA_ID)
    engine.identities.move_epoch(ADA_ID)
    engine.sessions.find(ADA_ID, session_id(1))
    engine.sessions.find_ended(ADA_ID, session_id(1))
    engine.sessions.ended_since(ADA_ID, NOW_SECONDS)
    sessions_of(engine.sessions, ADA_ID)
    engine.sessions.living(ADA_ID, now_seconds=NOW_SECONDS)
    engine.sessions.to_end(ADA_ID)
    engine.sessions.oldest_first(ADA_ID, now_seconds=NOW_SECONDS)
    engine.sessions.forget(ADA_ID)

    assert asked == [*[("GetItem", True)] * 6, *[("Query", True)] * 7]
