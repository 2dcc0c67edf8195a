"""The marks of addresses that mails come back from: what sets them, and what takes them away."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from edge_auth.accounts.identity import ACTIVE, UNCONFIRMED, Identity
from edge_auth.adapters.dynamodb.identity_items import login_key
from edge_auth.adapters.dynamodb.items import text
from edge_auth.errors import UnknownUser
from edge_auth.flows.ports.bounces import AddressGone
from edge_auth.tokens.proof_token import Kind, Proof
from tests.support.dynamodb.engines import Engine, Tables
from tests.support.dynamodb.proofs import a_challenge, a_proof
from tests.support.dynamodb.records import ADA, ADA_ID, BOB_ID, NOW_SECONDS

ADDRESS = "ada@mail.example"
NEW = "new@mail.example"
REACHABLE = replace(ADA, email=ADDRESS, email_verified_at_seconds=NOW_SECONDS - 5)
WAITING = replace(ADA, email=ADDRESS, status=UNCONFIRMED)


def mark(engine: Engine, address: str = ADDRESS, *, seconds: int = 0) -> None:
    """Mark an address of Ada."""
    engine.bounces.mark(ADA_ID, address, reason="complaint", now_seconds=NOW_SECONDS + seconds)


def marked(engine: Engine, user: Identity = REACHABLE) -> Identity:
    """Add Ada, mark the address, and return her as she is stored."""
    engine.identities.create(user)
    mark(engine)
    return ada(engine)


def ada(engine: Engine) -> Identity:
    """Return Ada as she is stored."""
    return engine.identities.find(ADA.username)


def test_a_marked_address_takes_no_more_mails(engine: Engine) -> None:
    """Nothing else of the user changes, and sessions stay."""
    found = marked(engine)

    assert found == replace(REACHABLE, email_bounced_at_seconds=NOW_SECONDS)
    assert (REACHABLE.is_reachable, found.is_reachable) == (True, False)


def test_a_repeated_mark_changes_nothing(engine: Engine) -> None:
    """A lost response, or an event that comes twice."""
    found = marked(engine)

    for seconds in range(3):
        mark(engine, seconds=seconds)

    assert ada(engine) == found


@pytest.mark.parametrize(
    ("user_id", "address"), [(ADA_ID, "other@mail.example"), (BOB_ID, ADDRESS)], ids=["another address", "no such user"]
)
def test_an_address_that_is_not_the_users_is_not_marked(engine: Engine, user_id: str, address: str) -> None:
    """A mail to the address from before may come back after the change."""
    engine.identities.create(REACHABLE)

    with pytest.raises(AddressGone):
        engine.bounces.mark(user_id, address, reason="complaint", now_seconds=NOW_SECONDS)

    assert ada(engine) == REACHABLE


def test_a_new_address_is_not_marked_by_the_old_one(engine: Engine) -> None:
    """The mark names its address. An operator who gives the old one back has not seen a mail arrive there."""
    found = marked(engine)

    def given(address: str) -> Identity:
        verified_at_seconds = REACHABLE.email_verified_at_seconds
        return engine.identities.change_email(REACHABLE, address, verified_at_seconds=verified_at_seconds)

    assert given(NEW) == replace(REACHABLE, email=NEW)
    assert given(ADDRESS) == found
    given(NEW)
    mark(engine, NEW, seconds=9)
    assert ada(engine).email_bounced_at_seconds == NOW_SECONDS + 9


def test_a_mark_is_taken_away_and_mails_go_to_the_address_again(engine: Engine) -> None:
    """A repeated clearing changes nothing, and the next mail that comes back marks the address again."""
    marked(engine)

    for _ in range(2):
        engine.bounces.clear(ada(engine))

    assert ada(engine) == REACHABLE
    mark(engine, seconds=9)
    assert ada(engine).email_bounced_at_seconds == NOW_SECONDS + 9


def test_no_mark_is_taken_from_another_user_of_the_name(engine: Engine) -> None:
    """T6: the operator was shown a user who was deleted since."""
    marked(engine)

    with pytest.raises(UnknownUser):
        engine.bounces.clear(replace(REACHABLE, user_id=BOB_ID))

    assert not ada(engine).is_reachable


def confirmed(engine: Engine, proof: Proof, address: str = ADDRESS) -> None:
    """Confirm an address."""
    engine.redemptions.confirm(proof, ada(engine), address, None, now_seconds=NOW_SECONDS)


def undone(engine: Engine, proof: Proof) -> None:
    """Restore the address from before."""
    engine.redemptions.undo(proof, ada(engine), ADDRESS, now_seconds=NOW_SECONDS)


def reset(engine: Engine, proof: Proof) -> None:
    """Set a password."""
    engine.redemptions.set_password(proof, ada(engine), "$argon2id$reset", now_seconds=NOW_SECONDS)


# Each shows a proof of a mail that has arrived at the address which the user has then.
ARRIVED: dict[str, tuple[Identity, Kind, Callable[[Engine, Proof], None]]] = {
    "the own address again": (REACHABLE, Kind.CONFIRM, confirmed),
    "the address of a user who waits": (WAITING, Kind.CONFIRM, confirmed),
    "a reset of a user who waits": (WAITING, Kind.RESET, reset),
    "an undoing": (REACHABLE, Kind.UNDO, undone),
}


@pytest.mark.parametrize("act", ARRIVED)
def test_a_mail_that_has_arrived_takes_the_mark_away(engine: Engine, act: str) -> None:
    """In the same write. A mail that comes back later marks the address again."""
    user, kind, redeem = ARRIVED[act]
    marked(engine, user)
    engine.challenges.put(a_challenge(a_proof(kind)))

    redeem(engine, a_proof(kind))

    assert (ada(engine).is_reachable, ada(engine).status) == (True, ACTIVE)
    mark(engine, seconds=9)
    assert ada(engine).email_bounced_at_seconds == NOW_SECONDS + 9


def test_an_address_that_is_restored_takes_mails_though_it_was_marked(engine: Engine) -> None:
    """The link of the undoing came with a mail to it."""
    marked(engine)
    for kind in (Kind.CONFIRM, Kind.UNDO):
        engine.challenges.put(a_challenge(a_proof(kind)))
    confirmed(engine, a_proof(Kind.CONFIRM), NEW)

    undone(engine, a_proof(Kind.UNDO))

    assert (ada(engine).email, ada(engine).is_reachable) == (ADDRESS, True)


def test_a_reset_of_an_active_user_leaves_the_mark(engine: Engine) -> None:
    """The link may be one that an operator has handed on."""
    marked(engine)
    engine.challenges.put(a_challenge(a_proof(Kind.RESET)))

    reset(engine, a_proof(Kind.RESET))

    assert ada(engine).email_bounced_at_seconds == NOW_SECONDS


CLEARED: dict[str, Callable[[Engine], None]] = {
    "an operator": lambda engine: engine.bounces.clear(REACHABLE),
    "a confirmation": lambda engine: confirmed(engine, a_proof(Kind.CONFIRM)),
    "an undoing": lambda engine: undone(engine, a_proof(Kind.UNDO)),
}


@pytest.mark.parametrize("act", CLEARED)
def test_nothing_of_a_mark_stays_in_the_item(tables: Tables, act: str) -> None:
    """The user is stored as before the first mail came back."""
    engine = tables.engine()
    engine.identities.create(REACHABLE)
    for kind in (Kind.CONFIRM, Kind.UNDO):
        engine.challenges.put(a_challenge(a_proof(kind)))

    def item() -> dict[str, object]:
        return {**tables.client.get_item(TableName=tables.identities, Key=login_key(ADA.username))["Item"]}

    before = item()
    mark(engine)
    assert item()["bounce_reason"] == text("complaint")

    CLEARED[act](engine)

    assert item().keys() == before.keys()
