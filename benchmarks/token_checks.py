"""Verifying and issuing one access token in process: ours beside what others use, and beside the signature alone.

What a refused token costs, where the time goes, and what grows with roles and keys.
"""

import warnings
from collections.abc import Mapping
from functools import partial
from typing import Any

from benchmarks import token_node, token_sizes
from benchmarks.results import Figures
from benchmarks.token_examples import bad_tokens, example_claims
from benchmarks.token_libraries import (
    OURS,
    REFERENCE,
    UNCONVERTED,
    Verify,
    issuers,
    raw_checks,
    raw_signatures,
    verifiers,
)
from benchmarks.token_stages import refusals, stages
from benchmarks.turns import BATCH_MS, Act, compared, in_turn
from edge_auth.keys import signing_key
from edge_auth.keys.signing_key import SigningKey
from edge_auth.tokens.access_token import issue

ALGORITHMS = ("ES256", "RS256", "EdDSA")
ROUNDS = 300
QUICK_ROUNDS = 20
BUDGET = 1.25  # ours with ES256, x the signature alone
NODE = f"{token_node.LIBRARY}, on Node"
NODE_REFERENCE = "Node's crypto, the signature alone"


def measure(*, quick: bool) -> Figures:
    """Measure; times are microseconds of a call, ratios are to the signature alone.

    Raises:
        RuntimeError: a library takes a token that it must refuse, or refuses a good one.

    """
    rounds = QUICK_ROUNDS if quick else ROUNDS
    keys = {alg: SigningKey(alg, signing_key.generate(alg)) for alg in ALGORITHMS}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # joserfc: RFC 9864 wants another name for EdDSA
        verify = {alg: _verify(key, rounds) for alg, key in keys.items()}
        issued = {alg: _issue(key, rounds) for alg, key in keys.items()}
    reached = verify["ES256"][OURS]["ratio"]["median"]
    unconverted = reached / verify["ES256"][UNCONVERTED]["ratio"]["median"]
    node, left_out = _node(keys, rounds)
    for alg, rows in node.get("verify", {}).items():
        verify[alg].update(rows)
    return {
        "rounds": rounds,
        "batch_ms": BATCH_MS,
        "garbage_collector": "on",
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
        "token_size": token_sizes.tokens(keys, rounds),
        "key_set_size": token_sizes.key_sets(ALGORITHMS, rounds, quick=quick),
        "versions_of_node": node.get("versions", {}),
        "left_out": left_out,
    }


def table(figures: Figures) -> str:
    """Return who verifies how fast, and whether the budget holds."""
    budget = figures["budget"]
    reached = f"{budget['reached']:.2f} x, or {budget['reached_without_conversion']:.2f} x the call unconverted"
    lines = [
        *_by_algorithm("verify a token", figures["verify"]),
        "",
        "Microseconds of processor time, and x the signature alone (quartiles).",
        f"Budget for ES256: {budget['limit']} x, {'held' if budget['holds'] else 'not held'}: {reached}.",
    ]
    lines += [f"Left out: {name}: {reason}." for name, reason in figures["left_out"].items()]
    return "\n".join(lines)


def issue_table(figures: Figures) -> str:
    """Return who issues how fast."""
    return "\n".join(_by_algorithm("issue a token", figures["issue"]))


def refused_table(figures: Figures) -> str:
    """Return what a refused token costs."""
    lines = ["| refused token, ES256 | µs | x the signature alone |", "|---|---|---|"]
    lines += [f"| {what} | {_time(row)} | {row['ratio']['median']:.2f} |" for what, row in figures["refused"].items()]
    return "\n".join(lines)


def stages_table(figures: Figures) -> str:
    """Return where the time of our verifier goes."""
    lines = ["| part of verifying, ES256 | µs | share |", "|---|---|---|"]
    lines += [f"| {what} | {row['median']:.1f} | {row['share']:.0%} |" for what, row in figures["stages"].items()]
    return "\n".join(lines)


def size_table(figures: Figures) -> str:
    """Return what roles and scope add to a token."""
    return token_sizes.token_table(figures["token_size"])


def key_set_table(figures: Figures) -> str:
    """Return what the number of keys costs."""
    return token_sizes.key_set_table(figures["key_set_size"])


def assert_strict(name: str, verify: Verify, *, good: str, bad: Mapping[str, str]) -> None:
    """Raise RuntimeError unless the good token is taken and each of the bad ones refused."""
    verify(good)
    for what, token in bad.items():
        try:
            verify(token)
        except Exception:  # noqa: BLE001, S112 - each library has its own; that the good token is taken shows that it works
            continue
        raise RuntimeError(f"{name} takes a token that is {what}")


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
    everybody = issuers(key, claims)
    for name, make in everybody.items():
        good = make()
        assert_strict(name, verifiers(key, claims)["PyJWT"], good=good, bad=bad_tokens(key, good))
    return compared(in_turn({**raw_signatures(key, issue(claims, key)), **everybody}, rounds=rounds), REFERENCE)


def _node(keys: Mapping[str, SigningKey], rounds: int) -> tuple[dict[str, Any], dict[str, str]]:
    if not token_node.is_installed():
        return {}, {token_node.LIBRARY: "Node or the library is not installed"}
    claims = example_claims()
    tokens = {}
    for alg, key in keys.items():
        good = issue(claims, key)
        tokens[alg] = token_node.Tokens(key.public_jwk(), good, list(bad_tokens(key, good).values()))
    answer = token_node.times(tokens, issuer=claims.iss, audience=claims.aud, rounds=rounds)
    names = {token_node.REFERENCE: NODE_REFERENCE, token_node.LIBRARY: NODE}
    verify = {
        alg: compared({names[name]: values for name, values in times.items()}, NODE_REFERENCE)
        for alg, times in answer["times"].items()
    }
    return {"verify": verify, "versions": answer["versions"]}, {}


def _by_algorithm(title: str, figures: Mapping[str, Mapping[str, Any]]) -> list[str]:
    names = list(dict.fromkeys(name for measured in figures.values() for name in measured))
    lines = [f"| {title} | {' | '.join(figures)} |", f"|---{'|---' * len(figures)}|"]
    for name in names:
        cells = [_cell(measured.get(name)) for measured in figures.values()]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def _cell(row: Mapping[str, Any] | None) -> str:
    if row is None:
        return "-"
    of = row["ratio"]
    if of["median"] == of["p25"] == of["p75"] == 1:
        return _time(row)
    return f"{_time(row)}, {of['median']:.2f} x ({of['p25']:.2f} to {of['p75']:.2f})"


def _time(row: Mapping[str, Any]) -> str:
    return f"{row['median']:.1f}"
