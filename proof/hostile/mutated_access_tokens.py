"""Edits of valid access tokens at the authorizer's function, in its three kinds of event: none but the good ones pass.

An edit can give the same token again. It is still the same token if each byte is the same, or if only its ES256
signature has the other spelling that every ECDSA signature has: (r, n - s) for (r, s). Both must be allowed, and must
pass on the same user, session and token id. Any other text that is allowed is counted as accepted, and breaks the
promise.
"""

import json
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from benchmarks.frame.results import markdown
from edge_auth import base64url
from edge_auth.tokens.claims import AccessClaims
from proof.frame.results import Figures
from proof.frame.run import Run, added
from proof.hostile.cpu import CpuTimes
from tests.support.access_tokens import ALGORITHMS, CLAIMS, NOW, P256_ORDER, other_spelling, signed_token
from tests.support.authorizer import SHAPES, Handler, Issuer, is_allowed, key_set, load_module
from tests.support.seeded_keys import seeded_key
from tests.support.token_edits import EDITS

WANTED, WANTED_OF_SHORT = 333_334, 1_000  # edited tokens of each algorithm that are not the same token again
MAX_P99_MS, MAX_MS = 1.0, 5.0  # CPU time of one check of a header of up to 10 kB
_MEMBERS = (
    "alg",
    "kid",
    "typ",
    "crit",
    "jwk",
    "jku",
    "b64",
    "iss",
    "aud",
    "exp",
    "iat",
    "nbf",
    "sub",
    "roles",
    "scope",
)
_VALUES: tuple[object, ...] = ("none", "HS256", "ES256", "", None, True, 0, -1, 2**63, 1e300, [], {}, ["a"], "*", "JWT")


def prove(run: Run) -> Figures:
    """Edit tokens of each algorithm."""
    size, parts = run.amount(short=1500, long=20_000), run.amount(short=1, long=20)
    tokens = {
        alg: [signed_token(claims.payload(), signed_by=seeded_key(alg)) for claims in _claims()] for alg in ALGORITHMS
    }
    with _authorizer() as handler:

        def act(part: str) -> Mapping[str, Any]:
            return _edit(run.chance(part), size, part.partition(" ")[0], tokens, handler)

        counted = run.parts((f"{alg} {number}" for alg in ALGORITHMS for number in range(parts)), act)
    counts, measured = {}, {}
    for alg in ALGORITHMS:
        mine = [found for part, found in counted.items() if part.startswith(f"{alg} ")]
        counts[alg] = {
            "wanted": run.amount(short=WANTED_OF_SHORT, long=WANTED),
            **added(found["counts"] for found in mine),
        }
        measured[alg] = CpuTimes(added(found["steps"] for found in mine)).milliseconds()
    return Figures(counts, measured)


def broken(figures: Figures) -> list[str]:
    """Return a line for each promise that does not hold."""
    lines = []
    for alg, counts in figures.counts.items():
        lines += [
            f"{alg}: {counts[fault]} {fault}" for fault in ("accepted", "exceptions", "other answers") if counts[fault]
        ]
        if counts["denied"] < counts["wanted"]:
            lines.append(f"{alg}: {counts['denied']} edited tokens were denied, which is less than {counts['wanted']}")
        times = figures.measured[alg]
        if times["p99_ms"] > MAX_P99_MS or times["max_ms"] > MAX_MS:
            lines.append(
                f"{alg}: a check takes {times['p99_ms']} ms (p99) and {times['max_ms']} ms (longest) of CPU time"
            )
    return lines


def table(figures: Figures) -> str:
    """Return a row for each algorithm."""
    names = ("tried", "denied", "the same token", "accepted", "exceptions", "other answers")
    rows = [
        (alg, *(f"{counts[name]:,}" for name in names), *(f"{time:.2f}" for time in figures.measured[alg].values()))
        for alg, counts in figures.counts.items()
    ]
    return markdown(("algorithm", *names, "p50, ms", "p99, ms", "longest, ms"), rows)


def _claims() -> list[AccessClaims]:
    """Return the claims of four good tokens: with and without the members that a token may lack."""
    return [
        CLAIMS,
        CLAIMS._replace(iat=NOW - 60, exp=NOW + 840, jti="another-id", scope="", roles=(), amr=()),
        CLAIMS._replace(sub="somebody-else", sid="another-session", acr="2fa", amr=("pwd", "otp")),
        CLAIMS._replace(jti="with-own-claims", own_claims={"acme:tenant": "t1", "acme:seats": 5}),
    ]


