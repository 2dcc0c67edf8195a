"""The functions that are compared: those of edge-auth on the layer, those of other designs, and empty ones."""

import json
import secrets
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from benchmarks.frame.results import ROOT
from benchmarks.peers.patterns import PATTERNS
from benchmarks.requests import events, feed
from benchmarks.requests.deployment import Deployment
from benchmarks.requests.events import Answer, allowed, succeeded
from benchmarks.requests.functions import running
from benchmarks.starts.calls import ALONE, WITH_AWS, Check, MakeEvent, calls_of
from benchmarks.starts.calls import PARAMETERS as PARAMETERS_OF
from benchmarks.starts.emulator import PYTHON, Function, Timings, emulated
from benchmarks.starts.layer import packages, without_bytecode
from benchmarks.starts.tls import Front
from benchmarks.tokens.node import LIBRARY, NODE, PACKAGES, is_installed
from tests.support.access_tokens import AUDIENCE, ISSUER
from tests.support.dynamodb.tables import create_table
from tests.support.sample_events import Event, token_event
from tests.support.template import functions

EMPTY, NODE_EMPTY = "empty", "empty (Node)"
OURS, PEER, REFERENCE = "ours", "peer", "reference"
# The median of three starts, because all ratios of a round depend on the reference.
REFERENCE_STARTS = 3

PARAMETERS = {"AccessTokenSeconds": "3600"}  # longer than the benchmark takes
# The row `authorizer` is the one that asks nobody. A feed that cannot be read must fail its row, so it is closed then.
NO_FEED, CLOSED = {"RevocationSeconds": "0"}, {"RevocationFailure": "closed"}
WITH_FEED = "authorizer, with the feed"
WITH_FULL_FEED = f"{WITH_FEED}, {feed.ENDED:,} ended"
PEERS_TABLE, EMPTY_FEED, FULL_FEED = "PeersTable", "EmptyFeed", "FullFeed"
NO_BYTECODE = ", no bytecode"
HANDLERS = ROOT / "benchmarks" / "peers" / "handlers"
NODE_RUNTIME = (NODE, HANDLERS / "node_runtime.mjs")


@dataclass
class Row:
    """One function, its events and its measured times.

    `event` prepares the state of a call and returns its event. `check` raises an error if the answer is not a success.
    `warm_calls` is ALONE, WITH_AWS or WITH_ARGON2. `peaks_mb` has the most memory that each process took.
    """

    label: str
    group: str
    function: Function
    event: MakeEvent
    check: Check
    warm_calls: int
    timings: list[Timings] = field(default_factory=list)
    peaks_mb: list[float] = field(default_factory=list)

    @property
    def reference(self) -> str:
        """The label of the empty handler to compare with."""
        return NODE_EMPTY if self.function.runtime == NODE_RUNTIME else EMPTY

    @property
    def starts(self) -> int:
        """How often the function starts in each round."""
        return REFERENCE_STARTS if self.group == REFERENCE else 1

    def run(self, scratch: Path, count: int) -> None:
        """Start the function and call it `count` times. Raises RuntimeError: a call failed."""
        with emulated(self.function, scratch) as emulator:
            for _ in range(count):
                self.check(emulator.invoke(self.event()))
            self.peaks_mb.append(emulator.peak_mb())
        self.timings.append(emulator.timings())

    def forget(self) -> None:
        """Forget all starts."""
        self.timings.clear()
        self.peaks_mb.clear()

    def on(self, folder: Path, suffix: str = "") -> "Row":
        """Return the same function with the packages of this folder. The suffix says what is different there."""
        return self.with_variables(f"{self.label}{suffix}", {"PYTHONPATH": str(folder)})

    def with_variables(self, label: str, variables: Mapping[str, str]) -> "Row":
        """Return the same function under another label, with more environment variables, or other values."""
        function = replace(self.function, variables={**self.function.variables, **variables})
        return replace(self, label=label, function=function, timings=[], peaks_mb=[])


