"""Mutation fuzz: edited copies of good tokens, by a seeded generator."""

import random
import string
import time

from edge_auth.tokens import access
from tests.security.authorizer import DENY_POLICY, Handler, is_allowed, token_event
from tests.unit.access_tokens import ALGORITHMS, claims_at, key, other_spelling

MUTATIONS = 100_000
CHARACTERS = string.ascii_letters + string.digits + "-_." + "=+/ \t\n\x00é\u200b\uff21"


def mutate(rng: random.Random, tokens: list[str]) -> str:
    """Return one of the tokens with a small edit, or two of them spliced."""
    token, other = rng.choice(tokens), rng.choice(tokens)
    place, end = sorted((rng.randrange(len(token)), rng.randrange(len(token))))
    before, within, after = token[:place], token[place:end], token[end:]
    character = rng.choice(CHARACTERS)
    mixed = zip(token.split("."), other.split("."), strict=True)
    replaced = before + character + token[place + 1 :]
    edits = [
        before + token[place + 1 :],
        before + character + token[place:],
        before + after,
        before + within.swapcase() + after,
        before + within[::-1] + after,
        before + other[place:],
        ".".join(rng.choice(pair) for pair in mixed),
    ]
    return rng.choice([*edits, replaced, replaced, replaced])


def test_no_mutated_token_is_accepted(warm: Handler) -> None:
    """100,000 edits, not one accepted, not one exception, always the same Deny (Z1, Z2)."""
    rng = random.Random(9068)  # noqa: S311 - not a secret, a seed to repeat the test with
    now = int(time.time())
    tokens = [access.issue(claims_at(now - age), key(alg)) for alg in ALGORITHMS for age in range(4)]
    good = {*tokens, *(other_spelling(token) for token in tokens[:4])}
    assert all(is_allowed(warm(token_event(f"Bearer {token}"), None)) for token in good)
    accepted: list[str] = []
    denied = 0
    while denied < MUTATIONS and not accepted:
        token = mutate(rng, tokens)
        if token.lstrip(" ") in good:  # more than one space after the scheme is allowed
            continue
        if warm(token_event(f"Bearer {token}"), None) == DENY_POLICY:
            denied += 1
        else:
            accepted.append(token)
    assert accepted == []