@contextmanager
def _authorizer() -> Iterator[Handler]:
    """Load the function with the public keys. Its clock stands still, and its issuer answers at once."""
    jwks = key_set([seeded_key(alg) for alg in ALGORITHMS])
    with pytest.MonkeyPatch.context() as monkeypatch:
        module = load_module(monkeypatch, jwks=jwks, download=Issuer(jwks).download)
        monkeypatch.setattr(module, "time", SimpleNamespace(time=lambda: NOW))
        handler: Handler = module.handler
        yield handler


def _edit(
    chance: random.Random, size: int, alg: str, tokens: Mapping[str, list[str]], handler: Handler
) -> dict[str, Any]:
    """Edit tokens of one algorithm. The other token of an edit may have any algorithm."""
    others = [token for of_alg in tokens.values() for token in of_alg]
    allowed = _allowed(others, handler)
    edits, shapes = [*EDITS.values(), _other_member, _other_signature], list(SHAPES)
    counts = dict.fromkeys(("tried", "denied", "the same token", "accepted", "exceptions", "other answers"), 0)
    times = CpuTimes()
    for number in range(size):
        text = edits[number % len(edits)](chance, chance.choice(tokens[alg]), chance.choice(others))
        name = shapes[number // len(edits) % len(shapes)]
        event = SHAPES[name].event(f"Bearer {text}")
        counts["tried"] += 1
        try:
            answer = times.call(lambda event=event: handler(event, None))  # type: ignore[misc]  # a default binds it
        except Exception:  # noqa: BLE001 - each exception is counted
            counts["exceptions"] += 1
            continue
        token = text.lstrip(" ")  # RFC 9110 §11.4: one space or more before it
        if token in allowed[name]:
            counts["the same token" if answer == allowed[name][token] else "other answers"] += 1
        elif answer == SHAPES[name].deny:
            counts["denied"] += 1
        else:
            counts["accepted" if is_allowed(answer) else "other answers"] += 1
    return {"counts": counts, "steps": times.counted()}


def _allowed(tokens: list[str], handler: Handler) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the answer to each good token, in each kind of event: the one that allows it.

    The other spelling of an ES256 signature has to get the answer of the first one.

    Raises:
        AssertionError: a good token is not allowed, so the proof would show nothing.

    """
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for name, shape in SHAPES.items():
        answers = {token: handler(shape.event(f"Bearer {token}"), None) for token in tokens}
        if not all(map(is_allowed, answers.values())):
            raise AssertionError("a good token is not allowed")
        second = {other_spelling(token): answers[token] for token in tokens if _alg(token) == "ES256"}
        found[name] = answers | second
    return found


def _alg(token: str) -> str:
    alg: str = json.loads(base64url.decode(token.partition(".")[0]))["alg"]
    return alg


def _other_member(chance: random.Random, token: str, _other: str) -> str:
    """Change, add or remove a member of the header or of the claims, and keep the signature."""
    parts = token.split(".")
    number = chance.randrange(2)
    members = json.loads(base64url.decode(parts[number]))
    name = chance.choice((*_MEMBERS, *members))
    members[name] = chance.choice(_VALUES)
    if chance.random() < 0.25:  # noqa: PLR2004 - a quarter lacks the member
        del members[name]
    separators = (",", ":") if chance.random() < 0.75 else (", ", ": ")  # noqa: PLR2004 - a quarter has spaces
    parts[number] = base64url.encode(json.dumps(members, separators=separators).encode())
    return ".".join(parts)


def _other_signature(chance: random.Random, token: str, other: str) -> str:
    """Write the numbers of the signature in another form, or other numbers."""
    signed, _, signature = token.rpartition(".")
    raw = base64url.decode(signature)
    half = len(raw) // 2
    r, s = int.from_bytes(raw[:half]), int.from_bytes(raw[half:])
    forms: list[Callable[[], bytes]] = [
        lambda: raw[half:] + raw[:half],
        lambda: b"\0" + raw,
        lambda: raw + b"\0",
        lambda: raw.lstrip(b"\0")[1:],
        lambda: bytes(len(raw)),
        lambda: b"\xff" * len(raw),
        lambda: encode_dss_signature(r, s),
        lambda: encode_dss_signature(r, abs(P256_ORDER - s)),
        lambda: raw[:half] + (abs(P256_ORDER - r) % 2**256).to_bytes(half),
        lambda: (r ^ 1).to_bytes(half) + raw[half:],
        lambda: raw[::-1],
        lambda: raw[:half],
        lambda: chance.randbytes(len(raw)),
        lambda: base64url.decode(other.rpartition(".")[2]),
    ]
    return f"{signed}.{base64url.encode(chance.choice(forms)())}"