@dataclass(frozen=True)
class Rows:
    """Makes the rows. `jwks_url` is the address of the public keys, and `front` that of AWS."""

    deployment: Deployment
    front: Front
    jwks_url: str
    layer: Path
    scratch: Path

    def all(self) -> list[Row]:
        """Return the rows. Those of edge-auth come first, and those of Node only if it is installed."""
        return [*self._ours(), *self._python_peers(), *(self._node() if is_installed() else ()), self._empty(EMPTY)]

    @cached_property
    def _token_event(self) -> MakeEvent:
        """Makes the event of an authorizer, with an access token that every authorizer allows."""
        with running(self.deployment) as started:
            return partial(token_event, started.access_token(PARAMETERS))

    def _ours(self) -> list[Row]:
        calls = calls_of(self.deployment, self._token_event)
        if unknown := set(functions()) - set(calls):
            raise LookupError(f"no call is known for the functions {unknown}")
        rows = {name: self._row(name, *call) for name, call in calls.items() if name in functions()}
        bare = without_bytecode(self.layer, self.scratch / "bare-layer")
        without = [rows[name].on(bare, NO_BYTECODE) for name in ("authorizer", "refresh")]
        return [rows.pop("authorizer"), *self._with_feeds(), *rows.values(), *without]

    def _row(self, name: str, event: MakeEvent, check: Check, warm_calls: int) -> Row:
        layer = {"PYTHONPATH": str(self.layer)} if functions()[name].get("Layers") else {}
        parameters = {**PARAMETERS, **PARAMETERS_OF.get(name, {}), **(NO_FEED if name == "authorizer" else {})}
        variables = {**layer, **self._aws, **self.deployment.environment(name, parameters)}
        function = Function(name, self._code(ROOT / "functions" / name), variables)
        return Row(name, OURS, function, event, check, warm_calls)

    def _with_feeds(self) -> list[Row]:
        """Return the authorizer that reads an empty feed in its start, and the one that reads a full feed."""
        for table in (EMPTY_FEED, FULL_FEED):
            create_table(self.deployment.client, "RevocationsTable", table)
        feed.fill(self.deployment.client, FULL_FEED, now_seconds=int(time.time()))
        row = self._row("authorizer", self._token_event, allowed, ALONE)
        variables = self.deployment.environment("authorizer", {**PARAMETERS, **CLOSED})
        return [
            row.with_variables(label, {**variables, "REVOCATIONS_TABLE": table})
            for label, table in ((WITH_FEED, EMPTY_FEED), (WITH_FULL_FEED, FULL_FEED))
        ]

    @property
    def _aws(self) -> dict[str, str]:
        return {"AWS_ENDPOINT_URL": self.front.endpoint}

    def _python_peers(self) -> list[Row]:
        key = {"JWK": json.dumps(json.loads(self.deployment.jwks)["keys"][0])}
        rows = [
            self._authorizer("the signature check alone", "signature_check", key),
            self._authorizer("PyJWT", "pyjwt_authorizer", key),
            self._authorizer("PyJWT's PyJWKClient", "pyjwt_authorizer", {"JWKS_URI": self.jwks_url}),
            self._authorizer("Powertools + PyJWT", "powertools_authorizer", key),
            self._refresh("Powertools + boto3 + PyJWT", "powertools_refresh"),
        ]
        compiled = packages("peers")
        bare = without_bytecode(compiled, self.scratch / "bare-peers")
        return [each for row in rows for each in (row.on(compiled), row.on(bare, NO_BYTECODE))]

    def _node(self) -> list[Row]:
        name = "node_authorizer"
        shutil.copytree(PACKAGES / LIBRARY, self._code(HANDLERS / name) / "node_modules" / LIBRARY)
        return [
            self._authorizer(f"{LIBRARY} (Node)", name, {"JWKS": self.deployment.jwks}, NODE_RUNTIME),
            self._empty(NODE_EMPTY, "node_empty", NODE_RUNTIME),
        ]

    def _authorizer(
        self, label: str, name: str, variables: Mapping[str, str], runtime: Sequence[str | Path] = PYTHON
    ) -> Row:
        function = self._peer(name, variables, runtime)
        return Row(f"authorizer: {label}", PEER, function, self._token_event, allowed, ALONE)

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
        # The packages of others stay as they are, so the longer list of authorities is another file.
        authorities = self.front.extended_list(packages("peers"), self.scratch / "peers-authorities.pem")
        variables = {"PRIVATE_KEY": pem, "TABLE": PEERS_TABLE, **self._aws, "AWS_CA_BUNDLE": str(authorities)}
        return Row(f"refresh: {label}", PEER, self._peer(name, variables), event, succeeded, WITH_AWS)

    def _empty(self, label: str, name: str = "empty", runtime: Sequence[str | Path] = PYTHON) -> Row:
        return Row(label, REFERENCE, self._peer(name, {}, runtime), self._token_event, is_nothing, ALONE)

    def _peer(self, name: str, variables: Mapping[str, str], runtime: Sequence[str | Path] = PYTHON) -> Function:
        names = {"ISSUER": ISSUER, "AUDIENCE": AUDIENCE}
        return Function(name, self._code(HANDLERS / name), {**names, **variables}, runtime)

    def _code(self, folder: Path) -> Path:
        """Copy a function's code without the bytecode that tests left beside it."""
        return without_bytecode(folder, self.scratch / "code" / folder.name)


def is_nothing(answer: Answer) -> None:
    """Check the answer of an empty handler. Raises RuntimeError."""
    if answer != {}:
        raise RuntimeError(f"not an empty answer: {answer}")
