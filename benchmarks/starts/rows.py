"""The functions that are compared: those of edge-auth on the layer, those of other designs, and empty ones."""

import json
import secrets
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from benchmarks.frame.results import ROOT
from benchmarks.peers.patterns import PATTERNS
from benchmarks.requests import events
from benchmarks.requests.deployment import AUDIENCE, ISSUER, Deployment
from benchmarks.requests.events import CREATED, NO_CONTENT, Answer, allowed, succeeded
from benchmarks.requests.functions import running
from benchmarks.starts.emulator import PYTHON, Function, Timings, emulated
from benchmarks.starts.layer import packages, without_bytecode
from benchmarks.tokens.node import LIBRARY, NODE, PACKAGES, is_installed
from tests.support.sample_events import Event, sample, token_event
from tests.support.template import functions

EMPTY, NODE_EMPTY = "empty", "empty (Node)"
OURS, PEER, REFERENCE = "ours", "peer", "reference"
# The median of three starts, because all ratios of a round depend on the reference.
REFERENCE_STARTS = 3

PARAMETERS = {"AccessTokenSeconds": "3600"}  # longer than the benchmark takes
PEERS_TABLE = "PeersTable"
NEW_PASSWORD = "seven loud herons at dusk"
HANDLERS = ROOT / "benchmarks" / "peers" / "handlers"
NODE_RUNTIME = (NODE, HANDLERS / "node_runtime.mjs")

MakeEvent = Callable[[], Event]
Check = Callable[[Answer], object]


@dataclass(frozen=True)
class WarmCalls:
    """The number of calls that warm up one process, and of the measured calls, by the kind of call."""

    warm_up: int
    alone: int
    with_aws: int
    with_argon2: int


@dataclass
class Row:
    """One function, its events and its measured times. `reference` is the label of the empty handler to compare with.

    `event` prepares the state of a call and returns its event. `check` raises RuntimeError if the answer is not a
    success. The function starts `starts` times in each round.
    """

    label: str
    group: str
    function: Function
    event: MakeEvent
    check: Check
    warm_calls: int
    calls_aws: bool = False
    bytecode: bool = True
    reference: str = EMPTY
    starts: int = 1
    timings: list[Timings] = field(default_factory=list)

    def run(self, scratch: Path, count: int) -> None:
        """Start the function and call it `count` times. Raises RuntimeError: a call failed."""
        with emulated(self.function, scratch) as emulator:
            for _ in range(count):
                self.check(emulator.invoke(self.event()))
        self.timings.append(emulator.timings())

    def on(self, folder: Path) -> "Row":
        """Return the same function with the packages of this folder."""
        function = replace(self.function, variables={**self.function.variables, "PYTHONPATH": str(folder)})
        return replace(self, function=function, timings=[])

    def without_bytecode(self, folder: Path) -> "Row":
        """Return the same function with packages that have no bytecode."""
        return replace(self.on(folder), label=f"{self.label}, no bytecode", bytecode=False)


