"""Which functions are started side by side: all of ours on the layer, what others would deploy, and empty ones."""

import json
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from benchmarks.frame.results import ROOT
from benchmarks.peers.patterns import PATTERNS
from benchmarks.requests.deployment import AUDIENCE, ISSUER, Deployment
from benchmarks.requests.functions import running
from benchmarks.starts import calls
from benchmarks.starts.calls import Calls, Series
from benchmarks.starts.emulator import PYTHON, Function, Timings, emulated
from benchmarks.starts.layer import packages, without_bytecode
from benchmarks.tokens.node import LIBRARY, NODE, PACKAGES, is_installed
from tests.support.template import functions

EMPTY, NODE_EMPTY = "empty", "empty (Node)"
OURS, PEER, REFERENCE = "ours", "peer", "reference"
# So that no single start of theirs decides a whole round's ratios.
REFERENCE_STARTS = 3

PARAMETERS = {
    # Every call rotates: within the usual ten seconds a second one would get the same token again.
    "RotationGraceSeconds": "0",
    # Longer than the benchmark takes.
    "AccessTokenSeconds": "3600",
}
PEERS_TABLE = "PeersTable"
HANDLERS = ROOT / "benchmarks" / "peers" / "handlers"
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
        """Start the function and call it so many times. Raises EmulatorError, RuntimeError."""
        with emulated(self.function, scratch) as emulator:
            for _ in range(count):
                self.series.answered(emulator.invoke(self.series.event))
        self.timings.append(emulator.timings())

    def on(self, folder: Path) -> "Row":
        """Return the same function with the packages of this folder. Both take turns with one series of calls."""
        function = replace(self.function, variables={**self.function.variables, "PYTHONPATH": str(folder)})
        return replace(self, function=function, timings=[])

    def without_bytecode(self, folder: Path) -> "Row":
        """Return the same function with packages that have no bytecode."""
        return replace(self.on(folder), label=f"{self.label}, no bytecode", bytecode=False)


