"""Mutation fuzzing: a seeded generator edits copies of good tokens. EDGE_AUTH_EDITS=100000 makes more of them."""

import os
import random
import time
from itertools import pairwise
from types import SimpleNamespace

import pytest

from edge_auth.keys.timing import UNKNOWN_KEY_FETCH_SECONDS
from edge_auth.tokens import access_token as access
from tests.support.access_tokens import ALGORITHMS, claims_at, key, other_spelling
from tests.support.authorizer import DENY_POLICY, Issuer, is_allowed, key_set, load_module, token_event
from tests.support.token_edits import edited

MUTATIONS = int(os.environ.get("EDGE_AUTH_EDITS", "40000"))
SECONDS = 780  # the tokens live longer than this


def test_no_mutated_token_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of 40,000 edits in 13 simulated minutes get the same Deny, without an exception (Z1, Z2).

    Some edits have our form and an unknown key, and the authorizer asks the issuer once a minute at most (Z13).
    """
    rng = random.Random(9068)  # noqa: S311 - not a secret, a seed to repeat the test with
    now = int(time.time())
    seconds = [now]
    times: list[int] = []
    issuer = Issuer(key_set())

    def download(address: str) -> str:
        times.append(seconds[0])
        return issuer.download(address)

    module = load_module(monkeypatch, download=download)
    monkeypatch.setattr(module, "time", SimpleNamespace(time=lambda: seconds[0]))
    warm = module.handler
    tokens = [access.issue(claims_at(now - age), key(alg)) for alg in ALGORITHMS for age in range(4)]
    good = {*tokens, *(other_spelling(token) for token in tokens[:4])}
    assert all(is_allowed(warm(token_event(f"Bearer {token}"), None)) for token in good)
    accepted: list[str] = []
    denied = 0
    while denied < MUTATIONS and not accepted:
        token = edited(rng, tokens)
        if token.lstrip(" ") in good:  # more than one space after the scheme is allowed
            continue
        seconds[0] = now + denied * SECONDS // MUTATIONS
        if warm(token_event(f"Bearer {token}"), None) == DENY_POLICY:
            denied += 1
        else:
            accepted.append(token)
    assert accepted == []
    assert all(is_allowed(warm(token_event(f"Bearer {token}"), None)) for token in good)
    assert len(times) > 1
    assert all(later - earlier >= UNKNOWN_KEY_FETCH_SECONDS for earlier, later in pairwise(times))
