"""The growth of a token with roles and scope, and the cost of the number of public keys."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from itertools import count as numbers
from typing import Any

from benchmarks.frame.results import Figures, markdown
from benchmarks.frame.samples import Act, in_turn, summary
from benchmarks.tokens.libraries import OURS, example_claims, verifiers
from edge_auth.flows.accounts.rights_administration import MAX_RIGHTS_BYTES
from edge_auth.flows.keys.ring_summary import MAX_DEPLOYED_JWKS_CHARACTERS
from edge_auth.keys.signing_key import SigningKey
from edge_auth.tokens.access_token import issue
from edge_auth.tokens.verifier import MAX_TOKEN_CHARACTERS, Verifier, keys_from_jwks
from tests.support import access_tokens

ROLE_CHARACTERS = 8
ROLES = (0, 10, 50, 100)
SCOPE_CHARACTERS = (200, 800)
KEYS = (1, 2, 3, 5, 10, 20)
QUICK_KEYS = (1, 3)  # RSA keys are slow to make


def tokens(keys: Mapping[str, SigningKey], rounds: int) -> dict[str, Any]:
    """Return bytes and microseconds of ES256 tokens by roles and by scope, and the number of roles within each limit.

    The largest tokens are the largest that the verifier takes.
    """
    key = keys["ES256"]
    most_roles = {alg: _most(partial(_token, each), MAX_TOKEN_CHARACTERS) for alg, each in keys.items()}
    most_scope = _most(partial(_token, key, 0), MAX_TOKEN_CHARACTERS)
    shapes = [(roles, 0) for roles in sorted({*ROLES, most_roles["ES256"]})]
    shapes += [(0, characters) for characters in sorted({*SCOPE_CHARACTERS, most_scope})]
    issued = {shape: _token(key, *shape) for shape in shapes}
    verify = verifiers(key, example_claims())[OURS]
    acts: dict[str, Act] = {str(shape): partial(verify, token) for shape, token in issued.items()}
    times = in_turn(acts, rounds=rounds)
    return {
        "role_characters": ROLE_CHARACTERS,
        "max_token_characters": MAX_TOKEN_CHARACTERS,
        "roles_of_a_token": most_roles,
        "max_rights_bytes": MAX_RIGHTS_BYTES,
        "roles_of_an_account": _most(lambda count: _compact({"scope": "", "roles": _roles(count)}), MAX_RIGHTS_BYTES),
        "rows": [
            {
                "roles": roles,
                "scope_characters": scope,
                "bytes": len(token),
                "verify": summary(times[str((roles, scope))]),
            }
            for (roles, scope), token in issued.items()
        ],
    }


def key_sets(algorithms: tuple[str, ...], rounds: int, *, quick: bool) -> dict[str, Any]:
    """Return, by algorithm and number of keys: bytes of the document, microseconds to read it and to verify a token.

    The document is the one in the authorizer's environment. Lambda allows 4 KB for all environment variables.
    """
    rows = {alg: _key_sets(alg, QUICK_KEYS if quick else KEYS, rounds) for alg in algorithms}
    return {"max_deployed_characters": MAX_DEPLOYED_JWKS_CHARACTERS, "algorithms": rows}


def size_table(figures: Figures) -> str:
    """Return the growth of a token with roles and scope, and the number of roles within each limit."""
    measured = figures["token_size"]
    rows = [
        (row["roles"], f"{row['scope_characters']} characters", f"{row['bytes']:,}", f"{row['verify']['median']:.1f}")
        for row in measured["rows"]
    ]
    head = (f"roles of {measured['role_characters']} characters", "scope", "token, bytes", "verify, µs")
    most = ", ".join(f"{count} with {alg}" for alg, count in measured["roles_of_a_token"].items())
    return (
        f"{markdown(head, rows)}\n\nAn account may have {measured['max_rights_bytes']} bytes of rights:"
        f" {measured['roles_of_an_account']} such roles and no scope."
        f" The verifier takes {measured['max_token_characters']:,} bytes: {most}."
    )


def key_set_table(figures: Figures) -> str:
    """Return the cost of the number of keys, and the number that fits into the authorizer's environment."""
    algorithms = figures["key_set_size"]["algorithms"]
    head = ("keys", "JWK Set, bytes", "read at a cold start, µs", "verify, µs")
    rows = [
        (f"{row['keys']} {alg}", f"{row['bytes']:,}", f"{row['build']['median']:.0f}", f"{row['verify']['median']:.1f}")
        for alg, measured in algorithms.items()
        for row in measured["rows"]
    ]
    most = ", ".join(f"{measured['fitting']} {alg}" for alg, measured in algorithms.items())
    limit = f"{figures['key_set_size']['max_deployed_characters']:,}"
    return f"{markdown(head, rows)}\n\nThe authorizer is deployed with up to {limit} bytes of keys: {most}."


def _token(key: SigningKey, roles: int, scope_characters: int = 0) -> str:
    scope = ("resource:read " * scope_characters)[: scope_characters - 1] + "x" if scope_characters else ""
    return issue(example_claims(scope=scope, roles=_roles(roles)), key)


def _roles(count: int) -> tuple[str, ...]:
    return tuple(f"role{number:0{ROLE_CHARACTERS - 4}}" for number in range(count))


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _most(text: Callable[[int], str], limit: int) -> int:
    """Return the largest count whose text has at most `limit` characters."""
    return next(number for number in numbers() if len(text(number + 1)) > limit)


def _key_sets(alg: str, counts: tuple[int, ...], rounds: int) -> dict[str, Any]:
    claims = example_claims()
    keys = [access_tokens.key(alg, f"number {number}") for number in range(max(counts))]
    members = [{"exp": claims.exp, **key.public_jwk()} for key in keys]
    token = issue(claims, keys[0])
    documents = {count: _compact({"keys": members[:count]}) for count in counts}
    acts: dict[str, Act] = {}
    for count, text in documents.items():
        verify = _verifier(text, claims.aud).verify
        acts[f"build {count}"] = partial(_verifier, text, claims.aud)
        acts[f"verify {count}"] = partial(verify, token, issuer=claims.iss, now_seconds=claims.iat)
    times = {what: summary(values) for what, values in in_turn(acts, rounds=rounds).items()}
    return {
        "fitting": _most(lambda count: _compact({"keys": members[:1] * count}), MAX_DEPLOYED_JWKS_CHARACTERS),
        "rows": [
            {"keys": count, "bytes": len(text), **{what: times[f"{what} {count}"] for what in ("build", "verify")}}
            for count, text in documents.items()
        ],
    }


def _verifier(document: str, audience: str) -> Verifier:
    return Verifier(keys_from_jwks(document), audience=audience)
