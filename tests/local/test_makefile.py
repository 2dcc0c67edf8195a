"""The messages of make on a machine that lacks something."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from local.settings import ROOT
from tests.support.sam_parameters import parameters_of


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a checkout with the files that make needs to begin."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copytree(ROOT / "locks", tmp_path / "locks")
    return tmp_path


def make(checkout: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run make without the variables of the make that runs the tests."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "PIP_", "UV_"))}
    return subprocess.run(
        ["make", *arguments],
        cwd=checkout,
        env=inherited | {"PIP_CONFIG_FILE": os.devnull} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def errors(outcome: subprocess.CompletedProcess[str]) -> list[str]:
    """Return the Makefile's own error lines, without the line that make adds."""
    return [line for line in outcome.stderr.splitlines() if not line.startswith("make")]


def fake_python(folder: Path, script: str) -> str:
    """Return the path of a shell script in the place of an interpreter."""
    path = folder / "fake-python"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_make_alone_lists_its_targets(checkout: Path) -> None:
    """The list has every target."""
    outcome = make(checkout)

    targets = (
        "demo",
        "run",
        "sam-local",
        "test",
        "test-browsers",
        "test-operations",
        "test-sam-local",
        "test-upgrade",
        "browsers",
        "check",
        "docs",
        "build",
        "deploy",
        "release",
        "audit",
        "lock",
        "clean",
    )
    for target in targets:
        assert f"make {target} " in outcome.stdout


def with_tools(checkout: Path) -> Path:
    """Add installed environments in which SAM only prints its command and its Region."""
    for name in (".venv", ".tools/sam"):
        (checkout / name / "bin").mkdir(parents=True)
    sam, python = checkout / ".tools/sam/bin/sam", checkout / ".venv/bin/python"
    sam.write_text('#!/bin/sh\necho "sam $1 in ${AWS_DEFAULT_REGION:-the Region of the profile}"\n')
    python.write_text("#!/bin/sh\n")
    (checkout / ".tools/bin").mkdir()
    for path in (sam, python, checkout / ".tools/bin/uv"):
        path.touch(0o755)
        path.chmod(0o755)
    for stamp in (".venv/synced", ".tools/sam/synced"):
        (checkout / stamp).touch()
    return checkout


@pytest.mark.parametrize(
    ("environment", "region"),
    [
        ({}, "the Region of the profile"),
        ({"AWS_REGION": "eu-west-3"}, "the Region of the profile"),
        ({"AWS_DEFAULT_REGION": "eu-central-1"}, "eu-central-1"),
    ],
    ids=["a profile", "AWS_REGION", "AWS_DEFAULT_REGION"],
)
def test_a_deployment_goes_to_the_region_of_the_user(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], region: str
) -> None:
    """AWS_DEFAULT_REGION is set for no deployment: it would win over the Region of the user's profile."""
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)

    outcome = make(with_tools(checkout), "deploy", **environment)

    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stdout.splitlines()[-1] == f"sam deploy in {region}"


@pytest.mark.parametrize("shell", ["sh", "bash"])
@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("", {}),
        ("Audience=https://api.example.com", {"Audience": "https://api.example.com"}),
        ("Audience=a Issuer=b", {"Audience": "a", "Issuer": "b"}),
        ("PasswordProfiles=A;B;C", {"PasswordProfiles": "A;B;C"}),
        ('PasswordProfiles="A;B;C" Audience=a', {"PasswordProfiles": "A;B;C", "Audience": "a"}),
        ('MailName="Example Notes" Audience=a', {"MailName": "Example Notes", "Audience": "a"}),
        ('MigrationFunctionArn="" Audience=a', {"MigrationFunctionArn": "", "Audience": "a"}),
        ("PagesUrl=https://a.example/?a=1&b=*", {"PagesUrl": "https://a.example/?a=1&b=*"}),
        ("MailerFunctionArn=arn:mine:$LATEST", {"MailerFunctionArn": "arn:mine:$LATEST"}),
    ],
    ids=[
        "none",
        "one",
        "two",
        "bare semicolons",
        "semicolons",
        "a space",
        "empty",
        "signs of the shell",
        "a sign of make",
    ],
)
def test_a_deployment_gives_sam_the_parameters_as_they_were_typed(
    checkout: Path, given: str, read: dict[str, str], shell: str
) -> None:
    """The shell of the recipe ends no value at a space and no command at a semicolon."""
    sam = with_tools(checkout) / ".tools/sam/bin/sam"
    sam.write_text('#!/bin/sh\n[ "$1" = build ] || for word; do echo "$word"; done\n')

    outcome = make(checkout, "-s", "deploy", f"PARAMETERS={given}", f"SHELL={shutil.which(shell)}")

    assert outcome.returncode == 0, outcome.stderr
    command, _, words = outcome.stdout.partition("--parameter-overrides\n")
    assert command == "deploy\n--config-env\ndefault\n"
    assert parameters_of(words.splitlines()) == [read]


