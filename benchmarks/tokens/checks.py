"""Verifying and issuing one access token in this process: edge-auth, other libraries, and the signature alone.

It also measures refused tokens, the stages of verifying, and the growth with roles and keys.
"""

import warnings
from collections.abc import Mapping
from functools import partial
from typing import Any

from benchmarks.frame.markdown import markdown
from benchmarks.frame.results import Figures
from benchmarks.frame.turns import Act, compared, in_turn
from benchmarks.tokens import node, sizes
from benchmarks.tokens.examples import bad_tokens, example_claims
from benchmarks.tokens.libraries import (
    OURS,
    REFERENCE,
    UNCONVERTED,
    Verify,
    issuers,
    raw_checks,
    raw_signatures,
    verifiers,
)
from benchmarks.tokens.stages import refusals, stages
from edge_auth.keys import signing_key
from edge_auth.keys.signing_key import SigningKey
from edge_auth.tokens.access_token import issue

ALGORITHMS = ("ES256", "RS256", "EdDSA")
ROUNDS, QUICK_ROUNDS = 300, 20
BUDGET = 1.25  # edge-auth with ES256, relative to the signature alone


def measure(*, quick: bool) -> Figures:
    """Measure. Times are microseconds of a call, and ratios are to the signature alone.

    Raises:
        RuntimeError: a library accepts a token that it must refuse.

    """
    rounds = QUICK_ROUNDS if quick else ROUNDS
    keys = {alg: SigningKey(alg, signing_key.generate(alg)) for alg in ALGORITHMS}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # joserfc: RFC 9864 deprecates the name EdDSA
        verify = {alg: _verify(key, rounds) for alg, key in keys.items()}
        issued = {alg: _issue(key, rounds) for alg, key in keys.items()}
    reached = verify["ES256"][OURS]["ratio"]["median"]
    unconverted = reached / verify["ES256"][UNCONVERTED]["ratio"]["median"]
    on_node = node.verification(keys, rounds) if node.is_installed() else {"verify": {}, "versions": {}}
    for alg, rows in on_node["verify"].items():
        verify[alg].update(rows)
    return {
        "rounds": rounds,
        "budget": {
            "limit": BUDGET,
            "reached": reached,
            "reached_without_conversion": round(unconverted, 3),
            "holds": reached <= BUDGET,
        },
        "verify": verify,
        "issue": issued,
        "refused": refusals(keys["ES256"], rounds),
        "stages": stages(keys["ES256"], rounds),
        "token_size": sizes.tokens(keys, rounds),
        "key_set_size": sizes.key_sets(ALGORITHMS, rounds, quick=quick),
        "versions_of_node": on_node["versions"],
        "left_out": {} if on_node["verify"] else {node.LIBRARY: "Node or the library is not installed"},
    }


def table(figures: Figures) -> str:
    """Return the times of each library to verify a token, and whether the budget holds."""
    budget = figures["budget"]
    reached = f"{budget['reached']:.2f} x, or {budget['reached_without_conversion']:.2f} x the call unconverted"
    lines = [
        _by_algorithm("verify a token", figures["verify"]),
        "",
        "Microseconds of processor time, and x the signature alone (quartiles).",
        f"Budget for ES256: {budget['limit']} x, {'held' if budget['holds'] else 'not held'}: {reached}.",
        *(f"Left out: {name}: {reason}." for name, reason in figures["left_out"].items()),
    ]
    return "\n".join(lines)


def issue_table(figures: Figures) -> str:
    """Return the times of each library to issue a token."""
    return _by_algorithm("issue a token", figures["issue"])


def refused_table(figures: Figures) -> str:
    """Return the times of refused tokens."""
    rows = [(what, f"{row['median']:.1f}", f"{row['ratio']['median']:.2f}") for what, row in figures["refused"].items()]
    return markdown(("refused token, ES256", "µs", "x the signature alone"), rows)


def stages_table(figures: Figures) -> str:
    """Return the times of the stages of edge-auth's verifier."""
    rows = [(what, f"{row['median']:.1f}", f"{row['share']:.0%}") for what, row in figures["stages"].items()]
    return markdown(("part of verifying, ES256", "µs", "share"), rows)


def size_table(figures: Figures) -> str:
    """Return the growth of a token with roles and scope."""
    return sizes.token_table(figures["token_size"])


def key_set_table(figures: Figures) -> str:
    """Return the cost of the number of keys."""
    return sizes.key_set_table(figures["key_set_size"])


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
    acts: dict[str, Act] = {**raw_checks(key, good)}
    for name, verify in verifiers(key, claims).items():
        assert_strict(name, verify, good=good, bad=bad_tokens(key, good))
        acts[name] = partial(verify, good)
    return compared(in_turn(acts, rounds=rounds), REFERENCE)


def _issue(key: SigningKey, rounds: int) -> dict[str, Any]:
    claims = example_claims()
    acts: dict[str, Act] = {**raw_signatures(key, issue(claims, key)), **issuers(key, claims)}
    for name, make in issuers(key, claims).items():
        good = make()
        assert_strict(name, verifiers(key, claims)["PyJWT"], good=good, bad=bad_tokens(key, good))
    return compared(in_turn(acts, rounds=rounds), REFERENCE)


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
