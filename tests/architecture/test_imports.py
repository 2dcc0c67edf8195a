"""The import rules. What is really loaded stands in test_import_budget.py: each net misses what the other catches."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.cold_start import PACKAGE
from tests.support.template import ROOT

GRAB_BAGS = {"utils", "util", "common", "helpers", "helper", "shared", "misc"}
MAX_LINES = 300


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


L = "layers/edge_auth/edge_auth"


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """Return a copy of everything that the contracts are about."""
    for name in ("layers", "functions", "admin", "local"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("module", "line"),
    [
        (f"{L}/tokens/verifier.py", "import botocore"),
        (f"{L}/adapters/aws.py", "import boto3"),
        (f"{L}/flows/sessions/refresh.py", "from edge_auth.adapters.dynamodb import sessions"),
        (f"{L}/flows/limits/dead_tokens.py", "from edge_auth.flows.sessions import refresh"),
        (f"{L}/sessions/session.py", "from edge_auth.flows.ports import sessions"),
        (f"{L}/web/response.py", "from edge_auth import observability"),
        (f"{L}/web/response.py", "from edge_auth import settings"),
        (f"{L}/web/response.py", "import aws_lambda_powertools"),
        (f"{L}/flows/sign_in/login.py", "import secrets"),
        (f"{L}/throttling/counters.py", "import time"),
        (f"{L}/authorizer/issuer_keys.py", "from edge_auth.flows.ports import sessions"),
        (f"{L}/authorizer/issuer_keys.py", "from edge_auth.adapters.dynamodb import sessions"),
        (f"{L}/authorizer/issuer_keys.py", "from edge_auth.web import response"),
        (f"{L}/authorizer/issuer_keys.py", "import time"),
        ("functions/authorizer/app.py", "import jwt"),
        ("functions/authorizer/app.py", "from edge_auth.web import response"),
        ("functions/login/app.py", "from functions.refresh import app"),
        ("functions/login/app.py", "from admin import users"),
        ("admin/key_table.py", "from functions.login import app"),
        ("admin/deployment.py", "from admin import users"),
        ("local/envfile.py", "from local import stack"),
    ],
)
def test_a_planted_violation_breaks_a_contract(copied: Path, module: str, line: str) -> None:
    """The contracts can fail: each of these lines is caught, inside a function too."""
    planted = copied / module
    planted.write_text(f"{planted.read_text()}\n\ndef planted() -> None:\n    {line}\n")

    outcome = lint_imports(copied)

    assert outcome.returncode != 0
    assert "BROKEN" in outcome.stdout


@pytest.mark.parametrize(
    "module",
    [f"{L}/otp.py", f"{L}/flows/otp/enrolment.py", "admin/otp.py", "local/otp.py"],
)
def test_a_module_that_no_contract_names_breaks_one(copied: Path, module: str) -> None:
    """A new module has no rules yet, so it fails the check until somebody gives it a floor."""
    planted = copied / module
    planted.parent.mkdir(exist_ok=True)
    planted.with_name("__init__.py").touch()
    planted.write_text('"""A module that nobody has placed."""\n')

    outcome = lint_imports(copied)

    assert outcome.returncode != 0
    assert "BROKEN" in outcome.stdout


def test_a_new_function_is_under_the_rules_at_once(copied: Path) -> None:
    """No list of functions has to be kept: a folder that was added a moment ago cannot be imported by another."""
    planted = copied / "functions" / "otp" / "app.py"
    planted.parent.mkdir()
    planted.write_text("from functions.login import app\n")

    outcome = lint_imports(copied)

    assert outcome.returncode != 0
    assert "functions.otp.app" in outcome.stdout


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
