"""Outages on the deployed local stack, with a steady load: what stays right, what answers 503, and when it is over.

Each function calls DynamoDB and Secrets Manager through a relay of its own, and the issuer is behind a third one. A
drill lets one of them refuse all connections or fall silent, and brings it back. No function is started again for that.
The tables are in a real engine, which one of the drills kills and starts again.

An authorizer asks the issuer only for a key that it does not have. So in the drills of the issuer a next key signs, and
the authorizer was deployed before that key was made.
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, Protocol

from benchmarks.frame.processes import free_ports
from benchmarks.frame.results import markdown
from edge_auth.keys.timing import UNKNOWN_KEY_FETCH_SECONDS
from local import dynamodb, ministack, sam
from local.progress import Progress
from local.settings import API_ID, ROOT, STAGE, Settings
from local.stack import Stack, running_stack
from proof.frame.results import Figures, MissingTool
from proof.frame.run import Run
from proof.outages.kept_engine import KeptEngine, kept_engine
from proof.outages.load import CALL, FROM_THE_BEGIN, LOGIN, NEXT_KEY, REFRESH, UNAVAILABLE, Load, Seen
from proof.outages.promises import broken_of
from proof.outages.relay import Relay, relay
from tests.support.key_times import KeyTimes

DYNAMODB, ENGINE, SECRETS, ISSUER = "DynamoDB", "the engine of DynamoDB", "Secrets Manager", "issuer"
VARIABLES = {DYNAMODB: "AWS_ENDPOINT_URL_DYNAMODB", SECRETS: "AWS_ENDPOINT_URL_SECRETS_MANAGER"}
STEADY_SECONDS, SHORT_SECONDS, PATIENCE_SECONDS = 4.0, 5.0, 90.0
RECOVERY_SECONDS = 5.0  # from when the service is back, until every answer is a success again
OK, UNAUTHORIZED = 200, 401
GOES_ON, UNAVAILABLE_ONLY, EITHER = frozenset({OK}), frozenset({UNAVAILABLE}), frozenset({OK, UNAVAILABLE})
REFUSED_ONLY = frozenset({UNAUTHORIZED})  # docs/decisions/0011: anybody can name a key that nobody knows


class Service(Protocol):
    """What a drill lets go. It comes back as it was."""

    def restore(self) -> None:
        """Bring it back."""


class Drill(NamedTuple):
    """An outage: what is gone and how, for how long, and which statuses each kind of request may have meanwhile.

    `cold` starts the functions again while it is gone, so that they have nothing in memory.
    """

    gone: str
    go: Callable[[Any], None]
    seconds: float
    allowed: Mapping[str, frozenset[int]]
    cold: tuple[str, ...] = ()

    @property
    def is_short(self) -> bool:
        """Whether the service is back before each kind of request was tried."""
        return self.seconds < SHORT_SECONDS

    @property
    def meets_next_key(self) -> bool:
        """Whether a key signs that the authorizer does not have."""
        return NEXT_KEY in self.allowed


ALL_GO_ON = {REFRESH: GOES_ON, LOGIN: GOES_ON, CALL: GOES_ON}
WITHOUT_TABLES = {REFRESH: UNAVAILABLE_ONLY, LOGIN: UNAVAILABLE_ONLY, CALL: GOES_ON}
WITHOUT_ISSUER = {**ALL_GO_ON, NEXT_KEY: REFUSED_ONLY}
WITHOUT_KEYS = {REFRESH: UNAVAILABLE_ONLY, LOGIN: UNAVAILABLE_ONLY, CALL: GOES_ON}
DRILLS: Mapping[str, Drill] = {
    "DynamoDB refuses": Drill(DYNAMODB, Relay.refuse, 12, WITHOUT_TABLES),
    "DynamoDB is silent": Drill(DYNAMODB, Relay.fall_silent, 24, WITHOUT_TABLES),
    "DynamoDB is killed and starts again": Drill(
        ENGINE, KeptEngine.kill, 2, {REFRESH: EITHER, LOGIN: EITHER, CALL: GOES_ON}
    ),
    "Secrets Manager refuses": Drill(SECRETS, Relay.refuse, 12, ALL_GO_ON),
    "Secrets Manager refuses, cold functions": Drill(
        SECRETS, Relay.refuse, 12, WITHOUT_KEYS, cold=("LoginFunction", "RefreshFunction")
    ),
    "issuer refuses, a next key signs": Drill(ISSUER, Relay.refuse, 12, WITHOUT_ISSUER),
    "issuer refuses, a next key signs, cold authorizer": Drill(
        ISSUER, Relay.refuse, 12, WITHOUT_ISSUER, cold=("AuthorizerFunction",)
    ),
}


@dataclass(frozen=True)
class Place:
    """A deployed stack whose functions reach their services through relays."""

    stack: Stack
    relays: Mapping[str, Relay]
    services: Mapping[str, Service]
    keys: KeyTimes

    @contextmanager
    def next_key_unknown(self) -> Iterator[None]:
        """Let the authorizer not have the key that signs next. Put the keys back when the block ends."""
        with self.keys.put_back():
            while self.keys.ring.signing[-1].key.kid in self.keys.deployed_kids():
                self.let_next_key_sign()
            yield

    def let_next_key_sign(self) -> None:
        """Let an operator bring the next key forward, and a day pass. The authorizer still has the key before it."""
        self.keys.bring_forward()
        self.keys.let_the_next_key_sign()

    def restart(self, *logical_ids: str) -> None:
        """Start functions again, with the addresses of the relays."""
        clients = self.stack.clients
        for name in logical_ids:
            resource = clients.cloudformation.describe_stack_resource(StackName="edge-auth", LogicalResourceId=name)
            function = resource["StackResourceDetail"]["PhysicalResourceId"]
            found = clients.lambda_.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
            changes = {
                variable: f"http://127.0.0.1:{self.relays[service].port}" for service, variable in VARIABLES.items()
            }
            variables = {**found, **changes, "STARTED": str(time.time_ns())}
            clients.lambda_.update_function_configuration(FunctionName=function, Environment={"Variables": variables})


def prove(run: Run) -> Figures:
    """Deploy, and do each drill. A short run does the shortest one. Raises MissingTool: there is no local stack."""
    for tool in (ministack.INTERPRETER, sam.SAM):
        if not tool.exists():
            raise MissingTool(f"{tool.relative_to(ROOT)} is not installed: `make demo` installs it")
    if not dynamodb.is_installed():
        raise MissingTool(f"no DynamoDB engine: {dynamodb.HOW_TO_GET_IT}")
    names = list(DRILLS)[: run.amount(short=3, long=len(DRILLS))][run.amount(short=2, long=0) :]
    with deployed() as place:
        done = run.parts(names, lambda name: drilled(place, DRILLS[name]))
    counts = {name: part["counts"] for name, part in done.items()}
    return Figures(counts, {name: part["measured"] for name, part in done.items()})


@contextmanager
def deployed() -> Iterator[Place]:
    """Deploy the stack on a free port, with relays between its functions and their services."""
    [port] = free_ports(1)
    with ExitStack() as opened:
        relays = {service: opened.enter_context(relay(port)) for service in (DYNAMODB, SECRETS, ISSUER)}
        issuer = f"http://127.0.0.1:{relays[ISSUER].port}/_aws/execute-api/{API_ID}/{STAGE}"
        settings = Settings(port=port, home=ROOT / ".local" / "outages", parameters={"Issuer": issuer})
        stack = opened.enter_context(running_stack(settings, os.environ, Progress()))
        folder = Path(opened.enter_context(TemporaryDirectory())) / "tables"
        engine = opened.enter_context(kept_engine(folder, relays[DYNAMODB], stack.clients.dynamodb))
        place = Place(stack, relays, {**relays, ENGINE: engine}, KeyTimes(stack))
        place.restart("LoginFunction", "RefreshFunction", "AuthorizerFunction", "JwksFunction", "WhoamiFunction")
        yield place


def drilled(place: Place, drill: Drill) -> dict[str, Any]:
    """Let a service be gone under load, and return what was seen."""
    load = Load(place.stack.settings.base_url, place.stack.user.name, place.stack.user.password)
    gone = place.services[drill.gone]
    with place.next_key_unknown() if drill.meets_next_key else nullcontext(), load.running():
        if drill.meets_next_key:
            with load.resting():
                place.let_next_key_sign()
        _wait_for(load.seen, FROM_THE_BEGIN, time.monotonic(), GOES_ON)
        time.sleep(STEADY_SECONDS)
        going = time.monotonic()
        with load.resting():  # the local stack ends the requests of a function that it starts again; AWS does not
            drill.go(gone)
            place.restart(*drill.cold)
        closed = time.monotonic()
        if drill.meets_next_key:
            load.meet_next_key()
        time.sleep(drill.seconds)
        if not drill.is_short:
            _wait_for(load.seen, drill.allowed, closed)
        opening = time.monotonic()
        gone.restore()
        opened = time.monotonic()
        _wait_for(load.seen, drill.allowed, opened, GOES_ON)
        bound = opened + max(map(recovery_bound_seconds, drill.allowed))
        time.sleep(max(RECOVERY_SECONDS, bound - time.monotonic()) + STEADY_SECONDS)
    return judged(load, drill, Times(going, closed, opening, opened))


class Times(NamedTuple):
    """When a service begins to go, is gone, begins to come back, and is back, by the monotonic clock."""

    going: float
    gone: float
    coming: float
    back: float


def judged(load: Load, drill: Drill, times: Times) -> dict[str, Any]:
    """Return the counts of a drill: what was right before, meanwhile and afterwards, and what was not.

    An answer that comes after the time for the recovery has to be a success, whenever its request began.
    """
    meanwhile = [seen for seen in load.seen if times.gone <= seen.begin and seen.end <= times.coming]
    recovered = {kind: recovery_seconds(load.seen, kind, times.back) for kind in drill.allowed}
    steady = [
        seen
        for seen in load.seen
        if seen.end <= times.going or seen.end > times.back + recovery_bound_seconds(seen.kind)
    ]
    missing = sum(all(seen.kind != kind for seen in meanwhile) for kind in drill.allowed)
    refused = [seen for seen in load.seen if seen.status == UNAVAILABLE]
    kinds = Counter(f"{seen.kind}, {seen.status}" for seen in meanwhile)
    return {
        "counts": {
            "wrong_meanwhile": sum(seen.status not in drill.allowed[seen.kind] for seen in meanwhile),
            "kinds_not_seen_meanwhile": 0 if drill.is_short else missing,
            "wrong_otherwise": sum(seen.status != OK for seen in steady),
            "neither_success_nor_503": sum(seen.status not in EITHER | drill.allowed[seen.kind] for seen in load.seen),
            "without_retry_after": sum(not seen.retry_after for seen in refused),
            "sessions_lost": len(load.lost),
        },
        "measured": {
            "meanwhile": dict(sorted(kinds.items())),
            "recovered_after_s": {kind: round(seconds, 1) for kind, seconds in recovered.items()},
            "slowest_s": round(max(seen.end - seen.begin for seen in load.seen), 1),
            "requests": len(load.seen),
            "lost_with": sorted(load.lost),
        },
    }


def recovery_bound_seconds(kind: str) -> float:
    """Return how long answers may fail after an outage. An authorizer asks for unknown keys once a minute."""
    return RECOVERY_SECONDS + (UNKNOWN_KEY_FETCH_SECONDS if kind == NEXT_KEY else 0)


def recovery_seconds(seen: list[Seen], kind: str, opened: float) -> float:
    """Return the seconds from the end of an outage until the last answer that was no success came."""
    failures = [each.end for each in seen if each.kind == kind and each.end > opened and each.status != OK]
    return max(failures, default=opened) - opened


def _wait_for(seen: list[Seen], kinds: Collection[str], since: float, statuses: frozenset[int] = frozenset()) -> None:
    """Wait until each kind of request was answered since then, so or anyhow. Raises RuntimeError: one was not."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        new = {each.kind for each in list(seen) if each.begin > since and each.status in (statuses or {each.status})}
        if new.issuperset(kinds):
            return
        time.sleep(0.1)
    raise RuntimeError("not all kinds of requests are answered")


PROMISES = {
    "wrong_meanwhile": "answers were not the planned ones during the outage",
    "kinds_not_seen_meanwhile": "kinds of requests were not tried during the outage",
    "wrong_otherwise": "answers failed before the outage, or later after it than they may",
    "neither_success_nor_503": "answers were neither a success nor 503, nor a planned refusal",
    "without_retry_after": "answers with 503 had no Retry-After",
    "sessions_lost": "sessions were lost",
}


def broken(figures: Figures) -> list[str]:
    """Return what does not hold."""
    return broken_of(figures, PROMISES)


def table(figures: Figures) -> str:
    """Return a row for each drill."""
    head = ("outage", "meanwhile, by status", "recovered after, s", "slowest answer, s", "sessions lost")
    rows = []
    for name, measured in figures.measured.items():
        meanwhile = "; ".join(f"{kind}: {count}" for kind, count in measured["meanwhile"].items())
        recovered = ", ".join(f"{kind} {seconds:g}" for kind, seconds in measured["recovered_after_s"].items())
        lost = figures.counts[name]["sessions_lost"]
        rows.append((name, meanwhile, recovered, measured["slowest_s"], lost))
    return markdown(head, rows)
