"""What a store of passkeys promises."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace

import pytest

from edge_auth.accounts.identity import DISABLED, Identity
from edge_auth.accounts.passkey import RegisteredPasskey
from edge_auth.errors import TemporarilyUnavailable
from edge_auth.flows.ports.identities import EpochMoved
from edge_auth.flows.ports.passkeys import ChallengeSpent, PasskeyUse
from edge_auth.flows.ports.sessions import AlreadyEnded
from edge_auth.tokens.passkey_challenge import Challenge
from tests.contract.conftest import opened_on
from tests.support.dynamodb.engines import ATOMIC_ENGINES, DYNAMODB_ENGINES
from tests.support.dynamodb.passkeys import PasskeyEngine, memory_passkeys, stored_passkeys
from tests.support.dynamodb.records import ADA, ADA_ID, BOB, NOW_SECONDS, a_session, session_id

PHONE = RegisteredPasskey(
    credential_id=b"\xff\xfephone",
    public_key=b"key of the phone",
    sign_count=3,
    is_backup_eligible=True,
    is_backed_up=False,
    name="Ada's phone",
    created_at_seconds=NOW_SECONDS - 50,
    used_at_seconds=NOW_SECONDS - 40,
    transports=("hybrid", "internal"),
)
KEY = PHONE._replace(
    credential_id=b"security key",
    public_key=b"key of the security key",
    is_backup_eligible=False,
    created_at_seconds=NOW_SECONDS - 30,
    transports=(),
)


@pytest.fixture(params=["memory", *DYNAMODB_ENGINES])
def engine(request: pytest.FixtureRequest) -> Iterator[PasskeyEngine]:
    """Yield a deployment with Ada and Bob."""
    with ExitStack() as stack:
        if request.param == "memory":
            opened = memory_passkeys()
        else:
            opened = stored_passkeys(stack.enter_context(opened_on(request)))
        opened.identities.create(ADA)
        opened.identities.create(BOB)
        yield opened


def ada(engine: PasskeyEngine) -> Identity:
    """Return Ada as she is stored."""
    return engine.identities.find(ADA.username)


def with_passkeys(engine: PasskeyEngine, *passkeys: RegisteredPasskey) -> Identity:
    """Return Ada with these passkeys."""
    for passkey in passkeys:
        engine.passkeys.add(ada(engine), passkey)
    return ada(engine)


def use(before: RegisteredPasskey = PHONE, challenge_id: str = "challenge-1", count: int = 9) -> PasskeyUse:
    """Return a use of a passkey."""
    after = before._replace(sign_count=count, is_backed_up=True, used_at_seconds=NOW_SECONDS)
    return PasskeyUse(before, after, Challenge(challenge_id, NOW_SECONDS + 300))


def test_passkeys_come_back_with_every_field_the_oldest_first(engine: PasskeyEngine) -> None:
    """Nothing else of the user changes."""
    assert ada(engine) == ADA
    assert with_passkeys(engine, KEY, PHONE) == replace(ADA, passkeys=(PHONE, KEY), factors_version=2)
    assert engine.identities.find_by_id(ADA_ID).passkeys == (PHONE, KEY)


def test_a_new_user_keeps_the_passkeys_of_an_old_one(engine: PasskeyEngine) -> None:
    """A user is written as a whole where it gets another name."""
    renamed = replace(ADA, user_id="c" * 21 + "A", username="ada2", passkeys=(PHONE, KEY))
    engine.identities.create(renamed)
    assert engine.identities.find("ada2") == renamed


def test_a_passkey_is_added_once(engine: PasskeyEngine) -> None:
    """SB8: after a lost response the same write finds its own passkey. Another one with its id is refused."""
    before = ada(engine)
    engine.passkeys.add(before, PHONE)
    engine.passkeys.add(before, PHONE)
    assert ada(engine).passkeys == (PHONE,)
    with pytest.raises(EpochMoved):
        engine.passkeys.add(ada(engine), PHONE._replace(public_key=b"another key"))
    assert ada(engine).passkeys == (PHONE,)


def test_of_two_that_are_added_at_once_one_is_refused(engine: PasskeyEngine) -> None:
    """Both have read the same user: otherwise both could take the last place."""
    before = ada(engine)
    engine.passkeys.add(before, PHONE)
    with pytest.raises(EpochMoved):
        engine.passkeys.add(before, KEY)
    before = ada(engine)
    engine.passkeys.add(before, KEY)
    with pytest.raises(EpochMoved):
        engine.passkeys.add(before, KEY._replace(credential_id=b"third"))
    assert ada(engine).passkeys == (PHONE, KEY)


@pytest.mark.parametrize("act", ["add", "rename", "remove"])
def test_nothing_changes_after_an_end_of_all_sessions(engine: PasskeyEngine, act: str) -> None:
    """The session that asked may have ended with the others."""
    seen = with_passkeys(engine, PHONE)
    engine.identities.move_epoch(ADA_ID)
    acts: dict[str, Callable[[], None]] = {
        "add": lambda: engine.passkeys.add(seen, KEY),
        "rename": lambda: engine.passkeys.rename(seen, PHONE.credential_id, "new"),
        "remove": lambda: engine.passkeys.remove(seen, PHONE.credential_id),
    }
    with pytest.raises(EpochMoved):
        acts[act]()
    assert ada(engine).passkeys == (PHONE,)


@pytest.mark.parametrize("act", ["add", "rename"])
def test_nothing_is_written_for_a_deleted_user(engine: PasskeyEngine, act: str) -> None:
    """An update must not make an item."""
    seen = with_passkeys(engine, PHONE)
    engine.identities.delete(seen)
    acts: dict[str, Callable[[], None]] = {
        "add": lambda: engine.passkeys.add(seen, KEY),
        "rename": lambda: engine.passkeys.rename(seen, PHONE.credential_id, "new"),
    }
    with pytest.raises(EpochMoved):
        acts[act]()
    engine.identities.create(ADA)
    assert ada(engine) == ADA


def test_a_name_is_replaced(engine: PasskeyEngine) -> None:
    """As often as the response is lost."""
    seen = with_passkeys(engine, PHONE, KEY)
    for _ in range(2):
        engine.passkeys.rename(seen, KEY.credential_id, "blue key")
    assert ada(engine) == replace(seen, passkeys=(PHONE, KEY._replace(name="blue key")))
    with pytest.raises(EpochMoved):
        engine.passkeys.rename(seen, b"unknown", "x")


def test_a_removed_passkey_is_gone_and_the_epoch_has_moved_once(engine: PasskeyEngine) -> None:
    """After a lost response the same write finds it gone. A login that read it before opens no session."""
    seen = with_passkeys(engine, PHONE, KEY)
    for _ in range(2):
        engine.passkeys.remove(seen, PHONE.credential_id)
    assert ada(engine) == replace(ADA, passkeys=(KEY,), epoch=ADA.epoch + 1, factors_version=3)
    with pytest.raises(EpochMoved):
        engine.opening.open(a_session(), seen, use())
    with pytest.raises(EpochMoved):
        engine.opening.open(a_session(), replace(seen, epoch=ADA.epoch + 1), use())


def test_of_two_that_are_removed_at_once_one_is_refused(engine: PasskeyEngine) -> None:
    """Both have read the same user: otherwise both could leave less than a user without a password must keep."""
    seen = with_passkeys(engine, PHONE, KEY)
    engine.passkeys.remove(seen, PHONE.credential_id)
    with pytest.raises(EpochMoved):
        engine.passkeys.remove(seen, KEY.credential_id)
    assert ada(engine).passkeys == (KEY,)


def test_after_the_last_one_is_removed_another_one_can_be_added(engine: PasskeyEngine) -> None:
    """The attribute is there and empty then."""
    engine.passkeys.remove(with_passkeys(engine, PHONE), PHONE.credential_id)
    assert with_passkeys(engine, KEY).passkeys == (KEY,)


def test_a_use_opens_a_session_and_keeps_the_counter(engine: PasskeyEngine) -> None:
    """All of it in one act."""
    seen = with_passkeys(engine, PHONE, KEY)
    engine.opening.open(a_session(), seen, use())
    assert engine.sessions.find(ADA_ID, session_id(1)) == a_session()
    assert ada(engine) == replace(seen, passkeys=(use().after, KEY))


def test_a_challenge_opens_one_session(engine: PasskeyEngine) -> None:
    """SB5: a replayed assertion is refused, also if it is sent before the counter is written."""
    seen = with_passkeys(engine, PHONE)
    engine.opening.open(a_session(), seen, use(count=PHONE.sign_count))
    with pytest.raises(ChallengeSpent):
        engine.opening.open(a_session(2), seen, use(count=PHONE.sign_count))
    with pytest.raises(ChallengeSpent):  # of another user or passkey, too
        engine.opening.open(a_session(2), seen, use(KEY))
    assert engine.sessions.find(ADA_ID, session_id(2)) is None
    engine.opening.open(a_session(2), seen, use(challenge_id="challenge-2", count=PHONE.sign_count))
    assert engine.sessions.find(ADA_ID, session_id(2)) == a_session(2)


CHANGES: dict[str, Callable[[PasskeyEngine], object]] = {
    "all sessions ended": lambda engine: engine.identities.move_epoch(ADA_ID),
    "disabled": lambda engine: engine.identities.change_status(ADA, DISABLED),
    "deleted": lambda engine: engine.identities.delete(ada(engine)),
    "removed": lambda engine: engine.passkeys.remove(ada(engine), PHONE.credential_id),
    "used": lambda engine: engine.opening.open(a_session(5), ada(engine), use(challenge_id="other")),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_use_that_was_overtaken_opens_no_session_and_spends_nothing(
    engine: PasskeyEngine, change: Callable[[PasskeyEngine], object]
) -> None:
    """F12, F18: the epoch, the status and the passkey are those that were read, in the transaction itself."""
    seen = with_passkeys(engine, PHONE)
    change(engine)
    for _ in range(2):  # so it was not spent
        with pytest.raises(EpochMoved):
            engine.opening.open(a_session(), seen, use())
    assert engine.sessions.find(ADA_ID, session_id(1)) is None


def test_a_disabled_user_opens_no_session(engine: PasskeyEngine) -> None:
    """F18: even with the epoch that the user has now."""
    with_passkeys(engine, PHONE)
    disabled = engine.identities.change_status(ADA, DISABLED)
    with pytest.raises(EpochMoved):
        engine.opening.open(a_session(), disabled, use())


def test_an_existing_session_is_never_written_over(engine: PasskeyEngine) -> None:
    """P15: and the challenge is not spent."""
    seen = with_passkeys(engine, PHONE)
    engine.opening.open(a_session(), seen, use(count=PHONE.sign_count))
    second = use(challenge_id="challenge-2", count=PHONE.sign_count)
    with pytest.raises(TemporarilyUnavailable):
        engine.opening.open(a_session(), seen, second)
    engine.opening.open(a_session(2), seen, second)


def replaced(engine: PasskeyEngine, seen: Identity, passkey: PasskeyUse, number: int = 2) -> None:
    """Put another session in the place of Ada's first one, by the use of a passkey."""
    new = a_session(number, generation=0, base=-1)
    engine.replacement.replace(
        a_session(), new, username=seen.username, epoch=seen.epoch, end_id=f"end-{number}", factor=passkey
    )