@dataclass(frozen=True)
class Rows:
    """Makes the rows. `jwks_url` is where the public keys are served."""

    deployment: Deployment
    jwks_url: str
    layer: Path
    scratch: Path
    warm: WarmCalls
    left_out: list[str] = field(default_factory=list)

    def all(self) -> list[Row]:
        """Return the rows, ours first."""
        with running(self.deployment) as functions:
            token = functions.access_token(PARAMETERS)
        return [*self._ours(token), *self._python_peers(token), *self._node(token), self._empty(EMPTY, "empty", token)]

    def _ours(self, token: str) -> list[Row]:
        user_id = self.deployment.add_user("ada")
        session_id, refresh_token = self.deployment.add_session(user_id)
        caller = {"sub": user_id, "sid": session_id}
        alone, with_aws, with_argon2 = self.warm.alone, self.warm.with_aws, self.warm.with_argon2
        of_each: dict[str, tuple[Calls, int]] = {
            "authorizer": (calls.authorizations(token), alone),
            "refresh": (calls.refreshes(refresh_token), with_aws),
            "login": (calls.logins(self.deployment), with_argon2),
            "logout": (calls.logouts(self.deployment, user_id), with_aws),
            "password": (calls.password_changes(caller), with_argon2),
            "register": (calls.registrations(), with_argon2),
            "sessions": (calls.reads("sessions", caller), with_aws),
            "jwks": (calls.reads("jwks"), with_aws),
            "whoami": (calls.reads("me", caller), alone),
            "rotate_keys": (calls.key_ring_advances(), with_aws),
        }
        unknown = sorted(set(functions()) - set(of_each))
        self.left_out.extend(f"{name}: the benchmark does not know what to call it with" for name in unknown)
        rows = {
            name: Row(
                name, OURS, self._our_function(name), Series(series), warm_calls, name not in ("authorizer", "whoami")
            )
            for name, (series, warm_calls) in of_each.items()
        }
        bare = without_bytecode(self.layer, self.scratch / "bare-layer")
        return [*rows.values(), rows["authorizer"].without_bytecode(bare), rows["refresh"].without_bytecode(bare)]

    def _our_function(self, name: str) -> Function:
        variables = {"PYTHONPATH": str(self.layer), "AWS_ENDPOINT_URL": str(self.deployment.endpoint)}
        variables |= self.deployment.environment(name, PARAMETERS)
        return Function(name, self._code(ROOT / "functions" / name), variables)

    def _python_peers(self, token: str) -> list[Row]:
        key = {"JWK": json.dumps(json.loads(self.deployment.jwks)["keys"][0])}
        rows = [
            self._authorizer("the signature check alone", "signature_check", token, key),
            self._authorizer("PyJWT", "pyjwt_authorizer", token, key),
            self._authorizer("PyJWT's PyJWKClient", "pyjwt_jwks_authorizer", token, {"JWKS_URI": self.jwks_url}),
            self._authorizer("Powertools + PyJWT", "powertools_authorizer", token, key),
            self._refresh("Powertools + boto3 + PyJWT", "powertools_refresh"),
        ]
        compiled = packages("peers")
        bare = without_bytecode(compiled, self.scratch / "bare-peers")
        return [each for row in rows for each in (row.on(compiled), row.without_bytecode(bare))]

    def _authorizer(
        self,
        label: str,
        name: str,
        token: str,
        variables: Mapping[str, str],
        runtime: Sequence[str | Path] = PYTHON,
        reference: str = EMPTY,
    ) -> Row:
        function = self._peer(name, variables, runtime)
        series = Series(calls.authorizations(token))
        return Row(f"authorizer: {label}", PEER, function, series, self.warm.alone, reference=reference)

    def _refresh(self, label: str, name: str) -> Row:
        client = self.deployment.client
        PATTERNS["OpenAuth"].create_table(client, PEERS_TABLE)
        expiry = {"N": str(int(time.time()) + 86_400)}
        client.put_item(
            TableName=PEERS_TABLE, Item={"pk": {"S": "refresh#ada"}, "sk": {"S": "first"}, "expiry": expiry}
        )
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        variables = {"PRIVATE_KEY": pem, "TABLE": PEERS_TABLE, "AWS_ENDPOINT_URL": str(self.deployment.endpoint)}
        series = Series(calls.refreshes("ada:first"))
        return Row(f"refresh: {label}", PEER, self._peer(name, variables), series, self.warm.with_aws, calls_aws=True)

    def _node(self, token: str) -> list[Row]:
        if not is_installed():
            self.left_out.append(f"{LIBRARY}: Node or its library is not installed")
            return []
        jwks, name = {"JWKS": self.deployment.jwks}, "node_authorizer"
        shutil.copytree(PACKAGES / LIBRARY, self._code(HANDLERS / name) / "node_modules" / LIBRARY)
        return [
            self._authorizer(f"{LIBRARY} (Node)", name, token, jwks, NODE_RUNTIME, NODE_EMPTY),
            self._empty(NODE_EMPTY, "node_empty", token, NODE_RUNTIME),
        ]

    def _empty(self, label: str, name: str, token: str, runtime: Sequence[str | Path] = PYTHON) -> Row:
        function, series = self._peer(name, {}, runtime), Series(calls.nothings(token))
        return Row(label, REFERENCE, function, series, self.warm.alone, reference=label, starts=REFERENCE_STARTS)

    def _peer(self, name: str, variables: Mapping[str, str], runtime: Sequence[str | Path] = PYTHON) -> Function:
        names = {"ISSUER": ISSUER, "AUDIENCE": AUDIENCE}
        return Function(name, self._code(HANDLERS / name), {**names, **variables}, runtime)

    def _code(self, folder: Path) -> Path:
        """Copy a function's code: bytecode that tests left beside it is not deployed."""
        copy = self.scratch / "code" / folder.name
        return copy if copy.is_dir() else without_bytecode(folder, copy)
