"""Which functions are started side by side: all of ours on the layer, what others would deploy, and empty ones."""

import json
import shutil
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from benchmarks import lambda_calls
from benchmarks.built_layer import packages, without_bytecode
from benchmarks.lambda_calls import Calls, Series
from benchmarks.lambda_emulator import Emulator, Function, Timings
from benchmarks.loopback_aws import PEERS_TABLE, LoopbackAws
from benchmarks.results import ROOT
from benchmarks.template_functions import deployed_functions

EMPTY, NODE_EMPTY = "empty", "empty (Node)"
OURS, PEER, REFERENCE = "ours", "peer", "reference"

ISSUER, AUDIENCE = "https://auth.example.com", "https://api.example.com"
# So that no single start of theirs decides a whole round's ratios.
REFERENCE_STARTS = 3

PARAMETERS = {
    "Issuer": ISSUER,
    "Audience": AUDIENCE,
    # Every call rotates: within the usual ten seconds a second one would get the same token again.
    "RotationGraceSeconds": "0",
    # Longer than the benchmark takes.
    "AccessTokenSeconds": "3600",
}

HANDLERS = ROOT / "benchmarks" / "handlers"
NODE = ROOT / ".tools" / "node" / "bin" / "node"
NODE_MODULES = ROOT / "tests" / "e2e" / "verifiers" / "node_modules"
NODE_RUNTIME = (NODE, HANDLERS / "node_runtime.mjs")


@dataclass(frozen=True)
class WarmCalls:
    """How many calls of one process are counted, after those that warm it up, by what a call costs."""

    warm_up: int
    alone: int
    with_aws: int
    with_argon2: int


@dataclass
class Row:
    """One function, what it is called with, and what was measured so far. `reference` is its empty handler.

    It is started `starts` times a round.
    """

    label: str
    group: str
    function: Function
    series: Series
    warm_calls: int
    calls_aws: bool = False
    bytecode: bool = True
    reference: str = EMPTY
    starts: int = 1
    timings: list[Timings] = field(default_factory=list)

    def run(self, scratch: Path, count: int) -> None:
        """Start the function and call it so many times. Raises EmulatorError and WrongAnswerError."""
        with Emulator(self.function, scratch) as emulator:
            for _ in range(count):
                self.series.answered(emulator.invoke(self.series.event))
        self.timings.append(emulator.timings())


