"""Racers that use what is good for one use: a code of an app, a recovery code, the proof of a mail, an assertion.

Each process has several callers, and all of them have read the same user before the start.
"""

import random
import secrets
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from edge_auth import base64url
from edge_auth.accounts.factors import Factors
from edge_auth.accounts.identity import Identity
from edge_auth.accounts.passkey import RegisteredPasskey
from edge_auth.adapters.dynamodb.passkeys import DynamoDBPasskeyOpening
from edge_auth.clock import now_ms
from edge_auth.errors import TemporarilyUnavailable
from edge_auth.flows.ports.challenges import ProofSpent
from edge_auth.flows.ports.factors import FactorUse
from edge_auth.flows.ports.identities import EpochMoved
from edge_auth.flows.ports.passkeys import ChallengeSpent, PasskeyUse
from edge_auth.sessions.session import Session
from edge_auth.tokens.passkey_challenge import Challenge
from tests.support.dynamodb.lost_answers import losing
from tests.support.dynamodb.racers import (
    CALLERS_OF_A_PROCESS,
    DAY_SECONDS,
    JITTER_SECONDS,
    Place,
    Racer,
    a_reset_proof,
    a_session,
    an_identity,
    username,
)

STEP_BEFORE, STEP = 100, 101
RECOVERY_CODES = frozenset({"code-a", "code-b"})
# Its counter stays zero, as that of a passkey on several devices, so only its challenge is good for one use.
PASSKEY = RegisteredPasskey(b"id", b"key", 0, is_backup_eligible=True, is_backed_up=True, name="", created_at_seconds=1)


def a_user_with_everything(number: int) -> Identity:
    """Return the user of a round, with an app, recovery codes and a passkey."""
    factors = Factors(totp=b"sealed", totp_step=STEP_BEFORE, recovery=RECOVERY_CODES)
    identity = an_identity(number, password_hash="unused")
    return replace(identity, factors=factors, passkeys=(PASSKEY,), factors_version=1)


class OneTimeRacer(Racer):
    """Callers that use one thing together. Each is told that it has won or that it is refused."""

    def __init__(self, place: Place) -> None:
        """Make the port for passkeys too."""
        super().__init__(place)
        self.passkey_opening = DynamoDBPasskeyOpening(
            self.client,
            identities_table=place.identities,
            sessions_table=place.sessions,
            throttle_table=place.throttle,
        )

    def app_code(self, number: int) -> Counter[str]:
        """Log in with a code of the app."""
        return self._log_in(number, FactorUse(1, totp_step=STEP))

    def recovery_code(self, number: int) -> Counter[str]:
        """Log in with a recovery code."""
        return self._log_in(number, FactorUse(1, recovery_code="code-a"))

    def assertion(self, number: int) -> Counter[str]:
        """Log in with the same answer of a passkey."""
        user = a_user_with_everything(number)
        challenge = Challenge(base64url.encode(number.to_bytes(16)), now_ms() // 1000 + DAY_SECONDS)
        use = PasskeyUse(PASSKEY, PASSKEY, challenge)
        return self._together(lambda: self.passkey_opening.open(a_new_session(number), user, use))

    def reset_proof(self, number: int) -> Counter[str]:
        """Set a password with the proof of a mail."""
        user, proof = a_user_with_everything(number), a_reset_proof(number)
        set_password = self.redemptions.set_password
        return self._together(lambda: set_password(proof, user, "$argon2id$new", now_seconds=now_ms() // 1000))

    def _log_in(self, number: int, use: FactorUse) -> Counter[str]:
        name, opening = username(number), self.opening
        return self._together(lambda: opening.open(a_new_session(number), username=name, epoch=0, factor=use))

    def _together(self, act: Callable[[], None]) -> Counter[str]:
        self.place.wait()
        return Counter(self.threads.map(lambda _: outcome(act), range(CALLERS_OF_A_PROCESS)))


class LosingRacer(OneTimeRacer):
    """The same callers, which lose one answer in twenty. So the winner may be told that it is refused."""

    def __init__(self, place: Place) -> None:
        """Let the client of all ports lose answers."""
        super().__init__(place)
        losing(self.client)


def a_new_session(number: int) -> Session:
    """Return another session of the user of a round."""
    return a_session(number, session_id=base64url.encode(secrets.token_bytes(16)))


def outcome(act: Callable[[], None]) -> str:
    """Act until the store has decided, and return what it says. Raises AssertionError: it has not after fifty tries."""
    time.sleep(random.random() * JITTER_SECONDS)  # noqa: S311 - no secret
    for _ in range(50):
        try:
            act()
        except (EpochMoved, ChallengeSpent, ProofSpent):
            return "refused"
        except TemporarilyUnavailable:  # a conflict of transactions: none of them was carried out
            continue
        return "won"
    raise AssertionError("a conflict fifty times")
