"""The search for secrets at the end of a run: it finds what is planted, in each form and place, and nothing else."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from edge_auth import base64url
from edge_auth.credentials import recovery_codes
from edge_auth.keys.sealing_key import sealing_keys_from
from tests.support import secrets_of_run
from tests.support.secret_search import Found, Search, Secret, as_text
from tests.support.stack import Answer
from tests.support.template import ROOT

TOKEN = "edgeauth_rt_QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU2Nzg5"
JWT = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJlIG9mIGEgdG9rZW4gdGhhdCBpcyBsb25nIGVub3VnaA"
PASSWORD = 'a "fine" passphrase / ü'
RECOVERY_CODE = "7KQ2M-X19R0"
SECRETS = [
    Secret("token", TOKEN),
    Secret("access token", JWT),
    Secret("password", PASSWORD),
    Secret("recovery code", RECOVERY_CODE),
    Secret("code", "48151623"),
]
FORMS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "JSON": lambda value: json.dumps({"value": value}),
    "address": lambda value: f"https://app.example.com/?x={quote(value, safe='')}",
    "hex": lambda value: value.encode().hex(),
    "base64": lambda value: base64.b64encode(f'{{"value": "{value}"}}'.encode()).decode(),
    "base64url": lambda value: base64url.encode(f"value={value} and more".encode()),
    "bytes": lambda value: base64.b64encode(f"some{value}".encode()).decode(),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("secret", SECRETS[:4], ids=lambda secret: secret.kind)
def test_a_planted_secret_is_found_in_each_form(secret: Secret, form: str) -> None:
    """A program may escape or encode what it writes. Without the secret, the same text has nothing."""
    write = FORMS[form]

    assert Search(SECRETS).kinds_in(f"before {write(secret.value)} after") == {secret.kind}
    assert Search(SECRETS).kinds_in(f"before {write('nothing that was issued')} after") == set()


RAW = bytes(range(150, 250))  # its base64 has characters that the two alphabets write in different ways
OF_BYTES = {
    "refresh token": (f"edgeauth_rt_{base64url.encode(RAW)}", RAW),
    "access token": (f"{JWT.rpartition('.')[0]}.{base64url.encode(RAW[-64:])}", RAW[-64:]),
    "secret of an app": (base64.b32encode(RAW[-20:]).decode(), RAW[-20:]),
}
BYTES_WRITTEN: dict[str, Callable[[bytes], str]] = {
    "in a table": lambda raw: as_text({"seed": {"B": raw}}),
    "in a set in a table": lambda raw: as_text({"seeds": {"BS": [b"first", raw]}}),
    "in a set of Python": lambda raw: as_text({"seeds": {b"first", raw}}),
    "the MAC alone": lambda raw: as_text({"mac": {"B": raw[-32:]}}),
    "behind other bytes": lambda raw: as_text({"seed": {"B": b"v" + raw}}),
    "before other bytes": lambda raw: as_text({"seed": {"B": raw + b"v"}}),
    "hex": lambda raw: f"seed={raw.hex()};",
    "base64": lambda raw: base64.b64encode(raw).decode(),
    "base64url": base64url.encode,
    "shown by Python": lambda raw: f"seed={raw!r}",
    "shown by Python, in JSON": lambda raw: json.dumps({"message": f"seed={raw!r}"}),
}


@pytest.mark.parametrize("written", BYTES_WRITTEN)
@pytest.mark.parametrize("kind", OF_BYTES)
def test_the_bytes_that_a_secret_stands_for_are_found(kind: str, written: str) -> None:
    """Whoever has them can write the secret again. Other bytes are none."""
    (value, raw), write = OF_BYTES[kind], BYTES_WRITTEN[written]
    search = Search([Secret(kind, value)])

    assert search.kinds_in(write(raw)) == {kind}
    assert search.kinds_in(write(bytes(reversed(raw)))) == set()


@pytest.mark.parametrize("secret", SECRETS, ids=lambda secret: secret.kind)
def test_a_text_that_a_table_has_as_bytes_is_found(secret: Secret) -> None:
    """A code of a mail and a recovery code, too."""
    assert Search(SECRETS).kinds_in(as_text({"pk": {"B": secret.value.encode()}})) == {secret.kind}


def test_bytes_in_a_table_have_no_code_by_chance() -> None:
    """Their hex may have: here it is 48151623, between two letters."""
    assert Search(SECRETS).kinds_in(as_text({"seed": {"B": bytes.fromhex("ab48151623ab")}})) == set()


def test_the_end_of_a_token_is_found_and_its_beginning_is_not() -> None:
    """The signature alone would do harm, and all access tokens have one beginning."""
    assert Search(SECRETS).kinds_in(f"… {JWT[-40:]}") == {"access token"}
    assert Search(SECRETS).kinds_in(JWT[:40]) == set()


def test_a_text_that_a_test_has_padded_is_no_secret() -> None:
    """Otherwise a proof of many x would be in each user agent of many x. A password with few characters is found."""
    search = Search([Secret("proof of a mail", "x" * 60), Secret("password", "aaaa bbbb cccc dd")])

    assert search.kinds_in("x" * 200) == frozenset()
    assert search.kinds_in("password=aaaa bbbb cccc dd") == {"password"}


def test_a_code_is_found_as_a_number_of_its_own() -> None:
    """A time in milliseconds may have its digits by chance."""
    assert Search(SECRETS).kinds_in("your code is 48151623.") == {"code"}
    assert Search(SECRETS).kinds_in("at 1481516230000 ms") == set()


SPELLINGS = ("7KQ2M-X19R0", "7kq2mx19r0", "7K Q2M - X1 9R0", "7kq2m-xi9ro", "7KQ2M XL9RO", "7-K-Q-2-M-X-1-9-R-0")
WRITTEN = {
    "in JSON": '{"recovery_code": "%s"}',
    "in a log": '{"level": "ERROR", "message": "codes:\\n%s\\nof ada"}',
    "in a table": '{"pk": {"S": "user#1"}, "recovery": {"SS": ["x%sx"]}}',
    "behind a word": "12345 %s.",
}


@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_recovery_code_is_found_in_each_spelling_that_is_accepted(spelling: str, written: str) -> None:
    """Whoever finds it can type it. It is shorter than what is searched of other secrets."""
    keys = sealing_keys_from("sealing-key" * 4)
    stored = recovery_codes.kept([RECOVERY_CODE], keys.newest, "user")
    assert recovery_codes.matched_code(spelling, stored, keys, "user") in stored

    assert Search(SECRETS).kinds_in(WRITTEN[written] % spelling) == {"recovery code"}


@pytest.mark.parametrize("text", ["7KQ2M-X19R1", "AAAAA-AAAAA", "KQ2M-X19R0", "7KQ2M.X19R0", "7KQ2M", "X19R0-7KQ2M"])
def test_a_text_of_the_form_of_a_recovery_code_is_none_unless_it_was_issued(text: str) -> None:
    """Also not if a test has issued one of a single character: many texts have it."""
    search = Search([*SECRETS, Secret("recovery code", "AAAAA-AAAAA")])

    assert search.kinds_in(f'{{"code": "{text}"}}') == frozenset()


def test_a_success_may_have_what_it_gives_and_no_other_secret() -> None:
    """Its own tokens, codes and cookies are in members of their own. No other member and no header may have any."""
    given: dict[str, object] = {"access_token": JWT, "recovery_codes": [RECOVERY_CODE]}

    def kinds(body: dict[str, object], **headers: str) -> frozenset[str]:
        answer = Answer(200, headers, json.dumps(body), (f"session={TOKEN}; Secure",))
        return Search(SECRETS).kinds_in(answer.without_credentials.text)

    assert kinds(given) == frozenset()
    assert kinds({**given, "name": PASSWORD}) == {"password"}
    assert kinds({**given, "codes": [RECOVERY_CODE]}) == {"recovery code"}
    assert kinds({**given, "other": {"access_token": JWT}}) == {"access token"}
    assert kinds(given, Location=f"https://app.example.com/{TOKEN}") == {"token"}


def hand_over(folder: Path, monkeypatch: pytest.MonkeyPatch, place: str, secret: Secret) -> set[Found]:
    """Let one worker issue a secret and another one write it into a place. Return what the run finds."""
    monkeypatch.setenv(secrets_of_run.FOLDER_VARIABLE, str(folder))
    monkeypatch.setattr(secrets_of_run, "_name", "one")
    secrets_of_run.issued([secret])
    monkeypatch.setattr(secrets_of_run, "_name", "other")
    secrets_of_run.wrote(place, ["nothing", f"a line with {secret.value}"])
    return {*secrets_of_run.search(folder, folder).found}


@pytest.mark.parametrize(
    "place", ["the output of functions", "tables", "mails", "the event bus", "refusals", "successes"]
)
@pytest.mark.parametrize("secret", SECRETS, ids=lambda secret: secret.kind)
def test_a_secret_of_one_worker_is_found_in_a_place_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, secret: Secret
) -> None:
    """Each kind in each place."""
    assert hand_over(tmp_path, monkeypatch, place, secret) == {Found(secret.kind, place)}


@pytest.mark.parametrize("meant", sorted(secrets_of_run.MEANT))
def test_what_is_meant_to_be_in_a_place_is_no_leak_there_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, meant: Found
) -> None:
    """A mail has its proof, and a table the hash of a password. No other place has them."""
    secret = Secret(meant.kind, TOKEN)
    (tmp_path / "here").mkdir()
    (tmp_path / "there").mkdir()

    assert hand_over(tmp_path / "here", monkeypatch, meant.place, secret) == set()
    assert hand_over(tmp_path / "there", monkeypatch, "the event bus", secret) == {Found(meant.kind, "the event bus")}


@pytest.mark.parametrize(
    ("folder", "is_left"),
    [
        ("e2e", True),
        ("e2e/build/Layer", False),
        ("e2e/run-a1b2/tmp", False),
        ("upgrade/build/before", False),
        ("proof", False),
    ],
)
def test_a_secret_in_a_file_that_is_left_is_found(tmp_path: Path, folder: str, *, is_left: bool) -> None:
    """The local stacks and the tools leave files below the project. Copies of the source are none of them."""
    place = tmp_path / ".local" / folder
    place.mkdir(parents=True)
    (place / "some.log").write_text(f"x {PASSWORD}", encoding="utf-8")
    (tmp_path / "issued.one").write_text(json.dumps(SECRETS[2]) + "\n", encoding="utf-8")

    found = [Found("password", f"the file .local/{folder}/some.log")] if is_left else []
    assert secrets_of_run.search(tmp_path, tmp_path).found == found


def test_a_file_and_a_folder_that_go_meanwhile_end_no_search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another run on the same machine may remove what it has made at any moment."""
    (tmp_path / ".local" / "folder").mkdir(parents=True)
    (tmp_path / ".local" / "file.log").write_text("x", encoding="utf-8")
    list_folder, read_text = os.scandir, Path.read_text
    gone = []

    def removed(path: Path) -> Path:
        gone.append(path.name)
        path.unlink() if path.is_file() else path.rmdir()
        return path

    monkeypatch.setattr(
        os, "scandir", lambda path: list_folder(removed(Path(path)) if Path(path).name == "folder" else path)
    )
    monkeypatch.setattr(Path, "read_text", lambda path, **options: read_text(removed(path), **options))

    assert secrets_of_run.search(tmp_path, tmp_path).searched == {}
    assert gone == ["file.log", "folder"]


TESTS = """
from tests.support.secret_search import Secret
from tests.support.secrets_of_run import issued

def test_it():
    issued([Secret("password", "a password of this run")])
    print({printed!r})
"""


@pytest.mark.parametrize(("printed", "status"), [("a password of this run", 1), ("a password", 0)])
def test_a_run_that_leaks_fails_and_does_not_show_the_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, printed: str, status: int
) -> None:
    """It names the kind and the place. The same run without the leak succeeds."""
    monkeypatch.delenv(secrets_of_run.FOLDER_VARIABLE, raising=False)
    monkeypatch.setenv("PYTHONPATH", f"{ROOT / 'layers' / 'edge_auth'}:{ROOT}")
    (tmp_path / "test_it.py").write_text(TESTS.format(printed=printed), encoding="utf-8")
    options = ("--rootdir", str(tmp_path), "-p", "tests.support.secrets_of_run", "-p", "no:cacheprovider")

    run = subprocess.run(
        (sys.executable, "-m", "pytest", *options, tmp_path), cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert run.returncode == status, run.stdout
    leak = "LEAK: a secret of the kind `password` is in the output of the tests"
    assert (leak in run.stdout.splitlines()) is bool(status)
    assert "a password of this run" not in run.stdout
