"""The systems that are compared, each with its documented settings, and how its server is started.

Ory Hydra, Keycloak and Supabase Auth are not among them: they are no packages of PyPI or npm. None is run here, so
nothing is said of them.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.frame.processes import MissingTool as MissingBenchmarkTool
from benchmarks.frame.processes import free_ports, serving
from benchmarks.frame.results import ROOT
from benchmarks.requests.engine import running_engine
from proof.frame.results import MissingTool
from proof.peers import adapters, edge_auth
from proof.peers.peer import USERS, MovedClock, Peer, Session

SERVERS = Path(__file__).parent / "servers"
PYTHON = ROOT / ".tools" / "peer-servers" / "bin" / "python"
NODE = ROOT / ".tools" / "node" / "bin" / "node"
LOGS = ROOT / ".cache" / "proof" / "peers"
SHORT_USERS = 30
STARTS = 3  # of a server, until it is given up
MINUTE, HOUR, DAY = 60, 3600, 86_400

Serving = Callable[[MovedClock, Path, Path], AbstractContextManager[int]]
"""Runs a server with a clock, a scratch folder and a log. Yields its port. Raises MissingTool."""


@dataclass(frozen=True)
class System:
    """One row: a system with settings. `stands_on` says where its state is, and how many processes it has."""

    name: str
    settings: str
    stands_on: str
    session: type[Session]
    access_seconds: int
    serving: Serving

    @property
    def title(self) -> str:
        """The name with the settings."""
        return f"{self.name}, {self.settings}"

    @contextmanager
    def running(self) -> Iterator[Peer]:
        """Run it, with a new state and a clock that begins now. Raises MissingTool."""
        LOGS.mkdir(parents=True, exist_ok=True)
        log = LOGS / "-".join(f"{self.title}.log".split())
        with TemporaryDirectory(prefix="peer-") as folder:
            scratch = Path(folder)
            scratch.chmod(0o755)  # PostgreSQL may run as another user
            clock = MovedClock(scratch / "clock")
            with ExitStack() as started:
                port = self._start(started, clock, scratch, log)
                yield Peer(port, self.access_seconds, clock, self.session)

    def _start(self, started: ExitStack, clock: MovedClock, scratch: Path, log: Path) -> int:
        """Return the port. A port that was free may be taken until the server has it, so this tries more than once."""
        for attempt in range(STARTS):
            state = scratch / f"state-{attempt}"
            state.mkdir()
            with suppress(RuntimeError):
                return started.enter_context(self.serving(clock, state, log))
        raise RuntimeError(f"{self.title} does not start; read {log}")


def _environment(clock: MovedClock, **more: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "PEER_CLOCK": str(clock.file), "LANG": "C.UTF-8", **more}


@contextmanager
def _edge_auth(clock: MovedClock, _scratch: Path, log: Path) -> Iterator[int]:
    try:
        with running_engine() as engine:
            [port] = free_ports(1)
            module = (sys.executable, "-m", "proof.peers.edge_auth")
            command = (*module, str(port), clock.file, engine.endpoint, str(USERS))
            with serving(command, port, env=dict(os.environ), log=log, cwd=ROOT):
                yield port
    except MissingBenchmarkTool as missing:
        raise MissingTool(str(missing)) from None


@contextmanager
def _node(script: str, arguments: object, clock: MovedClock, scratch: Path, log: Path) -> Iterator[int]:
    if not NODE.exists() or not (SERVERS / "node_modules" / ".package-lock.json").exists():
        raise MissingTool("no Node with the other systems' packages: `make prove` installs them from npm")
    [port] = free_ports(1)
    command = (NODE, "--import", SERVERS / "clock.mjs", SERVERS / script / "server.mjs", str(port))
    environment = _environment(clock, NODE_ENV="production", HOME=str(scratch))
    with serving((*command, json.dumps(arguments)), port, env=environment, log=log, cwd=SERVERS):
        yield port


@contextmanager
def _django(package: str, settings: Mapping[str, object], clock: MovedClock, scratch: Path, log: Path) -> Iterator[int]:
    if not PYTHON.exists():
        raise MissingTool("no Django with the other systems' packages: `make prove` installs them from PyPI")
    [port] = free_ports(1)
    environment = _environment(clock, PEER=package, PEER_SETTINGS=json.dumps(settings), PYTHONDONTWRITEBYTECODE="1")
    command = (PYTHON, "serve.py", str(port), scratch, str(USERS))
    with serving(command, port, env=environment, log=log, cwd=SERVERS / "django_login"):
        yield port


OURS = "edge-auth"
# In this process, for the short form: no row of a table.
IN_MEMORY = System(
    OURS,
    "defaults",
    "moto, 1 process",
    edge_auth.EdgeAuth,
    edge_auth.ACCESS_SECONDS,
    lambda clock, _scratch, _log: edge_auth.on_moto(clock, range(SHORT_USERS)),
)
_POSTGRES, _MEMORY, _SQLITE = "PostgreSQL, 4 processes", "memory, 1 process", "SQLite, 1 process"
_SIMPLEJWT, _TOOLKIT = "djangorestframework-simplejwt 5.5.1", "django-oauth-toolkit 3.4.1"
_OIDC_PROVIDER, _OPENAUTH, _BETTER_AUTH = "oidc-provider 9.13.3", "OpenAuth 0.4.3", "Better Auth 1.7.5"

SYSTEMS = (
    System(OURS, "defaults", "DynamoDB Local, 6 processes", edge_auth.EdgeAuth, edge_auth.ACCESS_SECONDS, _edge_auth),
    # https://django-rest-framework-simplejwt.readthedocs.io/en/stable/settings.html: nothing rotates by default.
    System(
        _SIMPLEJWT,
        "defaults: no rotation",
        _POSTGRES,
        adapters.SimpleJwtWithoutBlacklist,
        5 * MINUTE,
        partial(_django, "simplejwt", {"blacklist": False}),
    ),
    # https://django-rest-framework-simplejwt.readthedocs.io/en/stable/blacklist_app.html
    System(
        _SIMPLEJWT,
        "rotation and blacklist",
        _POSTGRES,
        adapters.SimpleJwt,
        5 * MINUTE,
        partial(
            _django,
            "simplejwt",
            {"blacklist": True, "ROTATE_REFRESH_TOKENS": True, "BLACKLIST_AFTER_ROTATION": True},
        ),
    ),
    # https://django-oauth-toolkit.readthedocs.io/en/stable/settings.html#rotate-refresh-token
    System(
        _TOOLKIT,
        "defaults: rotation",
        _POSTGRES,
        adapters.OAuthToolkit,
        10 * HOUR,
        partial(_django, "toolkit", {}),
    ),
    # Same page, refresh-token-reuse-protection, and refresh-token-grace-period-seconds, which suggests two minutes.
    System(
        _TOOLKIT,
        "reuse protection, 120 s grace",
        _POSTGRES,
        adapters.OAuthToolkit,
        10 * HOUR,
        partial(
            _django,
            "toolkit",
            {"REFRESH_TOKEN_REUSE_PROTECTION": True, "REFRESH_TOKEN_GRACE_PERIOD_SECONDS": 120},
        ),
    ),
    # https://github.com/panva/node-oidc-provider/blob/main/docs/README.md#rotaterefreshtoken
    System(
        _OIDC_PROVIDER,
        "defaults, public native client",
        _MEMORY,
        adapters.OidcProvider,
        HOUR,
        partial(_node, "oidc_provider", None),
    ),
    # https://openauth.js.org/docs/issuer/#ttl: a used token works for 60 s more, and is forgotten then.
    System(_OPENAUTH, "defaults", _MEMORY, adapters.OpenAuth, 30 * DAY, partial(_node, "openauth", {})),
    # Same page: with `retention`, a used token is remembered, to detect its reuse.
    System(
        _OPENAUTH,
        "retention of 30 days",
        _MEMORY,
        adapters.OpenAuth,
        30 * DAY,
        partial(_node, "openauth", {"retention": 30 * DAY}),
    ),
    # https://www.better-auth.com/docs/concepts/session-management: a cookie that never changes.
    System(
        _BETTER_AUTH,
        "session cookie, defaults",
        _SQLITE,
        adapters.BetterAuthCookie,
        7 * DAY,
        partial(_node, "better_auth", {}),
    ),
    # https://www.better-auth.com/docs/plugins/jwt
    System(
        _BETTER_AUTH,
        "session cookie, and JWTs for APIs",
        _SQLITE,
        adapters.BetterAuthJwt,
        15 * MINUTE,
        partial(_node, "better_auth", {}),
    ),
    # https://www.better-auth.com/docs/plugins/oauth-provider
    System(
        _BETTER_AUTH,
        "OAuth provider, defaults",
        _SQLITE,
        adapters.BetterAuthOAuth,
        HOUR,
        partial(_node, "better_auth", {}),
    ),
    # Same page: with `refreshTokenReuseInterval`, a retry gets the same answer again.
    System(
        _BETTER_AUTH,
        "OAuth provider, 30 s reuse interval",
        _SQLITE,
        adapters.BetterAuthOAuth,
        HOUR,
        partial(_node, "better_auth", {"refreshTokenReuseInterval": 30}),
    ),
)