def test_sam_refuses_a_value_without_quotes_that_has_a_space_or_is_empty(checkout: Path) -> None:
    """So nothing is cut without a word: each word of the parameters is one of SAM's."""
    sam = with_tools(checkout) / ".tools/sam/bin/sam"
    sam.write_text('#!/bin/sh\n[ "$1" = build ] || for word; do echo "$word"; done\n')
    for given in ("MailName=Example Notes", "MigrationFunctionArn= Audience=a"):
        words = make(checkout, "-s", "deploy", f"PARAMETERS={given}").stdout.partition("--parameter-overrides\n")[2]
        with pytest.raises(subprocess.CalledProcessError):
            parameters_of(words.splitlines())


def test_sam_local_gets_the_parameters_as_they_were_typed(checkout: Path) -> None:
    """The same words as in a deployment."""
    python = with_tools(checkout) / ".venv/bin/python"
    python.write_text('#!/bin/sh\nfor word; do echo "$word"; done\n')
    (checkout / ".tools/ministack").mkdir()
    (checkout / ".tools/ministack/synced").touch()

    outcome = make(checkout, "-s", "sam-local", 'PARAMETERS=MailName="Example Notes" PasswordProfiles=A;B')

    assert outcome.stdout.splitlines() == [
        "-m",
        "local.sam_local",
        'MailName="Example Notes"',
        "PasswordProfiles=A;B",
    ]


def test_a_build_needs_no_configured_region(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SAM needs a Region although a build calls nothing, so it gets one."""
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)

    outcome = make(with_tools(checkout), "build")

    assert "sam build in us-east-1" in outcome.stdout


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        ("exit 1", "is not Python 3.11 or newer"),
        ('case "$2" in *venv*) exit 1;; esac', "has no venv module"),
    ],
    ids=["old Python", "no venv module"],
)
def test_a_python_that_will_not_do_is_one_readable_line(checkout: Path, script: str, complaint: str) -> None:
    """The line names the interpreter and the problem."""
    python = fake_python(checkout, script)

    outcome = make(checkout, "test", f"PYTHON={python}")

    assert outcome.returncode != 0
    assert len(errors(outcome)) == 1
    assert f"error: {python} {complaint}" in errors(outcome)[0]


def test_an_unreachable_package_index_is_one_readable_line(checkout: Path) -> None:
    """The command prints one line, and the details are in a log."""
    nowhere = "http://127.0.0.1:9/simple"

    outcome = make(checkout, "test", f"PYTHON={sys.executable}", PIP_INDEX_URL=nowhere, PIP_RETRIES="0")

    assert outcome.returncode != 0
    assert len(errors(outcome)) == 1
    assert "check that a package index is reachable" in errors(outcome)[0]
    assert (checkout / ".tools" / "uv.log").stat().st_size > 0


def test_a_version_that_pyenv_lacks_does_not_stop_make(checkout: Path) -> None:
    """An older pyenv fails if .python-version names a version that is not installed; make takes the system's."""
    shims = checkout / "shims"
    shims.mkdir()
    shim = shims / "python3"
    shim.write_text(f'#!/bin/sh\n[ "$PYENV_VERSION" = system ] || exit 1\nexec {sys.executable} "$@"\n')
    shim.chmod(0o755)
    show = "--eval=show: ; @$(PYTHON) -c 'print(1)'"

    outcome = make(checkout, show, "show", PATH=f"{shims}:{os.environ['PATH']}")

    assert (outcome.returncode, outcome.stdout) == (0, "1\n"), outcome.stderr


@pytest.mark.parametrize("given", ["", "eu-central-1"])
def test_a_deployment_has_the_region_of_the_shell(checkout: Path, given: str) -> None:
    """SAM finds the Region in the shell or the profile; only the build, which makes no call, has one of our own."""
    program = '#!/bin/sh\n[ "$1" = -m ] || echo "$1: ${AWS_DEFAULT_REGION-none}"\n'
    for path in (".tools/sam/bin/sam", ".venv/bin/python", ".tools/bin/uv"):
        (checkout / path).parent.mkdir(parents=True)
        (checkout / path).write_text(program)
        (checkout / path).chmod(0o755)
    for stamp in (".tools/sam/synced", ".venv/synced"):
        (checkout / stamp).touch()
    environment = {"AWS_DEFAULT_REGION": given} if given else {}
    outside = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "AWS_"))}

    outcome = subprocess.run(
        ["make", "-s", "deploy"], cwd=checkout, env=outside | environment, capture_output=True, text=True, check=False
    )

    assert outcome.stdout.splitlines() == [f"build: {given or 'us-east-1'}", f"deploy: {given or 'none'}"]