def test_a_use_steps_a_session_up(engine: PasskeyEngine) -> None:
    """SA3, SB5: the old session ends, the passkey is kept as used, and the challenge is spent, in one act."""
    seen = with_passkeys(engine, PHONE)
    engine.opening.open(a_session(), seen, use(challenge_id="first", count=PHONE.sign_count))
    replaced(engine, seen, use(use(count=PHONE.sign_count).after))
    assert engine.sessions.find(ADA_ID, session_id(1)) is None
    assert engine.sessions.find(ADA_ID, session_id(2)) is not None
    assert ada(engine).passkeys == (use().after,)
    with pytest.raises(ChallengeSpent):
        engine.opening.open(a_session(3), ada(engine), use(use().after))


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_step_up_by_passkey_that_was_overtaken_changes_nothing(
    engine: PasskeyEngine, change: Callable[[PasskeyEngine], object]
) -> None:
    """F12, F18: the old session stays, and the challenge is not spent."""
    seen = with_passkeys(engine, PHONE)
    engine.opening.open(a_session(), seen, use(challenge_id="first", count=PHONE.sign_count))
    change(engine)
    for _ in range(2):
        with pytest.raises(EpochMoved):
            replaced(engine, seen, use())
    assert engine.sessions.find(ADA_ID, session_id(1)) == a_session()
    assert engine.sessions.find(ADA_ID, session_id(2)) is None


