"""The import rules. test_import_budget.py checks the loaded modules. Each finds mistakes that the other does not."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.cold_start import PACKAGE
from tests.support.template import ROOT

GRAB_BAGS = {"utils", "util", "common", "helpers", "helper", "shared", "misc"}
MAX_LINES = 300


L = "layers/edge_auth/edge_auth"
IMPORTS = [
    (f"{L}/tokens/verifier.py", "import botocore"),
    (f"{L}/adapters/aws.py", "import boto3"),
    (f"{L}/flows/sessions/refresh.py", "import edge_auth.adapters.dynamodb.sessions"),
    (f"{L}/flows/limits/dead_tokens.py", "import edge_auth.flows.sessions.refresh"),
    (f"{L}/sessions/session.py", "import edge_auth.flows.ports.sessions"),
    (f"{L}/web/response.py", "import edge_auth.observability"),
    (f"{L}/web/response.py", "import edge_auth.settings.reading"),
    (f"{L}/web/response.py", "import aws_lambda_powertools"),
    (f"{L}/flows/sign_in/login.py", "import secrets"),
    (f"{L}/throttling/counters.py", "import time"),
    (f"{L}/authorizer/issuer_keys.py", "import edge_auth.flows.ports.sessions"),
    (f"{L}/authorizer/issuer_keys.py", "import edge_auth.adapters.dynamodb.sessions"),
    (f"{L}/authorizer/issuer_keys.py", "import edge_auth.web.response"),
    (f"{L}/authorizer/issuer_keys.py", "import time"),
    ("functions/authorizer/app.py", "import jwt"),
    ("functions/authorizer/app.py", "import edge_auth.web.response"),
    ("functions/strict_authorizer/app.py", "import edge_auth.adapters.aws"),
    ("functions/session_authorizer/app.py", "import edge_auth.web.session"),
    ("functions/login/app.py", "import functions.refresh.app"),
    ("functions/login/app.py", "import admin.users"),
    ("admin/key_table.py", "import functions.login.app"),
    ("admin/deployment.py", "import admin.users"),
    ("admin/imports/records.py", "import admin.imports.new_user"),
    ("local/envfile.py", "import local.stack"),
    ("local/sam_local/settings.py", "import local.sam_local.stack"),
    ("release/archive.py", "import release.bill"),
]
"""Forbidden imports: each is a module and a line that a contract forbids in it."""
NEW_MODULES = [f"{L}/otp.py", f"{L}/flows/otp/enrolment.py", "admin/otp.py", "local/otp.py", "release/otp.py"]
NEW_FUNCTION = "functions/otp/app.py"
CONTRACTS = [
    contract["name"]
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
]


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter over a tree."""
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=root,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{root / 'layers' / 'edge_auth'}:{root}",
            "COLUMNS": "1000",  # import-linter wraps longer lines
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_contracts_are_kept() -> None:
    """import-linter finds no import that the rules forbid."""
    outcome = lint_imports(ROOT)

    assert outcome.returncode == 0, outcome.stdout


@dataclass(frozen=True)
class Planted:
    """The line numbers of the planted imports, and import-linter's report on them."""

    lines: dict[tuple[str, str], int]
    report: str


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    """Return import-linter's report on a copy of the tree in which every rule is broken."""
    root = tmp_path_factory.mktemp("planted")
    for name in ("layers", "functions", "admin", "local", "release"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", root)
    lines = {}
    for module, line in IMPORTS:
        text = f"{(root / module).read_text()}\n\ndef planted() -> None:\n    {line}\n"
        (root / module).write_text(text)
        lines[module, line] = len(text.splitlines())
    for module in NEW_MODULES:
        (root / module).parent.mkdir(exist_ok=True)
        (root / module).with_name("__init__.py").touch()
        (root / module).write_text('"""A module that has no floor."""\n')
    (root / NEW_FUNCTION).parent.mkdir()
    (root / NEW_FUNCTION).write_text("import functions.login.app\n")

    outcome = lint_imports(root)

    assert outcome.returncode != 0
    return Planted(lines, outcome.stdout)


def dotted(path: str) -> str:
    """Return the import name of a file."""
    return path.removeprefix("layers/edge_auth/").removesuffix(".py").replace("/", ".")


@pytest.mark.parametrize(("module", "line"), IMPORTS)
def test_a_planted_violation_breaks_a_contract(planted: Planted, module: str, line: str) -> None:
    """The contracts can fail. The report names each of these lines, also inside a function."""
    imported, number = line.removeprefix("import "), planted.lines[module, line]

    assert f"{dotted(module)} -> {imported} (l.{number})" in planted.report


@pytest.mark.parametrize("contract", CONTRACTS)
def test_each_contract_is_broken_by_a_planted_import(planted: Planted, contract: str) -> None:
    """A contract that nothing breaks would prove nothing. The report has the broken imports below the name."""
    _, _, broken = planted.report.partition("Broken contracts")
    parts = re.split(r"^([^\n]+)\n-{3,}\n", broken, flags=re.MULTILINE)
    part = dict(zip(parts[1::2], parts[2::2], strict=True)).get(contract, "")
    broken_by = [
        (module, line)
        for (module, line), number in planted.lines.items()
        if f"{dotted(module)} -> {line.removeprefix('import ')} (l.{number})" in part
    ]

    assert broken_by


@pytest.mark.parametrize("module", NEW_MODULES)
def test_a_module_that_no_contract_names_breaks_one(planted: Planted, module: str) -> None:
    """A new module has no rules yet, so it fails the check until it gets a layer."""
    name = dotted(module).removesuffix(".enrolment")

    assert f"The following modules are not listed as layers:\n\n- {name}\n" in planted.report


def test_a_new_function_is_under_the_rules_at_once(planted: Planted) -> None:
    """The rules need no list of functions: another function cannot import a new folder."""
    assert f"{dotted(NEW_FUNCTION)} -> functions.login.app (l.1)" in planted.report


@pytest.mark.parametrize("init", sorted(PACKAGE.rglob("__init__.py")), ids=lambda path: str(path.parent.name))
def test_a_package_is_only_a_docstring(init: Path) -> None:
    """A re-export in an `__init__` would load a module for all importers, although one needs it."""
    body = ast.parse(init.read_text()).body

    assert len(body) == 1
    assert isinstance(body[0], ast.Expr)
    assert isinstance(body[0].value, ast.Constant)


@pytest.mark.parametrize("folder", ["layers/edge_auth/edge_auth", "functions", "admin", "local", "release"])
def test_a_module_has_one_job_and_a_name(folder: str) -> None:
    """No module is a grab bag, and no module is too long to be read at once."""
    for path in (ROOT / folder).rglob("*.py"):
        assert path.stem not in GRAB_BAGS, path
        assert len(path.read_text().splitlines()) <= MAX_LINES, path


@pytest.mark.parametrize("app", sorted((ROOT / "functions").glob("*/app.py")), ids=lambda path: str(path.parent.name))
def test_a_function_is_one_file(app: Path) -> None:
    """A function has only app.py. All other code belongs to the layer."""
    files = [path for path in app.parent.rglob("*") if path.is_file() and "__pycache__" not in path.parts]

    assert files == [app]
