"""The files for GitHub: workflows run commands that any machine can run, and only what publishes may write."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.template import ROOT

GITHUB = ROOT / ".github"
FILES = sorted([*GITHUB.rglob("*.yml"), *GITHUB.rglob("*.yaml")])
CI = GITHUB / "workflows" / "ci.yml"
RELEASE = GITHUB / "workflows" / "release.yml"
SITE = GITHUB / "workflows" / "site.yml"
WORKFLOWS = (CI, RELEASE, SITE)
# YAML 1.1 reads the key `on` as a boolean.
TRIGGERS = True
PINNED = re.compile(r"uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")


def read(path: Path) -> dict[Any, Any]:
    """Return a file's document."""
    document: dict[Any, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return document


def steps(document: dict[Any, Any]) -> list[dict[str, Any]]:
    """Return the steps of all jobs."""
    return [step for job in document["jobs"].values() for step in job["steps"]]


@pytest.fixture
def workflow() -> dict[Any, Any]:
    """Return the workflow of continuous integration."""
    return read(CI)


@pytest.fixture
def release() -> dict[Any, Any]:
    """Return the workflow of a release."""
    return read(RELEASE)


def test_there_is_no_other_workflow() -> None:
    """A new one needs tests here."""
    assert tuple(path for path in FILES if path.parent.name == "workflows") == WORKFLOWS


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_is_a_document(path: Path) -> None:
    """The file is valid YAML, because GitHub ignores a broken file."""
    assert isinstance(read(path), dict)


def test_the_workflow_runs_what_a_developer_runs(workflow: dict[Any, Any]) -> None:
    """It runs one command, which is an executable file in the repository."""
    assert [step["run"] for step in steps(workflow) if "run" in step] == [".ci/run"]
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111


def test_the_workflow_runs_with_the_oldest_python_and_lambdas_own(workflow: dict[Any, Any]) -> None:
    """The versions are those of pyproject.toml and of the template."""
    oldest = re.search(r'^requires-python = ">=(3\.\d+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    runtime = re.search(r"^    Runtime: python(3\.\d+)$", (ROOT / "template.yaml").read_text(), re.MULTILINE)
    assert oldest is not None
    assert runtime is not None

    assert workflow["jobs"]["ci"]["strategy"]["matrix"]["python"] == [oldest[1], runtime[1]]


def test_the_workflow_may_read_and_nothing_else(workflow: dict[Any, Any]) -> None:
    """Pull requests from strangers also run it, so it has no secret, no stored token and no right to write."""
    assert workflow["permissions"] == {"contents": "read"}
    assert set(workflow[TRIGGERS]) == {"push", "pull_request"}
    assert all("permissions" not in job for job in workflow["jobs"].values())


def test_only_the_job_that_runs_none_of_our_code_may_publish() -> None:
    """The site is built with the right to read, from `main` only, and a second job hands it to GitHub Pages."""
    site = read(SITE)
    build, deploy = site["jobs"]["build"], site["jobs"]["deploy"]

    assert site[TRIGGERS] == {"push": {"branches": ["main"]}}
    assert site["permissions"] == {"contents": "read"}
    assert "permissions" not in build
    assert [step["run"] for step in build["steps"] if "run" in step] == ["make docs"]
    assert deploy["permissions"] == {"pages": "write", "id-token": "write"}
    assert [step["uses"].partition("@")[0] for step in deploy["steps"]] == ["actions/deploy-pages"]


def test_the_site_is_published_from_where_it_is_built() -> None:
    """`make docs` writes into the folder that MkDocs is told, and each of the variables is one that it reads."""
    settings = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    steps = read(SITE)["jobs"]["build"]["steps"]
    [folder] = [step["with"]["path"] for step in steps if "upload-pages-artifact" in step.get("uses", "")]
    [variables] = [step["env"] for step in steps if "run" in step]

    assert f"site_dir: {folder}\n" in settings
    assert sorted(re.findall(r"!ENV \[(\w+),", settings)) == sorted(variables)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_no_workflow_keeps_a_token_or_reads_a_secret(path: Path) -> None:
    """What it runs finds no token in the checkout, and no secret of the repository."""
    checkouts = [step for step in steps(read(path)) if step.get("uses", "").startswith("actions/checkout@")]

    assert checkouts
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)
    assert "secrets." not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_no_script_has_an_expression(path: Path) -> None:
    """GitHub would write the name of a branch or a tag into the script before a shell reads it."""
    assert all("${{" not in step.get("run", "") for step in steps(read(path)))


def test_a_release_is_of_a_tag_that_has_passed_the_gate(release: dict[Any, Any]) -> None:
    """The tag is the version, no locked package has a known vulnerability, and all that CI runs passes."""
    gate = [step["run"] for step in release["jobs"]["gate"]["steps"] if "run" in step]

    assert release[TRIGGERS] == {"push": {"tags": ["v*"]}}
    assert gate == ['python -m release.tag "$TAG"', "make audit", ".ci/run"]
    assert release["jobs"]["release"]["needs"] == "gate"


def test_only_the_job_that_releases_may_write(release: dict[Any, Any]) -> None:
    """It writes a draft and an attestation. The tests run without these rights."""
    assert release["permissions"] == {"contents": "read"}
    assert "permissions" not in release["jobs"]["gate"]
    assert release["jobs"]["release"]["permissions"] == {
        "contents": "write",
        "id-token": "write",
        "attestations": "write",
    }


def test_a_release_is_a_draft_of_attested_files(release: dict[Any, Any]) -> None:
    """Each file of SHA256SUMS is attested before the draft is made. A person publishes the draft."""
    kinds = [step.get("uses", step.get("run", "")).split("@")[0] for step in release["jobs"]["release"]["steps"]]
    [attested] = [step for step in steps(release) if step.get("uses", "").startswith("actions/attest@")]
    [draft] = [step["run"] for step in steps(release) if "gh release create" in step.get("run", "")]

    assert kinds.index("make release") < kinds.index("actions/attest") < kinds.index(draft)
    assert attested["with"] == {"subject-checksums": "${{ steps.files.outputs.folder }}/SHA256SUMS"}
    assert {"--draft", "--verify-tag"} <= set(draft.split())
    assert all(f'"$FOLDER{name}' in draft for name in ('"/*.zip', '/sbom.cdx.json"', '/SHA256SUMS"'))


def test_a_release_is_built_with_lambdas_own_python(release: dict[Any, Any]) -> None:
    """Only that version can compile the layer's bytecode."""
    runtime = re.search(r"^    Runtime: python(3\.\d+)$", (ROOT / "template.yaml").read_text(), re.MULTILINE)
    assert runtime is not None

    versions = [step["with"]["python-version"] for step in steps(release) if "python-version" in step.get("with", {})]
    assert versions == [runtime[1]] * 2


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_pinned_to_a_commit(path: Path) -> None:
    """A tag can be moved to other code."""
    lines = path.read_text(encoding="utf-8").splitlines()
    uses = [line.strip().removeprefix("- ") for line in lines if "uses:" in line]

    assert uses
    for line in uses:
        assert PINNED.match(line), line


def test_updates_are_proposed_where_there_is_something_to_update() -> None:
    """Each folder has its manifest. Without it, updates would silently stop."""
    updates = {update["package-ecosystem"]: update for update in read(GITHUB / "dependabot.yml")["updates"]}

    assert updates.keys() == {"github-actions", "npm"}
    for folder in updates["npm"]["directories"]:
        assert (ROOT / folder.lstrip("/") / "package-lock.json").is_file(), folder


@pytest.mark.parametrize("name", ["bug", "feature"])
def test_an_issue_form_has_what_github_requires(name: str) -> None:
    """Each field has its own id and a label. GitHub does not show a form without them."""
    form = read(GITHUB / "ISSUE_TEMPLATE" / f"{name}.yml")
    fields = [part for part in form["body"] if part["type"] != "markdown"]
    ids = [part["id"] for part in fields]

    assert form["name"]
    assert form["description"]
    assert len(ids) == len(set(ids))
    assert all(part["attributes"]["label"] for part in fields)


def test_reports_of_vulnerabilities_are_private() -> None:
    """SECURITY.md describes the private report, and the form for bugs links to it."""
    policy = (ROOT / "SECURITY.md").read_text(encoding="utf-8")

    assert "**Report a vulnerability**" in policy
    assert "SECURITY.md" in (GITHUB / "ISSUE_TEMPLATE" / "bug.yml").read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?://)([^)#]+)", policy):
        assert (ROOT / target).exists(), target
