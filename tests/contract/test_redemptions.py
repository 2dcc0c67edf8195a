"""Uses of proofs: the proof is spent and the user changed, both or neither, and once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from edge_auth.accounts.factors import Factors
from edge_auth.accounts.identity import ACTIVE, DISABLED, UNCONFIRMED, Identity
from edge_auth.accounts.passkey import RegisteredPasskey
from edge_auth.errors import UnknownUser
from edge_auth.flows.ports.challenges import ChallengeGone, ProofSpent, RemovedFactors
from edge_auth.tokens.proof_token import Kind, Proof
from tests.support.dynamodb.engines import ATOMIC_ENGINES, Engine
from tests.support.dynamodb.proofs import a_challenge, a_proof
from tests.support.dynamodb.records import ADA, ADA_ID, BOB, BOB_ID, NOW_SECONDS

HASH = "$argon2id$reset"
NEW = "new@mail.example"
UNDO_SECONDS = 72 * 3600

ACTS: dict[Kind, Callable[[Engine, Proof, Identity, int], None]] = {
    Kind.RESET: lambda engine, proof, user, now: engine.redemptions.set_password(proof, user, HASH, now_seconds=now),
    Kind.CONFIRM: lambda engine, proof, user, now: engine.redemptions.confirm(proof, user, NEW, None, now_seconds=now),
    Kind.UNDO: lambda engine, proof, user, now: engine.redemptions.undo(proof, user, NEW, now_seconds=now),
}
CHANGED: dict[Kind, Identity] = {
    Kind.RESET: replace(ADA, password_hash=HASH, epoch=ADA.epoch + 1),
    Kind.CONFIRM: replace(ADA, email=NEW, email_verified_at_seconds=NOW_SECONDS),
    Kind.UNDO: replace(ADA, email=NEW, email_verified_at_seconds=NOW_SECONDS, password_hash="", epoch=ADA.epoch + 1),
}
KINDS = pytest.mark.parametrize("kind", list(ACTS))


def asked(engine: Engine, kind: Kind, user: Identity = ADA) -> Proof:
    """Create a user, and store a challenge of this kind. Return its proof."""
    engine.identities.create(user)
    engine.challenges.put(a_challenge(a_proof(kind)))
    return a_proof(kind)


def refused(engine: Engine, kind: Kind, proof: Proof, user: Identity = ADA, now_seconds: int = NOW_SECONDS) -> None:
    """Check that the act is refused, and that user and challenge stay as they are."""
    before = _state(engine, kind)
    with pytest.raises(ProofSpent):
        ACTS[kind](engine, proof, user, now_seconds)
    assert _state(engine, kind) == before


def _state(engine: Engine, kind: Kind) -> list[object]:
    found: list[object] = []
    for read in (lambda: engine.identities.find(ADA.username), lambda: engine.challenges.find(kind, ADA_ID)):
        try:
            found.append(read())
        except (UnknownUser, ChallengeGone) as error:
            found.append(type(error))
    return found


@KINDS
def test_a_proof_changes_its_user_and_is_spent(engine: Engine, kind: Kind) -> None:
    """SB4: what is personal goes from the challenge, and so does the mark for the mailer."""
    proof = asked(engine, kind)
    engine.identities.create(BOB)

    ACTS[kind](engine, proof, ADA, NOW_SECONDS)

    assert engine.identities.find(ADA.username) == CHANGED[kind]
    assert engine.identities.find(BOB.username) == BOB
    spent = engine.challenges.find(kind, ADA_ID)
    assert spent == a_challenge(proof, username="", email="", language="", is_delivered=False)._replace(
        spent_at_seconds=NOW_SECONDS
    )


@KINDS
def test_a_spent_proof_changes_nothing(engine: Engine, kind: Kind) -> None:
    """SB4: also where the user was read again after the first use."""
    proof = asked(engine, kind)
    ACTS[kind](engine, proof, ADA, NOW_SECONDS)

    refused(engine, kind, proof, engine.identities.find(ADA.username))


@KINDS
def test_a_proof_that_was_overtaken_by_a_newer_one_changes_nothing(engine: Engine, kind: Kind) -> None:
    """SB8: the newer one still works."""
    proof = asked(engine, kind)
    newer = a_proof(kind, number=2, seconds=1801)
    engine.challenges.put(a_challenge(newer))

    refused(engine, kind, proof)
    ACTS[kind](engine, newer, ADA, NOW_SECONDS)
    assert engine.identities.find(ADA.username) == CHANGED[kind]


@KINDS
def test_an_expired_proof_changes_nothing(engine: Engine, kind: Kind) -> None:
    """The last second is good, and the time itself is not. TTL deletes late, so the write checks it."""
    proof = asked(engine, kind)

    refused(engine, kind, proof, now_seconds=proof.expires_at_seconds)
    ACTS[kind](engine, proof, ADA, proof.expires_at_seconds - 1)


@KINDS
def test_a_proof_without_a_challenge_changes_nothing(engine: Engine, kind: Kind) -> None:
    """A damaged table, and a forgotten user, give no right."""
    engine.identities.create(ADA)

    refused(engine, kind, a_proof(kind))


@KINDS
@pytest.mark.parametrize("change", ["epoch", "status", "user"])
def test_a_user_who_has_changed_since_it_was_read_stays_so(engine: Engine, kind: Kind, change: str) -> None:
    """SC5: a new password, a disabling and another user of the name come first; the proof is not spent."""
    proof = asked(engine, kind)
    changes: dict[str, Callable[[], object]] = {
        "epoch": lambda: engine.identities.change_password(ADA, "$argon2id$first"),
        "status": lambda: engine.identities.change_status(ADA, DISABLED),
        "user": lambda: _handed_on(engine),
    }
    changes[change]()

    refused(engine, kind, proof)


@pytest.mark.parametrize("kind", [Kind.RESET, Kind.CONFIRM])
@pytest.mark.parametrize("status", [ACTIVE, UNCONFIRMED])
@pytest.mark.parametrize("email", ["ada@mail.example", ""])
def test_an_address_that_an_operator_has_set_since_the_user_was_read_stays(
    engine: Engine, kind: Kind, status: str, email: str
) -> None:
    """SC5: both proofs are bound to the address that was read. Whoever had that one sets no password any more."""
    user = replace(ADA, status=status, email=email)
    proof = asked(engine, kind, user)
    engine.identities.change_email(user, "operators@mail.example", verified_at_seconds=NOW_SECONDS)

    refused(engine, kind, proof, user)


def _handed_on(engine: Engine) -> None:
    engine.identities.delete(ADA)
    engine.identities.create(replace(ADA, user_id=BOB_ID))


@KINDS
def test_an_unknown_user_is_not_created(engine: Engine, kind: Kind) -> None:
    """DC-13: no write creates an item that it does not find."""
    engine.challenges.put(a_challenge(a_proof(kind)))

    refused(engine, kind, a_proof(kind))


@KINDS
@pytest.mark.parametrize("engine", ATOMIC_ENGINES, indirect=True)
def test_of_64_at_once_one_wins(engine: Engine, kind: Kind) -> None:
    """SB4: the epoch has moved at most once, so one password was set."""
    proof = asked(engine, kind)

    def has_won(_: int) -> bool:
        try:
            ACTS[kind](engine, proof, ADA, NOW_SECONDS)
        except ProofSpent:
            return False
        return True

    with ThreadPoolExecutor(64) as pool:
        won = list(pool.map(has_won, range(64)))

    assert won.count(True) == 1
    assert engine.identities.find(ADA.username) == CHANGED[kind]


def test_a_confirmation_activates_a_user_who_waits_for_it(engine: Engine) -> None:
    """SC1: the epoch stays, and the user can log in from now on."""
    waiting = replace(ADA, status=UNCONFIRMED, email=NEW)
    proof = asked(engine, Kind.CONFIRM, waiting)

    engine.redemptions.confirm(proof, waiting, NEW, None, now_seconds=NOW_SECONDS)

    confirmed = replace(waiting, status=ACTIVE, email_verified_at_seconds=NOW_SECONDS)
    assert engine.identities.find(ADA.username) == confirmed


@pytest.mark.parametrize("kind", [Kind.CONFIRM, Kind.RESET])
def test_a_user_who_has_confirmed_the_address_waits_no_more(engine: Engine, kind: Kind) -> None:
    """SC1: a user who is disabled and enabled after that is active."""
    waiting = replace(ADA, status=UNCONFIRMED, email=NEW)
    ACTS[kind](engine, asked(engine, kind, waiting), waiting, NOW_SECONDS)

    engine.identities.change_status(waiting, DISABLED)

    assert engine.identities.change_status(waiting, ACTIVE).status == ACTIVE


def test_a_reset_confirms_the_address_of_a_user_who_waits_for_it(engine: Engine) -> None:
    """SC1: in the same write, so the first password opens no session."""
    waiting = replace(ADA, status=UNCONFIRMED, email=NEW)
    proof = asked(engine, Kind.RESET, waiting)

    engine.redemptions.set_password(proof, waiting, HASH, now_seconds=NOW_SECONDS)

    assert engine.identities.find(ADA.username) == replace(
        CHANGED[Kind.RESET], status=ACTIVE, email=NEW, email_verified_at_seconds=NOW_SECONDS
    )


def test_the_proof_that_undoes_a_change_is_stored_with_it(engine: Engine) -> None:
    """SC5: there is no moment at which the address has changed and the old one cannot undo it."""
    proof = asked(engine, Kind.CONFIRM)
    undo = a_challenge(a_proof(Kind.UNDO, number=7, seconds=UNDO_SECONDS), email="old@mail.example")

    engine.redemptions.confirm(proof, ADA, NEW, undo, now_seconds=NOW_SECONDS)

    assert engine.challenges.find(Kind.UNDO, ADA_ID) == undo
    expected = replace(CHANGED[Kind.CONFIRM], password_hash_at_change=ADA.password_hash)
    assert engine.identities.find(ADA.username) == expected


def test_a_proof_that_undoes_an_earlier_change_is_never_overwritten(engine: Engine) -> None:
    """SC5: a thief who changes the address twice does not take the first owner's way back."""
    proof = asked(engine, Kind.CONFIRM)
    first = a_challenge(a_proof(Kind.UNDO, seconds=UNDO_SECONDS), email="owner@mail.example")
    engine.challenges.put(first)
    second = a_challenge(a_proof(Kind.UNDO, number=7, seconds=UNDO_SECONDS + 60), email="thief@mail.example")

    with pytest.raises(ProofSpent):
        engine.redemptions.confirm(proof, ADA, NEW, second, now_seconds=NOW_SECONDS)

    assert engine.challenges.find(Kind.UNDO, ADA_ID) == first
    assert engine.identities.find(ADA.username) == ADA


