"""The stages of edge-auth's verifier, and the time that it spends on a refused token."""

import json
import statistics
from functools import partial
from typing import Any

from benchmarks.frame.turns import Act, compared, in_turn
from benchmarks.tokens.examples import bad_tokens, example_claims
from benchmarks.tokens.libraries import OURS, REFERENCE, UNCONVERTED, Verify, raw_checks, verifiers
from edge_auth import base64url
from edge_auth.errors import InvalidToken
from edge_auth.keys import signing_key
from edge_auth.keys.jwk import ACCESS_TOKEN_TYPE, verification_key
from edge_auth.keys.signing_key import SigningKey
from edge_auth.tokens.access_token import issue
from edge_auth.tokens.verifier import MAX_TOKEN_CHARACTERS


def refusals(key: SigningKey, rounds: int) -> dict[str, Any]:
    """Return the cost of each kind of refusal, in microseconds and relative to the signature alone.

    Raises:
        RuntimeError: a token is not refused.

    """
    claims = example_claims()
    good = issue(claims, key)
    verify = verifiers(key, claims)[OURS]
    bad = bad_tokens(key, good)
    other = SigningKey(key.alg, signing_key.generate(key.alg))
    foreign_header = base64url.encode(json.dumps({"alg": "none", "typ": ACCESS_TOKEN_TYPE}).encode("ascii"))
    tokens = {
        "longer than any of ours": "A" * (MAX_TOKEN_CHARACTERS + 1),
        "not a token": "A" * len(good),
        "another header": f"{foreign_header}.{good.partition('.')[2]}",
        "our header, an unknown key": issue(claims, other),
        "forged signature": bad["forged"],
        "expired": bad["expired"],
    }
    acts: dict[str, Act] = {REFERENCE: raw_checks(key, good)[REFERENCE]}
    acts |= {what: partial(_refused, verify, token) for what, token in tokens.items()}
    return compared(in_turn(acts, rounds=rounds), REFERENCE)


def stages(key: SigningKey, rounds: int) -> dict[str, Any]:
    """Return the parts of verifying one token under an ES256 key, in microseconds and as a share of the whole.

    Parts that can be called alone are measured alone, in turn with the whole. The time of the other parts is the
    difference, round by round. The JSON part is the standard library's decoder without edge-auth's checks. So the last
    part contains these checks, and the time that the other parts lose to each other in the processor's caches.
    """
    claims = example_claims()
    token = issue(claims, key)
    signed, _, encoded = token.rpartition(".")
    payload = signed.partition(".")[2]
    check = verification_key(key.public_jwk()).check
    signature, message, text = base64url.decode(encoded), signed.encode("ascii"), base64url.decode(payload).decode()
    times = in_turn(
        {
            "whole": partial(verifiers(key, claims)[OURS], token),
            "OpenSSL": raw_checks(key, token)[UNCONVERTED],
            "signature": partial(check, signature, message),
            "base64url": lambda: (base64url.decode(encoded), base64url.decode(payload)),
            "JSON": partial(json.JSONDecoder().decode, text),
        },
        rounds=rounds,
    )
    parts = {
        "the signature, by cryptography": times["OpenSSL"],
        "its length and its conversion": _less(times["signature"], times["OpenSSL"]),
        "base64url, and that it is canonical": times["base64url"],
        "JSON, as the standard library reads it": times["JSON"],
        "all else: shape, header, duplicate names, claims": _less(
            times["whole"], times["signature"], times["base64url"], times["JSON"]
        ),
        "all": times["whole"],
    }
    whole = statistics.median(times["whole"])
    medians = {what: statistics.median(values) for what, values in parts.items()}
    return {what: {"median": round(part, 3), "share": round(part / whole, 3)} for what, part in medians.items()}


def _refused(verify: Verify, token: str) -> None:
    try:
        verify(token)
    except InvalidToken:
        return
    raise RuntimeError("a bad token is accepted")


def _less(values: list[float], *parts: list[float]) -> list[float]:
    return [value - sum(rest) for value, *rest in zip(values, *parts, strict=True)]