@pytest.mark.parametrize(
    ("found", "missing"),
    [(("google-chrome", "firefox"), ""), (("chromium",), "firefox-esr"), ((), "chromium firefox-esr")],
    ids=["both", "one", "none"],
)
def test_a_missing_browser_is_one_readable_line(checkout: Path, found: tuple[str, ...], missing: str) -> None:
    """Whoever may not install it learns what to install, and the tests go on without it."""
    programs = checkout / "programs"
    programs.mkdir()
    for name in (*found, "id"):
        (programs / name).write_text("#!/bin/sh\necho 1000\n")
        (programs / name).chmod(0o755)
    (programs / "make").symlink_to(str(shutil.which("make")))

    outcome = make(checkout, "browsers", PATH=str(programs), SHELL="/bin/sh")

    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stdout == ""
    expected = [f"WARNING: {missing} missing; install it as root (Debian: apt install {missing})"] if missing else []
    assert errors(outcome) == expected


def install_engine(checkout: Path, maven: str) -> subprocess.CompletedProcess[str]:
    """Let make install the DynamoDB engine with this script in the place of Maven, from a lock of one file."""
    programs = checkout / "programs"
    programs.mkdir()
    for name in ("java", "mvn"):
        (programs / name).write_text(f"#!/bin/sh\n{maven}\n")
        (programs / name).chmod(0o755)
    sum_of_file = hashlib.sha256(b"the engine\n").hexdigest()
    (checkout / "locks" / "dynamodb" / "SHA256SUMS").write_text(f"{sum_of_file}  DynamoDBLocal.jar\n")
    return make(checkout, ".tools/dynamodb/synced", PATH=f"{programs}:{os.environ['PATH']}")


COPIES = (
    'for folder; do :; done; folder="${folder#*=}"; mkdir -p "$folder"; echo "the engine" > "$folder/DynamoDBLocal.jar"'
)


def test_an_engine_with_the_locked_sums_is_installed(checkout: Path) -> None:
    """The control of the test below."""
    outcome = install_engine(checkout, COPIES)

    assert outcome.returncode == 0, outcome.stderr
    assert (checkout / ".tools" / "dynamodb" / "synced").exists()


@pytest.mark.parametrize(
    "other", ['echo "another" > "$folder/DynamoDBLocal.jar"', 'echo "more" > "$folder/more.jar"'], ids=["other", "more"]
)
def test_an_engine_with_another_file_is_refused(checkout: Path, other: str) -> None:
    """L7: no file of it is left, because Java would run what is there."""
    outcome = install_engine(checkout, f"{COPIES}; {other}")

    assert outcome.returncode != 0
    assert len(errors(outcome)) == 1
    assert "other files of DynamoDB Local than locks/dynamodb/SHA256SUMS has" in errors(outcome)[0]
    assert list((checkout / ".tools" / "dynamodb").iterdir()) == []


def test_a_machine_that_cannot_fetch_the_engine_says_so_and_goes_on(checkout: Path) -> None:
    """The tests that need it are skipped, and the others run."""
    outcome = install_engine(checkout, "exit 1")

    assert outcome.returncode == 0, outcome.stderr
    assert [line.partition(":")[0] for line in errors(outcome)] == ["WARNING"] * 2
    assert not (checkout / ".tools" / "dynamodb" / "synced").exists()