@pytest.mark.parametrize("end", ["spent", "expired"])
def test_a_proof_that_undoes_nothing_any_more_gives_its_place(engine: Engine, end: str) -> None:
    """SC5: the next change of the address can be undone again."""
    proof = asked(engine, Kind.CONFIRM)
    now, user = NOW_SECONDS, ADA
    first = a_challenge(a_proof(Kind.UNDO, seconds=60))
    engine.challenges.put(first)
    if end == "spent":
        engine.redemptions.undo(first.proof, ADA, "old@mail.example", now_seconds=now)
        user = engine.identities.find(ADA.username)
    else:
        now += 60
    second = a_challenge(a_proof(Kind.UNDO, number=7, seconds=UNDO_SECONDS))

    engine.redemptions.confirm(proof, user, NEW, second, now_seconds=now)

    assert engine.challenges.find(Kind.UNDO, ADA_ID) == second
    assert engine.identities.find(ADA.username).email == NEW


APP = Factors(b"sealed", totp_step=3, recovery=frozenset({"code"}), enrolled_at_seconds=NOW_SECONDS)
PHONE, KEY = (
    RegisteredPasskey(name.encode(), b"key", 0, False, False, name, NOW_SECONDS)  # noqa: FBT003 - its fields in order
    for name in ("phone", "usb key")
)
STRONG = replace(ADA, factors=APP, factors_version=4, passkeys=(PHONE, KEY))