@pytest.mark.parametrize("engine", ATOMIC_ENGINES, indirect=True)
def test_of_64_step_ups_with_one_answer_one_wins(engine: PasskeyEngine) -> None:
    """SB5, SA3: and a sign-in with the same answer opens nothing more."""
    seen = with_passkeys(engine, PHONE)
    engine.opening.open(a_session(), seen, use(challenge_id="first", count=PHONE.sign_count))

    def has_won(number: int) -> bool:
        for _ in range(50):
            try:
                if number % 2:
                    engine.opening.open(a_session(number), seen, use(count=PHONE.sign_count))
                else:
                    replaced(engine, seen, use(count=PHONE.sign_count), number)
            except (ChallengeSpent, EpochMoved, AlreadyEnded):
                return False
            except TemporarilyUnavailable:  # a conflict of transactions
                continue
            return True
        raise AssertionError("a conflict fifty times")

    with ThreadPoolExecutor(64) as pool:
        assert sum(pool.map(has_won, range(2, 66))) == 1


@pytest.mark.parametrize(
    "damage",
    [
        {"S": "none"},
        {"M": {"a+b": {"M": {}}}},
        {"M": {"YQ": {"S": "none"}}},
        {"M": {"YQ": {"M": {}}}},
        {"M": {"YQ": {"M": {"public_key": {"B": b"k"}, "sign_count": {"N": "1"}, "backup_eligible": {"S": "yes"}}}}},
    ],
)
@pytest.mark.parametrize("engine", DYNAMODB_ENGINES, indirect=True)
def test_damaged_passkeys_are_trouble_and_not_none(engine: PasskeyEngine, damage: dict[str, object]) -> None:
    """An account with a passkey must not look like one without."""
    assert engine.client is not None
    engine.client.update_item(
        TableName=engine.identities_table,
        Key={"pk": {"S": f"login#{ADA.username}"}},
        UpdateExpression="SET passkeys = :damage",
        ExpressionAttributeValues={":damage": damage},
    )
    with pytest.raises(TemporarilyUnavailable, match="damaged item"):
        engine.identities.find(ADA.username)


