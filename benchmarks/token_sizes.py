"""What grows with roles and scope, and with the number of public keys."""

import json
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from benchmarks.samples import summary
from benchmarks.token_examples import example_claims
from benchmarks.token_libraries import OURS, verifiers
from benchmarks.turns import Act, in_turn
from edge_auth.flows.accounts.administration import MAX_RIGHTS_BYTES
from edge_auth.flows.keys.ring_summary import MAX_DEPLOYED_JWKS_CHARACTERS
from edge_auth.keys import signing_key
from edge_auth.keys.signing_key import SigningKey
from edge_auth.tokens.access_token import issue
from edge_auth.tokens.verifier import MAX_TOKEN_CHARACTERS, Verifier, keys_from_jwks

ROLE_CHARACTERS = 8
ROLES = (0, 10, 50, 100)
SCOPE_CHARACTERS = (0, 200, 800)
KEYS = (1, 2, 3, 5, 10, 20)
QUICK_KEYS = (1, 3)  # RSA keys are slow to make


def tokens(keys: Mapping[str, SigningKey], rounds: int) -> dict[str, Any]:
    """Return bytes and microseconds of ES256 tokens by roles and by scope, and what the limits mean in roles.

    A row that the verifier refuses for its size has no time.
    """
    key = keys["ES256"]
    fitting = {alg: _most_roles(each) for alg, each in keys.items()}
    shapes = [(roles, 0) for roles in sorted({*ROLES, fitting["ES256"]})]
    shapes += [(0, characters) for characters in sorted({*SCOPE_CHARACTERS, _most_scope(key)}) if characters]
    issued = {shape: _token(key, *shape) for shape in shapes}
    verify = verifiers(key, example_claims())[OURS]
    acts: dict[str, Act] = {
        str(shape): partial(verify, token) for shape, token in issued.items() if len(token) <= MAX_TOKEN_CHARACTERS
    }
    times = in_turn(acts, rounds=rounds)
    return {
        "role_characters": ROLE_CHARACTERS,
        "max_token_characters": MAX_TOKEN_CHARACTERS,
        "roles_of_a_token": fitting,
        "max_rights_bytes": MAX_RIGHTS_BYTES,
        "roles_of_an_account": _most(lambda count: _rights_bytes(count) <= MAX_RIGHTS_BYTES),
        "rows": [
            {
                "roles": roles,
                "scope_characters": scope,
                "bytes": len(token),
                "verify": summary(times[str((roles, scope))]) if str((roles, scope)) in times else None,
            }
            for (roles, scope), token in issued.items()
        ],
    }


def key_sets(algorithms: Iterable[str], rounds: int, *, quick: bool) -> dict[str, Any]:
    """Return, by algorithm and number of keys: bytes of the document, microseconds to read it and to verify a token.

    The document is as the authorizer has it in its environment, where Lambda allows 4 KB for all that is there.
    """
    counts = QUICK_KEYS if quick else KEYS
    claims = example_claims()
    rows: dict[str, Any] = {}
    for alg in algorithms:
        keys = [SigningKey(alg, signing_key.generate(alg)) for _ in range(max(counts))]
        token = issue(claims, keys[0])
        documents = {count: _document(keys[:count], claims.exp) for count in counts}
        made = {count: Verifier(keys_from_jwks(text), audience=claims.aud) for count, text in documents.items()}
        reading = {str(count): partial(_verifier, text, claims.aud) for count, text in documents.items()}
        verifying = {
            f"verify {count}": partial(verifier.verify, token, issuer=claims.iss, now_seconds=claims.iat)
            for count, verifier in made.items()
        }
        times = in_turn({**reading, **verifying}, rounds=rounds)
        rows[alg] = {
            "fitting": _most(partial(_fits, keys[0], claims.exp)),
            "rows": [
                {
                    "keys": count,
                    "bytes": len(text),
                    "build": summary(times[str(count)]),
                    "verify": summary(times[f"verify {count}"]),
                }
                for count, text in documents.items()
            ],
        }
    return {"max_deployed_characters": MAX_DEPLOYED_JWKS_CHARACTERS, "algorithms": rows}


def token_table(figures: Mapping[str, Any]) -> str:
    """Return the rows, and what the limits mean."""
    lines = [
        f"| roles of {figures['role_characters']} characters | scope | token, bytes | verify, µs |",
        "|---|---|---|---|",
    ]
    for row in figures["rows"]:
        verify = f"{row['verify']['median']:.1f}" if row["verify"] else "refused"
        lines.append(f"| {row['roles']} | {row['scope_characters']} characters | {row['bytes']:,} | {verify} |")
    fitting = ", ".join(f"{count} with {alg}" for alg, count in figures["roles_of_a_token"].items())
    rights = f"{figures['max_rights_bytes']} bytes of rights: {figures['roles_of_an_account']} such roles and no scope"
    taken = f"{figures['max_token_characters']:,} bytes: {fitting}"
    return "\n".join([*lines, "", f"An account may have {rights}. The verifier takes {taken}."])


def key_set_table(figures: Mapping[str, Any]) -> str:
    """Return the rows, and how many keys the authorizer's environment has room for."""
    lines = ["| keys | JWK Set, bytes | read at a cold start, µs | verify, µs |", "|---|---|---|---|"]
    for alg, measured in figures["algorithms"].items():
        lines += [
            f"| {row['keys']} {alg} | {row['bytes']:,} | {row['build']['median']:.0f} | {row['verify']['median']:.1f} |"
            for row in measured["rows"]
        ]
    fitting = ", ".join(f"{measured['fitting']} {alg}" for alg, measured in figures["algorithms"].items())
    limit = f"{figures['max_deployed_characters']:,}"
    return "\n".join([*lines, "", f"The authorizer is deployed with up to {limit} bytes of keys: {fitting}."])


def _token(key: SigningKey, roles: int, scope_characters: int) -> str:
    scope = ("resource:read " * scope_characters)[: scope_characters - 1] + "x" if scope_characters else ""
    return issue(example_claims(scope=scope, roles=_roles(roles)), key)


def _roles(count: int) -> tuple[str, ...]:
    return tuple(f"role{number:0{ROLE_CHARACTERS - 4}}" for number in range(count))


def _most_roles(key: SigningKey) -> int:
    return _most(lambda count: len(_token(key, count, 0)) <= MAX_TOKEN_CHARACTERS)


def _most_scope(key: SigningKey) -> int:
    return _most(lambda count: len(_token(key, 0, count)) <= MAX_TOKEN_CHARACTERS)


def _rights_bytes(roles: int) -> int:
    return len(json.dumps({"scope": "", "roles": _roles(roles)}, separators=(",", ":")))


def _fits(key: SigningKey, end_seconds: int, count: int) -> bool:
    return len(_document([key] * count, end_seconds)) <= MAX_DEPLOYED_JWKS_CHARACTERS


def _most(fits: Callable[[int], bool]) -> int:
    """Return the largest count that fits."""
    count = 0
    while fits(count + 1):
        count += 1
    return count


def _document(keys: list[SigningKey], end_seconds: int) -> str:
    return json.dumps({"keys": [{"exp": end_seconds, **key.public_jwk()} for key in keys]}, separators=(",", ":"))


def _verifier(document: str, audience: str) -> Verifier:
    return Verifier(keys_from_jwks(document), audience=audience)
