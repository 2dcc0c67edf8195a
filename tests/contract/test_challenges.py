"""Challenges: the newest one of a kind and a user stands, and five guesses at its code are counted."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from edge_auth.accounts.challenge import MAX_GUESSES
from edge_auth.flows.ports.challenges import ChallengeGone, NewerChallenge
from edge_auth.tokens.proof_token import BINDING_BYTES, Kind, Proof
from tests.support.dynamodb.engines import ATOMIC_ENGINES, Engine, Tables
from tests.support.dynamodb.proofs import a_challenge, a_proof
from tests.support.dynamodb.records import ADA, ADA_ID, BOB_ID, NOW_SECONDS


def test_a_stored_challenge_is_found_with_every_field(engine: Engine) -> None:
    """Each kind and each user has a challenge of its own."""
    challenges = [
        a_challenge(),
        a_challenge(a_proof(Kind.CONFIRM), email="new@mail.example", language="de"),
        a_challenge(a_proof(user_id=BOB_ID), email="", is_delivered=False),
    ]
    for challenge in challenges:
        engine.challenges.put(challenge)

    found = [engine.challenges.find(challenge.proof.kind, challenge.proof.user_id) for challenge in challenges]
    assert found == challenges


def test_there_is_no_challenge_that_was_not_stored(engine: Engine) -> None:
    """Another kind and another user have none."""
    engine.challenges.put(a_challenge())

    for kind, user_id in ((Kind.CONFIRM, ADA_ID), (Kind.RESET, BOB_ID)):
        with pytest.raises(ChallengeGone):
            engine.challenges.find(kind, user_id)
        with pytest.raises(ChallengeGone):
            engine.challenges.guess(kind, user_id, now_seconds=NOW_SECONDS)


def test_a_newer_challenge_takes_the_place_of_the_older_one(engine: Engine) -> None:
    """SB8: the older proof is dead, and the guesses at the new code begin anew."""
    engine.challenges.put(a_challenge())
    for _ in range(MAX_GUESSES):
        engine.challenges.guess(Kind.RESET, ADA_ID, now_seconds=NOW_SECONDS)
    newer = a_challenge(a_proof(number=2, seconds=1801))

    engine.challenges.put(newer)

    assert engine.challenges.find(Kind.RESET, ADA_ID) == newer
    assert engine.challenges.guess(Kind.RESET, ADA_ID, now_seconds=NOW_SECONDS).proof == newer.proof


@pytest.mark.parametrize("seconds", [1800, 1799])
def test_an_older_challenge_never_takes_the_place_of_a_newer_one(engine: Engine, seconds: int) -> None:
    """SB8: a late write, and one of the same second, change nothing."""
    engine.challenges.put(a_challenge())

    with pytest.raises(NewerChallenge):
        engine.challenges.put(a_challenge(a_proof(number=2, seconds=seconds)))

    assert engine.challenges.find(Kind.RESET, ADA_ID) == a_challenge()


YIELDS_AFTER = 3600


def kept(engine: Engine) -> Proof:
    """Store a challenge of an operator, and return its proof."""
    proof = a_proof()
    engine.challenges.put(a_challenge(proof, is_delivered=False, yields_at_seconds=NOW_SECONDS + YIELDS_AFTER))
    return proof


@pytest.mark.parametrize("seconds", [1801, YIELDS_AFTER - 1])
def test_the_challenge_of_an_operator_stands_until_its_time(engine: Engine, seconds: int) -> None:
    """SB8: newer ones of strangers change nothing, and the first that ends late enough takes its place."""
    proof = kept(engine)

    with pytest.raises(NewerChallenge):
        engine.challenges.put(a_challenge(a_proof(number=2, seconds=seconds)))
    assert engine.challenges.find(Kind.RESET, ADA_ID).proof == proof

    later = a_challenge(a_proof(number=3, seconds=YIELDS_AFTER))
    engine.challenges.put(later)
    assert engine.challenges.find(Kind.RESET, ADA_ID) == later


def test_the_challenge_of_an_operator_yields_to_another_operator(engine: Engine) -> None:
    """SB8: the newest link of operators works."""
    kept(engine)
    another = a_challenge(a_proof(number=2, seconds=1801), yields_at_seconds=NOW_SECONDS + YIELDS_AFTER + 1)
    engine.challenges.put(another)
    assert engine.challenges.find(Kind.RESET, ADA_ID) == another


def test_the_challenge_of_an_operator_yields_when_it_is_worth_nothing(engine: Engine) -> None:
    """SC5: its user has changed, so the binding is another one."""
    kept(engine)
    proof = a_proof(number=2, seconds=1801)._replace(binding=b"c" * BINDING_BYTES)
    engine.challenges.put(a_challenge(proof))
    assert engine.challenges.find(Kind.RESET, ADA_ID) == a_challenge(proof)


def test_the_challenge_of_an_operator_yields_when_it_was_used(engine: Engine) -> None:
    """SB4: a user who has forgotten the password once more gets a mail at once."""
    engine.identities.create(ADA)
    engine.redemptions.set_password(kept(engine), ADA, "$argon2id$reset", now_seconds=NOW_SECONDS)
    newer = a_challenge(a_proof(number=2, seconds=1801))
    engine.challenges.put(newer)
    assert engine.challenges.find(Kind.RESET, ADA_ID) == newer


def test_a_repeated_write_recognises_itself_and_gives_no_guess_back(engine: Engine) -> None:
    """SB9, SB6: after a lost response the SDK writes again, and guesses that came in between stay counted."""
    engine.challenges.put(a_challenge())
    for _ in range(MAX_GUESSES - 1):
        engine.challenges.guess(Kind.RESET, ADA_ID, now_seconds=NOW_SECONDS)

    engine.challenges.put(a_challenge())

    engine.challenges.guess(Kind.RESET, ADA_ID, now_seconds=NOW_SECONDS)
    with pytest.raises(ChallengeGone):
        engine.challenges.guess(Kind.RESET, ADA_ID, now_seconds=NOW_SECONDS)


def test_five_guesses_are_counted_and_no_more(engine: Engine) -> None:
    """SB6: the guess is counted before the code is compared."""
    engine.challenges.put(a_challenge())

    for _ in range(MAX_GUESSES):
        assert engine.challenges.guess(Kind.RESET, ADA_ID, now_seconds=NOW_SECONDS).proof == a_proof()
    with pytest.raises(ChallengeGone):
        engine.challenges.guess(Kind.RESET, ADA_ID, now_seconds=NOW_SECONDS)


@pytest.mark.parametrize("engine", ATOMIC_ENGINES, indirect=True)
def test_of_200_guesses_at_once_exactly_five_are_counted(engine: Engine) -> None:
    """SB6: parallel calls do not slip past the limit."""
    engine.challenges.put(a_challenge())

    def is_counted(_: int) -> bool:
        try:
            engine.challenges.guess(Kind.RESET, ADA_ID, now_seconds=NOW_SECONDS)
        except ChallengeGone:
            return False
        return True

    with ThreadPoolExecutor(32) as pool:
        counted = list(pool.map(is_counted, range(200)))

    assert counted.count(True) == MAX_GUESSES


def test_no_guess_is_left_at_the_end_of_a_challenge(engine: Engine) -> None:
    """The last second is good, and the time itself is not."""
    engine.challenges.put(a_challenge())
    ends_at = a_proof().expires_at_seconds

    assert engine.challenges.guess(Kind.RESET, ADA_ID, now_seconds=ends_at - 1).proof == a_proof()
    with pytest.raises(ChallengeGone):
        engine.challenges.guess(Kind.RESET, ADA_ID, now_seconds=ends_at)


def test_a_guess_takes_the_mark_for_the_mailer_away(engine: Engine) -> None:
    """The write of a guess is in the stream, too. It must not send the mail again."""
    engine.challenges.put(a_challenge())

    engine.challenges.guess(Kind.RESET, ADA_ID, now_seconds=NOW_SECONDS)

    assert engine.challenges.find(Kind.RESET, ADA_ID) == a_challenge()._replace(is_delivered=False)


def test_forgotten_challenges_are_gone(engine: Engine) -> None:
    """F18: nothing about a deleted user stays, and other users keep theirs. The call may be repeated."""
    for kind in (Kind.RESET, Kind.CONFIRM, Kind.UNDO):
        engine.challenges.put(a_challenge(a_proof(kind)))
    engine.challenges.put(a_challenge(a_proof(user_id=BOB_ID)))

    engine.challenges.forget(ADA_ID)
    engine.challenges.forget(ADA_ID)

    for kind in (Kind.RESET, Kind.CONFIRM, Kind.UNDO):
        with pytest.raises(ChallengeGone):
            engine.challenges.find(kind, ADA_ID)
    assert engine.challenges.find(Kind.RESET, BOB_ID).proof.user_id == BOB_ID


def test_an_ended_undoing_is_gone_and_nothing_else_is(engine: Engine) -> None:
    """An operator ends one link. The call may be repeated, and for a user without such a link."""
    for kind in (Kind.RESET, Kind.CONFIRM, Kind.UNDO):
        engine.challenges.put(a_challenge(a_proof(kind)))
    engine.challenges.put(a_challenge(a_proof(Kind.UNDO, user_id=BOB_ID)))

    engine.challenges.end_undo(ADA_ID)
    engine.challenges.end_undo(ADA_ID)

    with pytest.raises(ChallengeGone):
        engine.challenges.find(Kind.UNDO, ADA_ID)
    for kind, user_id in ((Kind.RESET, ADA_ID), (Kind.CONFIRM, ADA_ID), (Kind.UNDO, BOB_ID)):
        assert engine.challenges.find(kind, user_id).proof.user_id == user_id


def test_an_item_has_nothing_that_makes_a_proof(tables: Tables) -> None:
    """A dump of the table and its stream mints nothing: there is no code, no hash of a code, and no secret in it."""
    tables.engine().challenges.put(a_challenge())

    [item] = tables.challenge_items()

    assert set(item) == {
        "pk",
        "proof_id",
        "user_id",
        "username",
        "email",
        "language",
        "mac_key_id",
        "binding",
        "expires_at",
        "delete_at",
        "tries",
        "deliver",
    }
    assert item["pk"] == {"S": f"reset#{ADA_ID}"}
    assert item["delete_at"] == item["expires_at"] == {"N": str(a_proof().expires_at_seconds)}


def test_a_challenge_that_brings_no_mail_has_no_mark(tables: Tables) -> None:
    """SM3: the filter of the mailer looks for the mark, so the item of an unknown user sends nothing."""
    tables.engine().challenges.put(a_challenge(is_delivered=False))

    [item] = tables.challenge_items()

    assert "deliver" not in item