@pytest.mark.parametrize("engine", DYNAMODB_ENGINES, indirect=True)
def test_a_spent_challenge_is_kept_until_no_clock_accepts_it(engine: PasskeyEngine) -> None:
    """DynamoDB deletes the marker some time after `delete_at`, and never before."""
    assert engine.client is not None
    engine.opening.open(a_session(), with_passkeys(engine, PHONE), use())
    [item] = engine.client.scan(TableName=engine.throttle_table)["Items"]
    assert item.keys() == {"bucket", "delete_at"}
    assert item["delete_at"] == {"N": str(NOW_SECONDS + 300 + 3600)}
    assert "challenge" not in item["bucket"]["S"]


@pytest.mark.parametrize("engine", ATOMIC_ENGINES, indirect=True)
def test_64_replays_at_once_open_one_session(engine: PasskeyEngine) -> None:
    """SB5: each of them has read the same user, and its assertion is right."""
    seen = with_passkeys(engine, PHONE)
    outcomes: Counter[str] = Counter()
    barrier = threading.Barrier(64)

    def replay(number: int) -> None:
        barrier.wait()
        try:
            engine.opening.open(a_session(number), seen, use(count=PHONE.sign_count))
            outcome = "opened"
        except (ChallengeSpent, EpochMoved, TemporarilyUnavailable) as error:
            outcome = type(error).__name__
        outcomes[outcome] += 1

    threads = [threading.Thread(target=replay, args=(number,)) for number in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes["opened"] == 1, outcomes
    assert outcomes["EpochMoved"] == 0
    assert [engine.sessions.find(ADA_ID, session_id(number)) is None for number in range(64)].count(False) == 1