def undone(engine: Engine, removed: RemovedFactors, user: Identity = STRONG) -> None:
    """Undo a change, and remove factors with it."""
    engine.redemptions.undo(a_proof(Kind.UNDO), user, NEW, now_seconds=NOW_SECONDS, removed=removed)


@pytest.mark.parametrize(
    ("removed", "left"),
    [
        (RemovedFactors(has_app=True, passkeys=()), {"factors": None}),
        (RemovedFactors(has_app=False, passkeys=(KEY.credential_id,)), {"passkeys": (PHONE,)}),
        (RemovedFactors(True, (PHONE.credential_id, KEY.credential_id)), {"factors": None, "passkeys": ()}),  # noqa: FBT003
    ],
    ids=["app", "passkey", "all"],
)
def test_factors_are_removed_with_the_undoing(engine: Engine, removed: RemovedFactors, left: dict[str, object]) -> None:
    """SC5: in the same write, and those that are not named stay."""
    asked(engine, Kind.UNDO, replace(STRONG, password_hash_at_change="$argon2id$before"))

    undone(engine, removed)

    assert engine.identities.find(ADA.username) == replace(
        STRONG,
        **left,  # type: ignore[arg-type]  # fields of Identity
        email=NEW,
        email_verified_at_seconds=NOW_SECONDS,
        password_hash="",
        epoch=ADA.epoch + 1,
        factors_version=5,
    )


def test_factors_that_have_changed_stop_the_undoing(engine: Engine) -> None:
    """SB8: a factor that was added at the same moment must not stay beside those that were removed."""
    asked(engine, Kind.UNDO, STRONG)
    engine.factors.replace_codes(STRONG, frozenset({"another"}))
    before = _state(engine, Kind.UNDO)
    removed = RemovedFactors(has_app=True, passkeys=())
    with pytest.raises(ProofSpent):
        undone(engine, removed)
    assert _state(engine, Kind.UNDO) == before
    undone(engine, removed, engine.identities.find(ADA.username))
    assert engine.identities.find(ADA.username).factors is None