@dataclass
class Rows:
    """Makes the rows. Ours are deployed first, so that there are keys, users and sessions to call them with."""

    aws: LoopbackAws
    layer: Path
    scratch: Path
    warm: WarmCalls
    users: int
    jwks: str = ""
    left_out: list[str] = field(default_factory=list)
    spare: deque[dict[str, Any]] = field(default_factory=deque)

    def all(self) -> list[Row]:
        """Return the rows, ours first. Raises EmulatorError, WrongAnswerError and BuildError."""
        self._run("rotate_keys", lambda_calls.key_ring_creation(self.aws.page_url), 1)
        self.jwks = json.loads(self.aws.page["text"])["Data"]["Jwks"]
        self.aws.page["text"] = self.jwks.encode()
        usernames: list[str] = []
        self._run("register", lambda_calls.registrations(usernames), self.users + 2)
        # Two users of their own, and then what the first round's logouts end, should they come before its logins.
        count = 5 + self.warm.warm_up + self.warm.with_argon2
        self._run("login", lambda_calls.logins([*usernames[-2:], *usernames[:-2] * count], self.spare), count)
        first, reader = self.spare.popleft(), self.spare.popleft()
        token = first["access_token"]
        return [
            *self._ours(usernames[:-2], first, reader),
            *self._python_peers(token),
            *self._node(token),
            self._empty(token),
        ]

    # ── ours ──

    def _ours(self, usernames: list[str], first: dict[str, Any], reader: dict[str, Any]) -> list[Row]:
        """Return our rows. `first` and `reader` are the grants of two users that nobody else logs in."""
        calls = {
            "authorizer": lambda_calls.authorizations(first["access_token"]),
            "refresh": lambda_calls.refreshes(first["refresh_token"]),
            "login": lambda_calls.logins(usernames, self.spare),
            "logout": lambda_calls.logouts(self.spare),
            "password": lambda_calls.password_changes(lambda_calls.caller(reader)),
            "register": lambda_calls.registrations([]),
            "sessions": lambda_calls.reads("sessions", lambda_calls.caller(reader)),
            "jwks": lambda_calls.reads("jwks"),
            "whoami": lambda_calls.reads("me", lambda_calls.caller(reader)),
            "rotate_keys": lambda_calls.key_ring_advances(),
        }
        for name in sorted(set(deployed_functions()) - set(calls)):
            self.left_out.append(f"{name}: the benchmark does not know what to call it with")
        rows = {name: self._our_row(name, calls[name]) for name in calls}
        bare = without_bytecode(self.layer, self.scratch / "bare-layer")
        return [*rows.values(), *(_bare(rows[name], bare) for name in ("authorizer", "refresh"))]

    def _our_row(self, name: str, calls: Calls) -> Row:
        # A logout needs a login before it.
        costs = dict.fromkeys(("login", "logout", "password", "register"), self.warm.with_argon2)
        alone = name in {"authorizer", "whoami"}
        warm_calls = self.warm.alone if alone else costs.get(name, self.warm.with_aws)
        return Row(name, OURS, self._deployed(name), Series(calls), warm_calls, calls_aws=not alone)

    def _deployed(self, name: str) -> Function:
        deployed = deployed_functions()[name]
        variables = {
            **deployed.environment(PARAMETERS, self.jwks),
            "PYTHONPATH": str(self.layer),
            "AWS_ENDPOINT_URL": self.aws.endpoint,
        }
        return Function(name, self._code(ROOT / "functions" / name), variables, deployed.memory_mb)

    def _run(self, name: str, calls: Calls, count: int) -> None:
        Row(name, OURS, self._deployed(name), Series(calls), 0).run(self.scratch, count)

    # ── what others would deploy ──

    def _python_peers(self, token: str) -> list[Row]:
        compiled = packages("peers")
        bare = without_bytecode(compiled, self.scratch / "bare-peers")
        names = {"ISSUER": ISSUER, "AUDIENCE": AUDIENCE}
        key = {**names, "JWK": self._verification_key(token)}
        peers = {
            "signature_check": ("the signature check alone", key),
            "pyjwt_authorizer": ("PyJWT", key),
            "pyjwt_jwks_authorizer": ("PyJWT's PyJWKClient", {**names, "JWKS_URI": self.aws.page_url}),
            "powertools_authorizer": ("Powertools + PyJWT", key),
            "powertools_refresh": (
                "Powertools + boto3 + PyJWT",
                {**names, "PRIVATE_KEY": _private_key(), "TABLE": PEERS_TABLE, "AWS_ENDPOINT_URL": self.aws.endpoint},
            ),
        }
        return [
            self._peer(name, label, {**variables, "PYTHONPATH": str(folder)}, token, bytecode=folder == compiled)
            for name, (label, variables) in peers.items()
            for folder in (compiled, bare)
        ]

    def _peer(self, name: str, label: str, variables: Mapping[str, str], token: str, *, bytecode: bool) -> Row:
        refreshes = name == "powertools_refresh"
        calls = lambda_calls.refreshes(self._peers_session()) if refreshes else lambda_calls.authorizations(token)
        kind, memory = ("refresh", 512) if refreshes else ("authorizer", 256)
        return Row(
            f"{kind}: {label}" if bytecode else f"{kind}: {label}, no bytecode",
            PEER,
            Function(name, self._code(HANDLERS / name), variables, memory),
            Series(calls),
            self.warm.with_aws if refreshes else self.warm.alone,
            calls_aws=refreshes,
            bytecode=bytecode,
        )

    def _peers_session(self) -> str:
        subject, secret = f"user-{time.monotonic_ns()}", "first"
        item = {"pk": {"S": f"refresh#{subject}"}, "sk": {"S": secret}, "expiry": {"N": str(int(time.time()) + 86_400)}}
        self.aws.clients.dynamodb.put_item(TableName=PEERS_TABLE, Item=item)
        return f"{subject}:{secret}"

    def _verification_key(self, token: str) -> str:
        kid = jwt.get_unverified_header(token)["kid"]
        return json.dumps(next(key for key in json.loads(self.jwks)["keys"] if key["kid"] == kid))

    def _node(self, token: str) -> list[Row]:
        if not (NODE.exists() and (NODE_MODULES / "aws-jwt-verify").is_dir()):
            self.left_out.append("aws-jwt-verify: Node or its library is not installed")
            return []
        variables = {"ISSUER": ISSUER, "AUDIENCE": AUDIENCE, "JWKS": self.jwks}
        folder = self._code(HANDLERS / "node_authorizer")
        shutil.copytree(NODE_MODULES / "aws-jwt-verify", folder / "node_modules" / "aws-jwt-verify")
        verifier = Function("node_authorizer", folder, variables, 256, NODE_RUNTIME)
        empty = Function("node_empty", self._code(HANDLERS / "node_empty"), {}, 256, NODE_RUNTIME)
        label = "authorizer: aws-jwt-verify (Node)"
        authorizations = Series(lambda_calls.authorizations(token))
        return [
            Row(label, PEER, verifier, authorizations, self.warm.alone, reference=NODE_EMPTY),
            _reference(NODE_EMPTY, empty, self.warm.alone, token),
        ]

    def _empty(self, token: str) -> Row:
        function = Function("empty", self._code(HANDLERS / "empty"), {}, 256)
        return _reference(EMPTY, function, self.warm.alone, token)

    def _code(self, folder: Path) -> Path:
        """Copy a function's code: bytecode that tests left beside it is not deployed."""
        copy = self.scratch / "code" / folder.name
        if not copy.is_dir():
            without_bytecode(folder, copy)
        return copy


def _bare(row: Row, layer: Path) -> Row:
    """Return the same function on a layer without bytecode; they take turns with one series of calls."""
    variables = {**row.function.variables, "PYTHONPATH": str(layer)}
    function = replace(row.function, variables=variables)
    return replace(row, label=f"{row.label}, no bytecode", function=function, bytecode=False, timings=[])


def _reference(label: str, function: Function, warm_calls: int, token: str) -> Row:
    nothings = Series(lambda_calls.nothings(token))
    return Row(label, REFERENCE, function, nothings, warm_calls, reference=label, starts=REFERENCE_STARTS)


def _private_key() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
