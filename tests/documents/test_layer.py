"""docs/layer.md lists the names that a user's own function may import, and its example works unchanged."""

import ast
import importlib
import importlib.util
import inspect
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge_auth.authorizer import issuer_keys
from edge_auth.tokens.access_token import issue
from sdk_data import OPERATIONS
from tests.support.access_tokens import AUDIENCE, ISSUER, claims_at, key
from tests.support.authorizer import Issuer, key_set
from tests.support.template import ROOT, functions

PAGE = ROOT / "docs" / "layer.md"
SITE = ROOT / "layers" / "edge_auth"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\| `(edge_auth[\w.]+)` \| `(\w+)` \| .+ \|$", re.MULTILINE)

TEXT = PAGE.read_text(encoding="utf-8")
OURS = key("ES256")
Event = dict[str, Any]
Handler = Callable[[Event, None], dict[str, Any]]


def function_url(authorization: str) -> Event:
    """Return an event of a function URL, with payload format 2.0 and header names in lower case."""
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/orders",
        "headers": {"authorization": authorization, "host": "abc.lambda-url.eu-central-1.on.aws"},
        "requestContext": {"http": {"method": "GET", "path": "/orders"}},
    }


def load_balancer(authorization: str) -> Event:
    """Return an event of an Application Load Balancer."""
    return {
        "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:eu-central-1:123456789012:x"}},
        "httpMethod": "GET",
        "path": "/orders",
        "headers": {"authorization": authorization, "host": "api.example.com"},
    }


def load_balancer_with_lists(authorization: str) -> Event:
    """Return an event of a load balancer that sends headers as lists."""
    event = load_balancer(authorization)
    return {**event, "multiValueHeaders": {name: [value] for name, value in event.pop("headers").items()}}


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """Return the page's second block of code, which verifies a token, as a file."""
    _, block = BLOCK.findall(TEXT)
    path = tmp_path / "app.py"
    path.write_text(block, encoding="utf-8")
    return path


@pytest.fixture
def behind(tmp_path: Path) -> Path:
    """Return the page's first block of code, which is behind an authorizer, as a file."""
    path = tmp_path / "behind.py"
    path.write_text(BLOCK.findall(TEXT)[0], encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("authorizer", "status"),
    [({"scope": "notes:read", "roles": "editor"}, 200), ({"scope": "notes:read", "roles": "member"}, 403), (None, 401)],
)
def test_the_example_behind_an_authorizer_checks_what_the_caller_may(
    behind: Path, authorizer: dict[str, str] | None, status: int
) -> None:
    """It answers a caller with the scope and the role, and refuses everybody else."""
    known = {"sub": "b3duZXI", "sid": "c2Vzc2lvbg", "client_id": "first-party", "jti": "dG9rZW4", "exp": "1800000900"}
    module: dict[str, Any] = {}
    exec(compile(behind.read_text(encoding="utf-8"), behind, "exec"), module)  # noqa: S102 - the page's own code

    answer = module["handler"]({"requestContext": {"authorizer": authorizer and {**known, **authorizer}}}, None)

    assert answer["statusCode"] == status


@pytest.fixture
def start(app: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Handler]:
    """Return a function that loads the example with a key set in its environment."""

    def cold(jwks: str) -> Handler:
        for name, value in {"ISSUER": ISSUER, "AUDIENCE": AUDIENCE, "JWKS": jwks}.items():
            monkeypatch.setenv(name, value)
        spec = importlib.util.spec_from_file_location("function_of_ones_own", app)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        handler: Handler = module.handler
        return handler

    return cold


def good_token() -> str:
    """Return an access token that is issued now."""
    return issue(claims_at(int(time.time())), OURS)


@pytest.mark.parametrize("event", [function_url, load_balancer, load_balancer_with_lists])
def test_the_example_knows_the_caller(start: Callable[[str], Handler], event: Callable[[str], Event]) -> None:
    """The example answers with the claims of a good token, verified with the keys of its environment."""
    answer = start(key_set([OURS]))(event(f"Bearer {good_token()}"), None)

    assert answer["statusCode"] == 200
    assert json.loads(answer["body"]) == {"user": "b3duZXIgb2Ygb3JkZXJzIQ", "scope": "orders:read orders:write"}


