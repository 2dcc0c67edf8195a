"""The import rules. What is really loaded stands in test_import_budget.py: each net misses what the other catches."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.template_file import ROOT

LAYER = ROOT / "layers" / "edge_auth"
PACKAGE = LAYER / "edge_auth"
GRAB_BAGS = {"utils", "util", "common", "helpers", "helper", "shared", "misc"}
MAX_LINES = 300

JWKS = '{"keys":[]}'
ENVIRONMENT = {
    "ISSUER": "https://auth.example.com",
    "AUDIENCE": "https://api.example.com",
    "JWKS": JWKS,
    "KEY_RING_SECRET": "ring",
    "KEY_RING_VERSION": "",
    "IDENTITIES_TABLE": "identities",
    "SESSIONS_TABLE": "sessions",
    "THROTTLE_TABLE": "throttle",
    "ACCESS_TOKEN_SECONDS": "900",
    "REFRESH_IDLE_DAYS": "14",
    "REFRESH_ABSOLUTE_DAYS": "30",
    "MAX_SESSIONS_PER_USER": "20",
    "ROTATION_GRACE_SECONDS": "10",
    "SIGNING_ALGORITHM": "ES256",
    "PASSWORD_MIN_CHARACTERS": "15",
    "KEY_ROTATION_DAYS": "30",
    "KEY_PUBLISH_HOURS": "24",
    "SECURITY_EVENT_BUS": "",
    "AWS_DEFAULT_REGION": "us-east-1",
}


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter over a tree."""
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=root,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": f"{root / 'layers' / 'edge_auth'}:{root}"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_contracts_are_kept() -> None:
    """import-linter finds no import that the rules forbid."""
    outcome = lint_imports(ROOT)

    assert outcome.returncode == 0, outcome.stdout


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("layers/edge_auth/edge_auth/tokens/verifier.py", "import botocore"),
        ("layers/edge_auth/edge_auth/adapters/aws.py", "import boto3"),
        ("layers/edge_auth/edge_auth/flows/refresh.py", "from edge_auth.adapters import sessions"),
        ("layers/edge_auth/edge_auth/tokens/session.py", "from edge_auth.flows import ports"),
        ("layers/edge_auth/edge_auth/web/response.py", "from edge_auth import observability"),
        ("layers/edge_auth/edge_auth/flows/login.py", "import secrets"),
        ("layers/edge_auth/edge_auth/issuer_keys.py", "from edge_auth.flows import ports"),
        ("layers/edge_auth/edge_auth/issuer_keys.py", "from edge_auth.adapters import sessions"),
        ("layers/edge_auth/edge_auth/issuer_keys.py", "from edge_auth.web import response"),
        ("layers/edge_auth/edge_auth/issuer_keys.py", "import time"),
        ("functions/authorizer/app.py", "import jwt"),
        ("functions/authorizer/app.py", "from edge_auth.web import response"),
        ("functions/login/app.py", "from functions.refresh import app"),
    ],
)
def test_a_planted_violation_breaks_a_contract(tmp_path: Path, module: str, line: str) -> None:
    """The contracts can fail: each of these lines is caught, inside a function too."""
    for name in ("layers", "functions"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    planted = tmp_path / module
    planted.write_text(f"{planted.read_text()}\n\ndef planted() -> None:\n    {line}\n")

    outcome = lint_imports(tmp_path)

    assert outcome.returncode != 0
    assert "BROKEN" in outcome.stdout


@pytest.mark.parametrize("init", sorted(PACKAGE.rglob("__init__.py")), ids=lambda path: str(path.parent.name))
def test_a_package_is_only_a_docstring(init: Path) -> None:
    """A re-export in an `__init__` would load for everybody what one module needs."""
    body = ast.parse(init.read_text()).body

    assert len(body) == 1
    assert isinstance(body[0], ast.Expr)
    assert isinstance(body[0].value, ast.Constant)


@pytest.mark.parametrize("folder", ["layers/edge_auth/edge_auth", "functions", "admin", "local"])
def test_a_module_has_one_job_and_a_name(folder: str) -> None:
    """No grab bags, and no module that is too long to be read at once."""
    for path in (ROOT / folder).rglob("*.py"):
        assert path.stem not in GRAB_BAGS, path
        assert len(path.read_text().splitlines()) <= MAX_LINES, path


@pytest.mark.parametrize("app", sorted((ROOT / "functions").glob("*/app.py")), ids=lambda path: str(path.parent.name))
def test_a_function_is_one_file(app: Path) -> None:
    """A second file beside app.py belongs to the layer."""
    files = [path for path in app.parent.rglob("*") if path.is_file() and "__pycache__" not in path.parts]

    assert files == [app]
