"""Verifying and issuing one access token in this process: edge-auth, other libraries, and the signature alone.

It also measures refused tokens, the stages of verifying, and the growth with roles and keys.
"""

import json
import statistics
import warnings
from collections.abc import Mapping
from functools import partial
from typing import Any

from benchmarks.frame.results import Figures, markdown
from benchmarks.frame.samples import Act, compared, in_turn
from benchmarks.requests import feed
from benchmarks.tokens import libraries, node, sizes
from benchmarks.tokens.ended import full_copy
from benchmarks.tokens.libraries import OURS, REFERENCE, UNCONVERTED, Verify, bad_tokens, example_claims
from edge_auth import base64url
from edge_auth.errors import InvalidToken
from edge_auth.keys.jwk import ACCESS_TOKEN_TYPE, verification_key
from edge_auth.keys.signing_key import SigningKey
from edge_auth.tokens.access_token import issue
from edge_auth.tokens.verifier import MAX_TOKEN_CHARACTERS
from tests.support import access_tokens
from tests.support.access_tokens import ALGORITHMS

ROUNDS, QUICK_ROUNDS = 300, 20
BUDGET = 1.25  # edge-auth with ES256, relative to the signature alone
ENDED, ENDED_BUDGET = f"then: that the session is none of {feed.ENDED:,} that ended", 2.0  # µs

size_table, key_set_table = sizes.size_table, sizes.key_set_table


def measure(*, quick: bool) -> Figures:
    """Measure. Times are microseconds of a call, and ratios are to the signature alone.

    Raises RuntimeError: a library accepts a token that it must refuse.
    """
    rounds = QUICK_ROUNDS if quick else ROUNDS
    keys = {alg: access_tokens.key(alg) for alg in ALGORITHMS}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # joserfc: RFC 9864 deprecates the name EdDSA
        verify = {alg: _verify(key, rounds) for alg, key in keys.items()}
        issued = {alg: _issue(key, rounds) for alg, key in keys.items()}
    has_node = node.is_installed()
    for alg, rows in (node.verification(keys, rounds) if has_node else {}).items():
        verify[alg].update(rows)
    return {
        "rounds": rounds,
        "verify": verify,
        "issue": issued,
        "refused": _refusals(keys["ES256"], rounds),
        "stages": _stages(keys["ES256"], rounds),
        "token_size": sizes.tokens(keys, rounds),
        "key_set_size": sizes.key_sets(ALGORITHMS, rounds, quick=quick),
        "left_out": {} if has_node else {node.LIBRARY: "Node or the library is not installed"},
    }


def table(figures: Figures) -> str:
    """Return the times of each library to verify a token, and whether the budget holds."""
    ratios = {name: row["ratio"]["median"] for name, row in figures["verify"]["ES256"].items()}
    reached, ratio = ratios[OURS], ratios[OURS] / ratios[UNCONVERTED]
    held = "held" if reached <= BUDGET else "not held"
    left_out = "".join(f"\nLeft out: {name}: {reason}." for name, reason in figures["left_out"].items())
    return (
        f"{_by_algorithm('verify a token', figures['verify'])}\n\n"
        "Microseconds of processor time, and x the signature alone (quartiles).\n"
        f"Budget for ES256: {BUDGET} x, {held}: {reached:.2f} x, or {ratio:.2f} x the call unconverted.{left_out}"
    )


def issue_table(figures: Figures) -> str:
    """Return the times of each library to issue a token."""
    return _by_algorithm("issue a token", figures["issue"])


def refused_table(figures: Figures) -> str:
    """Return the times of refused tokens."""
    rows = [(what, f"{row['median']:.1f}", f"{row['ratio']['median']:.2f}") for what, row in figures["refused"].items()]
    return markdown(("refused token, ES256", "µs", "x the signature alone"), rows)


def stages_table(figures: Figures) -> str:
    """Return the times of the stages of edge-auth's verifier, and whether the look at ended sessions is in budget."""
    rows = [(what, f"{row['median']:.1f}", f"{row['share']:.0%}") for what, row in figures["stages"].items()]
    stages = markdown(("part of verifying, ES256", "µs", "share"), rows)
    if ENDED not in figures["stages"]:
        return stages
    held = "held" if figures["stages"][ENDED]["median"] <= ENDED_BUDGET else "not held"
    return f"{stages}\n\nBudget for the last row: {ENDED_BUDGET:g} µs, {held}."


def assert_strict(name: str, verify: Verify, *, good: str, bad: Mapping[str, str]) -> None:
    """Check that a verifier accepts the good token. Raises RuntimeError: it accepts a bad one."""
    verify(good)
    for what, token in bad.items():
        try:
            verify(token)
        except Exception:  # noqa: BLE001, S112 - each library has its own errors; the good token shows that it works
            continue
        raise RuntimeError(f"{name} accepts a token that is {what}")