@pytest.mark.parametrize("event", [function_url, load_balancer, load_balancer_with_lists])
@pytest.mark.parametrize("authorization", ["", "Bearer ", "Basic YTpi", "Bearer a.b.c", "forged", "expired"])
def test_the_example_refuses_anything_else(
    start: Callable[[str], Handler], event: Callable[[str], Event], authorization: str
) -> None:
    """Any other header gets a 401 with a challenge, and raises no exception."""
    now = int(time.time())
    tokens = {
        "forged": f"Bearer {issue(claims_at(now), key('ES256', 'foreign'))}",
        "expired": f"Bearer {issue(claims_at(now - 3600), OURS)}",
    }

    answer = start(key_set([OURS]))(event(tokens.get(authorization, authorization)), None)

    assert (answer["statusCode"], answer["headers"]) == (401, {"WWW-Authenticate": "Bearer"})


def test_the_example_without_keys_asks_the_issuer_once(
    start: Callable[[str], Handler], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without `JWKS` the example fetches the issuer's keys once and accepts a good token."""
    issuer = Issuer(key_set([OURS]))
    monkeypatch.setattr(issuer_keys, "download", issuer.download)
    handler = start("")

    statuses = [handler(function_url(f"Bearer {good_token()}"), None)["statusCode"] for _ in range(3)]

    assert statuses == [200, 200, 200]
    assert issuer.asked == [f"{ISSUER}/.well-known/jwks.json"]


def test_the_example_without_keys_is_not_available_while_the_issuer_is_away(
    start: Callable[[str], Handler], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It knows nothing about a good token then, so it does not refuse it."""
    monkeypatch.setattr(issuer_keys, "download", Issuer().download)

    answer = start("")(function_url(f"Bearer {good_token()}"), None)

    assert (answer["statusCode"], answer["headers"]) == (503, {"Retry-After": "1"})


def test_mypy_accepts_the_examples(app: Path, behind: Path) -> None:
    """The examples pass mypy in strict mode, so the public names have types."""
    outcome = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            "--strict",
            "--config-file",
            "",
            "--cache-dir",
            app.parent / "cache",
            app,
            behind,
        ],
        cwd=app.parent,
        env={"MYPYPATH": str(SITE)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert outcome.returncode == 0, outcome.stdout


def declared() -> set[tuple[str, str]]:
    """Return every public name of the layer (`__all__`) with its module."""
    found = set()
    for path in SITE.rglob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["__all__"]:
                module = ".".join(path.relative_to(SITE).with_suffix("").parts)
                found |= {(module, name) for name in ast.literal_eval(node.value)}
    return found


def test_the_page_lists_what_the_modules_declare_public() -> None:
    """The page lists each public name once, and no other."""
    listed = ROW.findall(TEXT)

    assert set(listed) == declared()
    assert len(listed) == len(set(listed))


EXAMPLES = sorted((ROOT / "examples").rglob("*.py"))


def test_the_examples_use_public_names_only(app: Path, behind: Path) -> None:
    """The examples of the page and of `examples/` import only public names of the layer."""
    imported = {
        (node.module, name.name)
        for path in (app, behind, *EXAMPLES)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom)
        for name in node.names
    }

    assert {pair for pair in imported if str(pair[0]).startswith("edge_auth")} <= declared()


@pytest.mark.parametrize(("module", "name"), sorted(declared()))
def test_a_public_name_is_described_where_it_is_defined(module: str, name: str) -> None:
    """Each public name is defined in its module and has a docstring."""
    thing = getattr(importlib.import_module(module), name)

    assert thing.__module__ == module
    assert inspect.getdoc(thing)


def test_the_package_has_types() -> None:
    """PEP 561: the package has an empty `py.typed`, and the build copies the whole package."""
    assert (SITE / "edge_auth" / "py.typed").read_bytes() == b""
    assert "@cp -R edge_auth" in (SITE / "Makefile").read_text(encoding="utf-8")


def test_the_page_names_the_services_that_the_layers_sdk_knows() -> None:
    """A function that calls another service needs an SDK of its own."""
    named = {
        "DynamoDB": "dynamodb",
        "EventBridge": "events",
        "Lambda": "lambda",
        "Secrets Manager": "secretsmanager",
        "SES": "sesv2",
    }

    assert set(named.values()) == set(OPERATIONS)
    assert "knows only DynamoDB, EventBridge, Lambda, Secrets Manager and SES" in " ".join(TEXT.split())


def test_the_page_says_how_a_function_gets_the_layer() -> None:
    """`Globals` gives the layer to no function, and the line of the page is that of the template."""
    assert f"`Layers: [!Ref {functions()['jwks']['Layers'][0].argument}]` gives it the layer" in TEXT
