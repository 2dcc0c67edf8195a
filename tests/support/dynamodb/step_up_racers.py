"""Racers that step a session up while others refresh it, end it, or step it up too. Each user has an app."""

import secrets
import time
from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import Any

from edge_auth.accounts.identity import Identity
from edge_auth.adapters.dynamodb.factors import DynamoDBFactors
from edge_auth.adapters.dynamodb.session_replacement import DynamoDBSessionReplacement
from edge_auth.clock import now_ms
from edge_auth.credentials.profiles import OUR_PROFILES
from edge_auth.errors import TemporarilyUnavailable
from edge_auth.flows.factors.factor_check import FactorCheck
from edge_auth.flows.grant import TokenGrant
from edge_auth.flows.limits.password_attempts import PasswordAttemptLimit
from edge_auth.flows.ports.factors import Presented
from edge_auth.flows.sign_in.step_up import Holder, StepUp, StepUpStores
from edge_auth.flows.sign_in.step_up_proofs import ProofCheck, Proofs
from edge_auth.keys.jwk import verification_key
from edge_auth.keys.sealing_key import sealing_keys_from
from edge_auth.sessions.client_description import UNKNOWN_CLIENT
from edge_auth.sessions.session import BODY
from edge_auth.tokens.claims import AccessClaims
from edge_auth.tokens.refresh_token import mint
from edge_auth.tokens.verifier import Verifier
from tests.support.access_tokens import AUDIENCE, ISSUER
from tests.support.deployment import MAC_KEY, POLICY, SEALING_KEY
from tests.support.dynamodb.racers import Place, Racer, an_identity, first_token
from tests.support.fakes.attempts import MemoryAttempts
from tests.support.fakes.factors import FixedSealingKeys
from tests.support.second_factor import CODES, shown_by_app, with_app

SEALING_KEYS = sealing_keys_from(SEALING_KEY)


def a_user_with_app(number: int) -> Identity:
    """Return the user of a round, with an app and recovery codes."""
    return with_app(an_identity(number, password_hash="unused"), SEALING_KEYS)


class StepUpRacer(Racer):
    """The use cases of one process. Every outcome of a refresh or a step-up names the level of the access token."""

    def __init__(self, place: Place) -> None:
        """Make the parts of a step-up too."""
        super().__init__(place)
        self.replacement = DynamoDBSessionReplacement(
            self.client,
            identities_table=self.place.identities,
            sessions_table=place.sessions,
            throttle_table=place.throttle,
        )
        keys = [verification_key(jwk) for jwk in self.key_ring.load().jwks()["keys"]]
        self.verifier = Verifier(keys, audience=AUDIENCE)

    def step_up(self, number: int) -> Counter[str]:
        """Step the first session up by a code of the app. Everything is read before the start."""
        code = Presented(otp=shown_by_app(now_ms() // 1000))
        return self._step_up(mint(first_token(number), MAC_KEY), number, code)

    def step_up_at_last(self, number: int) -> Counter[str]:
        """Step the first session up, as a client does: if another was first, it refreshes and tries again."""
        first, wait = mint(first_token(number), MAC_KEY), cache(self.place.wait)  # so it waits once
        token = first
        for _ in range(20):
            try:
                return self._step_up(token, number, Presented(otp=shown_by_app(now_ms() // 1000)), wait)
            except TemporarilyUnavailable:
                token = self.refresh_flow()(first, POLICY).refresh_token
        raise AssertionError("the step-up was unavailable 20 times")

    def step_up_on_paper(self, number: int) -> Counter[str]:
        """Step the first session up by a recovery code."""
        return self._step_up(mint(first_token(number), MAC_KEY), number, Presented(recovery_code=CODES[0]))

    def step_up_in_grace(self, number: int) -> Counter[str]:
        """Refresh before the start, and then step up, while the first token is still good for the grace window."""
        newest = self.refresh_flow()(mint(first_token(number), MAC_KEY), POLICY).refresh_token
        return self._step_up(newest, number, Presented(recovery_code=CODES[1]))

    def refresh_level(self, number: int) -> Counter[str]:
        """Refresh with the first token."""
        refresh = self.refresh_flow()
        self.place.wait()
        granted = refresh(mint(first_token(number), MAC_KEY), POLICY)
        assert granted.session_id == first_token(number).session_id
        return Counter([self.claims_of(granted).acr])

    def claims_of(self, granted: TokenGrant) -> AccessClaims:
        """Read the access token as the authorizer does."""
        return self.verifier.verify(granted.access_token, issuer=ISSUER, now_seconds=now_ms() // 1000)

    def _step_up(
        self, token: str, number: int, presented: Presented, wait: Callable[[], None] | None = None
    ) -> Counter[str]:
        at_the_start, replacement = wait or self.place.wait, self.replacement

        class AtTheStart:
            def replace(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - passed through
                at_the_start()
                replacement.replace(*args, **kwargs)

        parts: dict[str, Any] = {"clock": now_ms, "entropy": secrets.token_bytes, "record": self.events.append}
        step_up = StepUp(
            StepUpStores(self.identities, self.sessions, AtTheStart(), None),
            check=ProofCheck(
                limit=PasswordAttemptLimit(attempts=MemoryAttempts(), pause=time.sleep, **parts),
                profiles=OUR_PROFILES,
                codes=FactorCheck(
                    store=DynamoDBFactors(self.client, table=self.place.identities),
                    sealing_keys=FixedSealingKeys(SEALING_KEYS),
                    **parts,
                ),
                record=self.events.append,
            ),
            key_ring=self.key_ring,
            **parts,
        )
        first = first_token(number)
        holder = Holder(first.user_id, first.session_id, token, BODY, UNKNOWN_CLIENT)
        granted = step_up(holder, Proofs(codes=presented)).tokens(POLICY, secrets.token_bytes)
        assert granted.session_id != first.session_id
        return Counter([self.claims_of(granted).acr])
