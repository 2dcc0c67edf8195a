"""SA2: in no order of steps, and with no mixture of proofs, is a password set without the proof of its user's reset.

EDGE_AUTH_STEPS=10000 takes that many steps.
"""

import os
import random
from collections.abc import Iterator
from dataclasses import replace

import pytest

from edge_auth.errors import AuthError, InvalidProof
from edge_auth.flows.accounts.shown_proof import Shown
from edge_auth.tokens.proof_token import Kind
from tests.support.deployment import PASSWORD, USERNAME
from tests.support.mail import MailDeployment

STEPS = int(os.environ.get("EDGE_AUTH_STEPS", "2000"))
NEW_PASSWORD = "staple battery horse"
OTHERS = {USERNAME: "bob", "bob": USERNAME}


def mails(mail: MailDeployment) -> Iterator[tuple[Kind, Shown]]:
    """Yield what the mails of all pending challenges show: each link and each code."""
    for (kind, user_id), challenge in mail.core.store.challenges.items():
        if challenge.username:  # not spent
            for shown in mail.mailed(Kind(kind), user_id):
                yield Kind(kind), shown


def wrong_for_a_reset(kind: Kind, shown: Shown) -> Shown:
    """Return what is no proof of a reset: of another kind, cut, or the code of another user."""
    if kind != Kind.RESET:
        return shown
    return shown._replace(username=OTHERS[shown.username]) if shown.code else shown._replace(proof=shown.proof[:-1])


def test_no_shuffled_or_omitted_step_sets_a_password() -> None:
    """Two users ask, change and confirm in any order, and try every mail they ever got where it does not belong."""
    mail, rng = MailDeployment(), random.Random(18963)  # noqa: S311 - not a secret, a seed to repeat the test with
    bob = replace(mail.alice, user_id="b0b0" * 5 + "bA", username="bob", email="bob@mail.example")
    mail.core.store.identities["bob"] = bob
    hashes = {name: user.password_hash for name, user in mail.core.store.identities.items()}
    own = {name: mail.core.token_of(mail.core.log_in(name)) for name in hashes}
    got: list[tuple[Kind, Shown]] = []
    confirmed = refused = 0
    for step in range(STEPS):
        mail.core.clock.advance(seconds=60)
        name, address = rng.choice((USERNAME, "bob")), f"10.{step >> 16}.{step >> 8 & 255}.{step & 255}"
        kind, shown = rng.choice(got) if got else (Kind.CONFIRM, Shown(proof="x"))
        try:
            match rng.randrange(6):
                case 0:
                    mail.ask_reset(name, address=address)
                case 1:
                    new = f"{name}-{step}@mail.example"
                    mail.change_address(own[name].user_id, own[name].session_id, new, PASSWORD, address=address)
                case 2:
                    mail.confirm_address(shown, address=address)
                    confirmed += 1
                case _:
                    with pytest.raises(InvalidProof):
                        mail.reset_password(wrong_for_a_reset(kind, shown), NEW_PASSWORD, address=address)
                    refused += 1
        except AuthError:
            continue
        finally:
            got = [*got[-40:], *(one for one in mails(mail) if one not in got[-40:])]
            assert {each.username: each.password_hash for each in mail.core.store.identities.values()} == hashes
    assert refused > STEPS / 3
    assert confirmed > STEPS / 200
    # The same world takes the right proof.
    mail.core.clock.advance(seconds=86_400)
    mail.ask_reset(USERNAME, address="203.0.113.7")
    mail.reset_password(mail.mailed(Kind.RESET)[0], NEW_PASSWORD, address="203.0.113.7")
    assert mail.alice.password_hash != hashes[USERNAME]
