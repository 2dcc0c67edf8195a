"""One request of the grid, and the helpers that most of them need."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from edge_auth.accounts.factors import MAX_FAILURES
from edge_auth.adapters.dynamodb.identity_items import login_key
from proof.faults.world import World
from tests.support.people import ADA_ID, BOB_ID
from tests.support.sample_events import Event, called_by, sample, with_json
from tests.support.stack import TABLES
from tests.support.wire import Fault

WRONG_CODE = "000000"
TWO_NOTICES = "two mails are left, and each may fail by itself"
IN_TURN = "several writes in turn: each may be slow, and one of them may fail by itself"


@dataclass(frozen=True)
class Act:
    """A request, and what it does if nothing fails.

    Attributes:
        function: The folder of the function that it is sent to.
        prepare: Changes the world as the request needs it, and returns the request.
        status: Of its answer. Functions without a route answer 200 if they return.
        again: The statuses of the same request once it was done, where that is no success. The state must then be the
            one that the request leaves: there is nothing left to do.
        instead: Returns what the client sends if the request was not done and cannot be repeated as it is.
        opens: Whether a session opens. If the answer is lost, another one opens at the next try.
        evicts: Whether a session that opens may end another one of the user.
        is_told: Whether each end is in the feed before the answer. It need not be where a session replaces another one
            of the same person.
        parts: The calls that the request can do without. If one fails, that is recorded, and a part of the act is left.
        otherwise: The tables that a request may leave otherwise if a part of it fails or if it is made again, each with
            the reason.
        longer: The calls whose trouble may delay the answer by more than three seconds, each with the reason.
        parameters: Of the template, beside those of `world.EVERYTHING`.
        answers: Of services that moto does not have, by operation.

    """

    function: str
    prepare: Callable[[World], Event]
    status: int = 200
    again: tuple[int, ...] = ()
    instead: Callable[[World, Event], Event] | None = None
    opens: bool = False
    evicts: bool = False
    is_told: bool = True
    parts: tuple[str, ...] = ()
    otherwise: Mapping[str, str] = field(default_factory=dict)
    longer: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[str, Fault] = field(default_factory=dict)


def by_ada(world: World, name: str, body: object = None, **members: object) -> Event:
    """Return the request of ada's first session."""
    event = sample(name) if body is None else with_json(name, body)
    return {**called_by(event, ADA_ID, world.ada["session_id"]), **members}


def by_bob(world: World, name: str, body: object = None, **members: object) -> Event:
    """Return the request of bob's first session."""
    event = sample(name) if body is None else with_json(name, body)
    return {**called_by(event, BOB_ID, world.bob["session_id"]), **members}


def by_passkey(world: World, name: str, body: object = None, **members: object) -> Event:
    """Return the request of ada's session by her passkey: only this one may change how she logs in."""
    event = sample(name) if body is None else with_json(name, body)
    return {**called_by(event, ADA_ID, world.by_passkey), **members}


def about_to_lock(world: World) -> None:
    """Leave ada's app one wrong code."""
    world.stack.dynamodb.update_item(
        TableName=TABLES["IdentitiesTable"],
        Key=login_key("ada"),
        UpdateExpression="SET factor_failures = :failures",
        ExpressionAttributeValues={":failures": {"N": str(MAX_FAILURES - 1)}},
    )
