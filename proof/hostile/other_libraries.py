"""Generated tokens, judged by edge-auth, by PyJWT and by joserfc: what we accept, they accept.

Each gets the same keys, issuer and audience, requires the same claims, and reads the same clock. They have one leeway
for all times, so it is our longer one. RFC 9068 §4 has the type of a token compared without case; we do that for them.
What they accept and we refuse is counted for each class of tokens. It is no fault of theirs: our rule is narrower.
"""

import datetime as dt
import json
import random
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress

import joserfc.jwt
import jwt
import pytest
from joserfc.jwk import KeySet
from joserfc.jwt import ClaimsOption, JWTClaimsRegistry

from benchmarks.frame.results import markdown
from edge_auth.errors import InvalidToken
from edge_auth.keys.timing import ISSUED_AT_LEEWAY_SECONDS
from edge_auth.tokens.verifier import Verifier, keys_from_jwks
from proof.frame.results import Figures
from proof.frame.run import Run
from proof.hostile.generated_tokens import KEYS, REQUIRED, Make
from proof.hostile.token_classes import CLASSES, GOOD
from tests.support.access_tokens import ALGORITHMS, AUDIENCE, ISSUER, NOW
from tests.support.authorizer import DEPLOYED_KEYS
from tests.support.hostile_tokens.catalogue import FAMILIES

OURS, PYJWT, JOSERFC = "edge-auth", "PyJWT", "joserfc"
_ALL_KEYS = (*KEYS, *DEPLOYED_KEYS)
_TYPES = {"at+jwt", "application/at+jwt"}  # RFC 9068 §4

Accepts = Callable[[str], object]
"""Takes a token. Raises any error if it is refused."""


class _Clock(dt.datetime):
    """The clock of PyJWT, which stands still."""

    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> "_Clock":
        """Return the time at which the generated tokens are good."""
        return cls.fromtimestamp(NOW, tz)


def prove(run: Run) -> Figures:
    """Judge tokens of each class. The hostile catalogue of the tests is judged once."""
    classes = {**CLASSES, **{f"catalogue: {family}": _row_of(family) for family in FAMILIES}}
    size = -(-run.amount(short=450, long=100_000) // len(classes))
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        warnings.simplefilter("ignore")  # each library warns of what it does not like in a key or a header
        patch.setattr("jwt.api_jwt.datetime", _Clock)
        judges = {OURS: ours(), PYJWT: pyjwt(), JOSERFC: joserfc_()}
        counts = run.parts(classes, lambda name: _judge(run.chance(name), size, classes[name], judges))
    return Figures(counts)


def broken(figures: Figures) -> list[str]:
    """Return a line for each token that we accept and another library refuses, and for each good one that we refuse."""
    lines = []
    for name, counts in figures.counts.items():
        lines += [
            f"{name}: we accept {counts[key]} that {key.removeprefix('only not ')} refuses"
            for key in counts
            if key.startswith("only not ") and counts[key]
        ]
        if name.startswith(GOOD) and counts[OURS] != counts["judged"]:
            lines.append(f"{name}: we refuse {counts['judged'] - counts[OURS]}")
    return lines


def table(figures: Figures) -> str:
    """Return a row for each class that some accept, and the sums."""
    names = ("judged", OURS, PYJWT, JOSERFC)
    sums = [f"{sum(counts[name] for counts in figures.counts.values()):,}" for name in names]
    rows = [
        (name, *(counts[column] for column in names))
        for name, counts in figures.counts.items()
        if any(counts[column] for column in names[1:])
    ]
    refused = sum(not any(counts[column] for column in names[1:]) for counts in figures.counts.values())
    return markdown(
        ("class of tokens", "judged", *(f"{name} accepts" for name in names[1:])), [("all", *sums), *rows]
    ) + (f"\n\nAll three refuse all tokens of {refused} other classes.")


def ours() -> Accepts:
    """Return our verifier."""
    document = json.dumps({"keys": [key.public_jwk() for key in _ALL_KEYS]})
    verifier = Verifier(keys_from_jwks(document), audience=AUDIENCE)
    return lambda token: verifier.verify(token, issuer=ISSUER, now_seconds=NOW)


def pyjwt() -> Accepts:
    """Return PyJWT, with the key that the header names, and only its algorithm."""
    keys = {key.kid: (jwt.PyJWK(dict(key.public_jwk())), [key.alg]) for key in _ALL_KEYS}
    decoder = jwt.PyJWT({"require": list(REQUIRED), "strict_aud": True})

    def accepts(token: str) -> object:
        key, algorithms = keys[jwt.get_unverified_header(token)["kid"]]
        decoded = decoder.decode_complete(
            token, key, algorithms, audience=AUDIENCE, issuer=ISSUER, leeway=ISSUED_AT_LEEWAY_SECONDS
        )
        return _check_type(decoded["header"])

    return accepts


def joserfc_() -> Accepts:
    """Return joserfc, with the set of keys, of which the header names one."""
    keys = KeySet.import_key_set({"keys": [dict(key.public_jwk()) for key in _ALL_KEYS]})
    wanted: dict[str, ClaimsOption] = {name: {"essential": True} for name in REQUIRED}
    wanted["iss"]["value"], wanted["aud"]["value"] = ISSUER, AUDIENCE
    registry = JWTClaimsRegistry(now=NOW, leeway=ISSUED_AT_LEEWAY_SECONDS, **wanted)

    def accepts(token: str) -> object:
        decoded = joserfc.jwt.decode(token, keys, algorithms=list(ALGORITHMS))
        registry.validate(decoded.claims)
        return _check_type(decoded.header)

    return accepts


def _check_type(header: Mapping[str, object]) -> object:
    if str(header.get("typ")).lower() not in _TYPES:
        raise ValueError("typ")
    return header


def _judge(chance: random.Random, size: int, make: Make, judges: Mapping[str, Accepts]) -> dict[str, int]:
    counts = {"judged": size, **dict.fromkeys(judges, 0), **{f"only not {name}": 0 for name in judges if name != OURS}}
    for _ in range(size):
        token = make(chance)
        accepted = {name for name, accepts in judges.items() if _is_accepted(accepts, token, is_ours=name == OURS)}
        for name in accepted:
            counts[name] += 1
        if OURS in accepted:
            for name in judges.keys() - accepted:
                counts[f"only not {name}"] += 1
    return counts


def _is_accepted(accepts: Accepts, token: str, *, is_ours: bool) -> bool:
    """Ask one judge. Another error than InvalidToken of ours leaves this function; the libraries may raise any."""
    with suppress(InvalidToken if is_ours else Exception):
        accepts(token)
        return True
    return False


def _row_of(family: str) -> Make:
    rows = [token for _, token in FAMILIES[family](NOW)]
    return lambda chance: chance.choice(rows)
