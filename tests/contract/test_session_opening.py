from dataclasses import replace

import pytest

from edge_auth.accounts.identity import ACTIVE, DISABLED
from edge_auth.errors import TemporarilyUnavailable
from edge_auth.flows.ports.identities import EpochMoved
from tests.support.dynamodb.engines import Engine
from tests.support.dynamodb.records import ADA, ADA_ID, BOB, BOB_ID, a_session, opened, session_id, sessions_of


def test_an_opened_session_is_found_with_every_field(engine: Engine) -> None:
    """A session that is opened is read back unchanged."""
    engine.identities.create(ADA)

    engine.session_opening.open(a_session(), username=ADA.username, epoch=ADA.epoch)

    assert engine.sessions.find(ADA_ID, session_id(1)) == a_session()


def test_a_session_keeps_the_level_of_its_login(engine: Engine) -> None:
    """RFC 9068 §2.2.1: `acr` of later access tokens comes from the session."""
    engine.identities.create(ADA)

    engine.session_opening.open(a_session(acr="phr"), username=ADA.username, epoch=ADA.epoch)

    assert engine.sessions.find(ADA_ID, session_id(1)) == a_session(acr="phr")


def test_a_moved_epoch_opens_nothing(engine: Engine) -> None:
    """F12, DC-12: a login that began before the end of all sessions opens no session after it."""
    engine.identities.create(ADA)
    engine.identities.move_epoch(ADA_ID)

    with pytest.raises(EpochMoved):
        engine.session_opening.open(a_session(), username=ADA.username, epoch=ADA.epoch)

    assert sessions_of(engine.sessions, ADA_ID) == []


def test_an_epoch_ahead_opens_nothing(engine: Engine) -> None:
    """The epoch is compared for equality, so a restored table does not accept logins of a later epoch."""
    engine.identities.create(ADA)

    with pytest.raises(EpochMoved):
        engine.session_opening.open(a_session(), username=ADA.username, epoch=ADA.epoch + 1)

    assert sessions_of(engine.sessions, ADA_ID) == []


def test_a_disabled_user_opens_nothing(engine: Engine) -> None:
    """F18: a disabled user opens no session, even with the right epoch."""
    disabled = replace(ADA, status=DISABLED)
    engine.identities.create(disabled)

    with pytest.raises(EpochMoved):
        engine.session_opening.open(a_session(), username=ADA.username, epoch=ADA.epoch)

    assert sessions_of(engine.sessions, ADA_ID) == []


def test_an_enabled_user_opens_with_the_new_epoch(engine: Engine) -> None:
    """F18: a user that was disabled and enabled again can log in."""
    engine.identities.create(ADA)
    engine.identities.change_status(ADA, DISABLED)
    enabled = engine.identities.change_status(ADA, ACTIVE)

    engine.session_opening.open(a_session(), username=ADA.username, epoch=enabled.epoch)

    assert sessions_of(engine.sessions, ADA_ID) == [a_session()]


def test_a_session_of_another_user_is_not_opened(engine: Engine) -> None:
    """The name and the user id must belong together."""
    engine.identities.create(ADA)
    engine.identities.create(BOB)

    with pytest.raises(EpochMoved):
        engine.session_opening.open(a_session(user_id=BOB_ID), username=ADA.username, epoch=ADA.epoch)

    assert sessions_of(engine.sessions, ADA_ID) == []
    assert sessions_of(engine.sessions, BOB_ID) == []


def test_an_unknown_user_opens_no_session(engine: Engine) -> None:
    """A user that is deleted during the login gets no session."""
    with pytest.raises(EpochMoved):
        engine.session_opening.open(a_session(), username=ADA.username, epoch=ADA.epoch)

    assert sessions_of(engine.sessions, ADA_ID) == []


def test_an_existing_session_is_never_written_over(engine: Engine) -> None:
    """P15: a second session with the same id is refused, and the first one stays as it is."""
    opened(engine, a_session())

    with pytest.raises(TemporarilyUnavailable):
        engine.session_opening.open(a_session(generation=0), username=ADA.username, epoch=ADA.epoch)

    assert sessions_of(engine.sessions, ADA_ID) == [a_session()]