@dataclass(frozen=True)
class Rows:
    """Makes the rows. `jwks_url` is the address of the public keys."""

    deployment: Deployment
    jwks_url: str
    layer: Path
    scratch: Path
    warm: WarmCalls
    left_out: list[str] = field(default_factory=list)

    def all(self) -> list[Row]:
        """Return the rows. Those of edge-auth come first."""
        with running(self.deployment) as functions:
            token = functions.access_token(PARAMETERS)
        return [*self._ours(token), *self._python_peers(token), *self._node(token), self._empty(EMPTY, "empty", token)]

    def _ours(self, token: str) -> list[Row]:
        deployment = self.deployment
        alone, with_aws, with_argon2 = self.warm.alone, self.warm.with_aws, self.warm.with_argon2

        def refresh_token() -> str:
            return deployment.add_session(user_id)[1]

        def password_change() -> Event:
            _, new_id = deployment.new_user()
            return events.password_change({"sub": new_id, "sid": deployment.add_session(new_id)[0]}, NEW_PASSWORD)

        _, user_id = deployment.new_user()
        caller = {"sub": user_id, "sid": deployment.add_session(user_id)[0]}
        ended = partial(succeeded, status=NO_CONTENT)
        calls: dict[str, tuple[MakeEvent, Check, int]] = {
            "authorizer": (lambda: token_event(token), allowed, alone),
            "refresh": (lambda: events.refresh(refresh_token()), succeeded, with_aws),
            "login": (lambda: events.login(deployment.new_user()[0]), succeeded, with_argon2),
            "logout": (lambda: events.logout(refresh_token()), ended, with_aws),
            "password": (password_change, ended, with_argon2),
            "register": (events.register, partial(succeeded, status=CREATED), with_argon2),
            "sessions": (lambda: events.event("sessions", caller), succeeded, with_aws),
            "jwks": (lambda: events.event("jwks"), succeeded, with_aws),
            "whoami": (lambda: events.event("me", caller), succeeded, alone),
            "rotate_keys": (lambda: sample("key-ring-advance"), has_version, with_aws),
        }
        unknown = sorted(set(functions()) - set(calls))
        self.left_out.extend(f"{name}: the benchmark does not know what to call it with" for name in unknown)
        rows = {
            name: Row(name, OURS, self._our_function(name), *call, calls_aws=name not in ("authorizer", "whoami"))
            for name, call in calls.items()
        }
        bare = without_bytecode(self.layer, self.scratch / "bare-layer")
        return [*rows.values(), rows["authorizer"].without_bytecode(bare), rows["refresh"].without_bytecode(bare)]

    def _our_function(self, name: str) -> Function:
        layer = {"PYTHONPATH": str(self.layer)} if functions()[name].get("Layers") else {}
        variables = {**layer, "AWS_ENDPOINT_URL": str(self.deployment.endpoint)}
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
        event = partial(token_event, token)
        return Row(f"authorizer: {label}", PEER, function, event, allowed, self.warm.alone, reference=reference)

    def _refresh(self, label: str, name: str) -> Row:
        client = self.deployment.client
        PATTERNS["OpenAuth"].create_table(client, PEERS_TABLE)

        def event() -> Event:
            secret, expiry = secrets.token_urlsafe(32), str(int(time.time()) + 86_400)
            item = {"pk": {"S": "refresh#ada"}, "sk": {"S": secret}, "expiry": {"N": expiry}}
            client.put_item(TableName=PEERS_TABLE, Item=item)
            return events.refresh(f"ada:{secret}")

        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        variables = {"PRIVATE_KEY": pem, "TABLE": PEERS_TABLE, "AWS_ENDPOINT_URL": str(self.deployment.endpoint)}
        function, warm_calls = self._peer(name, variables), self.warm.with_aws
        return Row(f"refresh: {label}", PEER, function, event, succeeded, warm_calls, calls_aws=True)

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
        function, event = self._peer(name, {}, runtime), partial(token_event, token)
        warm_calls = self.warm.alone
        return Row(label, REFERENCE, function, event, is_nothing, warm_calls, reference=label, starts=REFERENCE_STARTS)

    def _peer(self, name: str, variables: Mapping[str, str], runtime: Sequence[str | Path] = PYTHON) -> Function:
        names = {"ISSUER": ISSUER, "AUDIENCE": AUDIENCE}
        return Function(name, self._code(HANDLERS / name), {**names, **variables}, runtime)

    def _code(self, folder: Path) -> Path:
        """Copy a function's code without the bytecode that tests left beside it."""
        copy = self.scratch / "code" / folder.name
        return copy if copy.is_dir() else without_bytecode(folder, copy)


def has_version(answer: Answer) -> None:
    """Check that the answer names a version of the key ring. Raises RuntimeError."""
    if not answer.get("version"):
        raise RuntimeError(f"no key ring: {answer}")


def is_nothing(answer: Answer) -> None:
    """Check the answer of an empty handler. Raises RuntimeError."""
    if answer != {}:
        raise RuntimeError(f"not an empty answer: {answer}")