def _verify(key: SigningKey, rounds: int) -> dict[str, Any]:
    claims = example_claims()
    good = issue(claims, key)
    acts: dict[str, Act] = {**libraries.raw_calls(key, good).check}
    for name, verify in libraries.verifiers(key, claims).items():
        assert_strict(name, verify, good=good, bad=bad_tokens(key, good))
        acts[name] = partial(verify, good)
    return compared(in_turn(acts, rounds=rounds), REFERENCE)


def _issue(key: SigningKey, rounds: int) -> dict[str, Any]:
    claims = example_claims()
    acts: dict[str, Act] = {**libraries.raw_calls(key, issue(claims, key)).sign, **libraries.issuers(key, claims)}
    for name, make in libraries.issuers(key, claims).items():
        good = make()
        assert_strict(name, libraries.verifiers(key, claims)["PyJWT"], good=good, bad=bad_tokens(key, good))
    return compared(in_turn(acts, rounds=rounds), REFERENCE)


def _refusals(key: SigningKey, rounds: int) -> dict[str, Any]:
    """Return the cost of each kind of refusal, in µs and as a ratio. Raises RuntimeError: a token is not refused."""
    claims = example_claims()
    good = issue(claims, key)
    verify = libraries.verifiers(key, claims)[OURS]
    bad = bad_tokens(key, good)
    foreign_header = base64url.encode(json.dumps({"alg": "none", "typ": ACCESS_TOKEN_TYPE}).encode("ascii"))
    acts: dict[str, Act] = {REFERENCE: libraries.raw_calls(key, good).check[REFERENCE]}
    for what, token in {
        "longer than any of ours": "A" * (MAX_TOKEN_CHARACTERS + 1),
        "not a token": "A" * len(good),
        "another header": f"{foreign_header}.{good.partition('.')[2]}",
        "our header, an unknown key": issue(claims, access_tokens.key(key.alg, "unknown")),
        "forged signature": bad["forged"],
        "expired": bad["expired"],
    }.items():
        acts[what] = partial(_refused, verify, token)
    return compared(in_turn(acts, rounds=rounds), REFERENCE)


def _stages(key: SigningKey, rounds: int) -> dict[str, Any]:
    """Return the parts of verifying one token under an ES256 key, in microseconds and as a share of the whole.

    Parts that can be called alone are measured alone, in turn with the whole. The time of the other parts is the
    difference, round by round. The JSON part is the standard library's decoder without edge-auth's checks. So the last
    part contains these checks, and the time that the other parts lose to each other in the processor's caches.

    The last row comes after the verification, where the feed of ended sessions is on.
    """
    claims = example_claims()
    token = issue(claims, key)
    signed, _, encoded = token.rpartition(".")
    payload = signed.partition(".")[2]
    check = verification_key(key.public_jwk()).check
    signature, message, text = base64url.decode(encoded), signed.encode("ascii"), base64url.decode(payload).decode()
    acts: dict[str, Act] = {
        "whole": partial(libraries.verifiers(key, claims)[OURS], token),
        "OpenSSL": libraries.raw_calls(key, token).check[UNCONVERTED],
        "signature": partial(check, signature, message),
        "base64url": lambda: (base64url.decode(encoded), base64url.decode(payload)),
        "JSON": partial(json.JSONDecoder().decode, text),
        "ended": partial(full_copy().decides, claims),
    }
    whole, openssl, checked, decoded, read, ended = in_turn(acts, rounds=rounds).values()
    parts = {
        "the signature, by cryptography": openssl,
        "its length and its conversion": _less(checked, openssl),
        "base64url, and that it is canonical": decoded,
        "JSON, as the standard library reads it": read,
        "all else: shape, header, duplicate names, claims": _less(whole, checked, decoded, read),
        "all": whole,
        ENDED: ended,
    }
    medians = {what: statistics.median(values) for what, values in parts.items()}
    all_parts = medians["all"]
    return {what: {"median": round(part, 3), "share": round(part / all_parts, 3)} for what, part in medians.items()}


def _refused(verify: Verify, token: str) -> None:
    try:
        verify(token)
    except InvalidToken:
        return
    raise RuntimeError("a bad token is accepted")


def _less(values: list[float], *parts: list[float]) -> list[float]:
    return [value - sum(rest) for value, *rest in zip(values, *parts, strict=True)]


def _by_algorithm(title: str, figures: Mapping[str, Mapping[str, Any]]) -> str:
    names = dict.fromkeys(name for measured in figures.values() for name in measured)
    rows = [(name, *(_cell(measured.get(name)) for measured in figures.values())) for name in names]
    return markdown((title, *figures), rows)


def _cell(row: Mapping[str, Any] | None) -> str:
    if row is None:
        return "-"
    time, ratio = f"{row['median']:.1f}", row["ratio"]
    if ratio["median"] == ratio["p25"] == ratio["p75"] == 1:
        return time
    return f"{time}, {ratio['median']:.2f} x ({ratio['p25']:.2f} to {ratio['p75']:.2f})"
