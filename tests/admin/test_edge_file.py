"""`./edge-auth keys edge`: the file that it writes, for how long the file is complete, and each failure."""

import json
import os
import stat
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from admin.deployment import Deployment, DeploymentError
from admin.edge_file import EdgeFile, edge_file
from edge_auth.keys.maker import key_maker
from edge_auth.keys.ring import KeyRing
from edge_auth.keys.rotation import RotationPolicy, advance, earliest_end, first_ring, rotate
from edge_auth.keys.timing import MAX_RING_AGE_SECONDS
from edge_auth.tokens import access_token
from tests.admin.aws import Fresh, Run
from tests.admin.rotate_keys import NOW as BEGIN
from tests.support.access_tokens import NOW, claims_at
from tests.support.cloudfront import EdgeVerifier, needs_node, viewer_request

HOUR, DAY = 3600, 86_400
POLICY = RotationPolicy("ES256", period_seconds=30 * DAY, publish_seconds=DAY, mac_token_seconds=DAY)
ADDRESS = "https://auth.example.com/.well-known/jwks.json"
DEPLOYMENT = Deployment(
    identities_table="", sessions_table="", revocations_table="", throttle_table="", rotate_keys_function="",
    operators_log_group="", key_ring_secret="", password_min_characters=8, password_profiles="",
    service_addresses=("", "https://api.example.com"),
    security_event_bus="", issuer="https://auth.example.com", jwks_url=ADDRESS, key_rotation_days=30,
    key_publish_hours=24, challenges_table="", reset_link_function="", mail_from="", mail_identity="",
    sealing_secret="", own_mailer="",
)  # fmt: skip
MAKE = key_maker(bytes)


@pytest.fixture(scope="module")
def ring() -> KeyRing:
    """Return the ring of a new deployment."""
    return first_ring(now_seconds=NOW, policy=POLICY, make=MAKE)


def published(ring: KeyRing, at: int) -> str:
    """Return the key set as the issuer publishes it."""
    return json.dumps(ring.at(at).jwks())


def made(document: str, at: int = NOW, deployment: Deployment = DEPLOYMENT) -> EdgeFile:
    """Return the file for a key set that was fetched at this time."""

    def download(address: str) -> str:
        assert address == ADDRESS
        return document

    return edge_file(deployment, stack="edge-auth", download=download, now_seconds=at)


@cache
def kids_of(text: str) -> set[str]:
    """Return the ids of the keys in the text of a file. A file of the two periods below is asked in each hour."""
    return {jwk["kid"] for jwk in json.loads(text)["keys"]}


def kids(file: EdgeFile) -> set[str]:
    """Return the ids of the keys in a file."""
    return kids_of(file.text)


def test_the_file_has_what_the_verifier_reads_and_no_secret(ring: KeyRing) -> None:
    """It has every published key, each with an algorithm and an end."""
    file = json.loads(made(published(ring, NOW)).text)

    assert {name: file[name] for name in ("issuer", "audience", "made_at")} == {
        "issuer": "https://auth.example.com",
        "audience": "https://api.example.com",
        "made_at": NOW,
    }
    assert [jwk["kid"] for jwk in file["keys"]] == [timed.key.kid for timed in ring.signing]
    assert {tuple(sorted(jwk)) for jwk in file["keys"]} == {("alg", "crv", "exp", "kid", "kty", "use", "x", "y")}
    assert [jwk["exp"] for jwk in file["keys"]] == [ring.signing[0].ends_at_seconds, earliest_end(NOW, POLICY)]


@pytest.mark.parametrize("hours_before", [0, 1, 5])
def test_no_key_that_is_missing_signs_before_the_file_is_incomplete(ring: KeyRing, hours_before: int) -> None:
    """The file is made at each hour of two periods, from a ring that was advanced some hours before."""
    current, end = ring, NOW + 70 * DAY
    files = list[EdgeFile]()
    for at in range(NOW, end, HOUR):
        if (at - NOW) // HOUR % (hours_before + 1) == 0:
            current = advance(current, now_seconds=at, policy=POLICY, make=MAKE)
        if (at - NOW) % (7 * HOUR) == 0:
            files.append(made(published(current, at), at))
        signs = current.at(at).signing.kid
        files = [file for file in files if file.complete_until_seconds > at]
        assert all(signs in kids(file) for file in files), at


def test_a_rotation_by_hand_leaves_as_many_hours_as_a_key_is_public(ring: KeyRing) -> None:
    """So the file has to be made again within that time."""
    file = made(published(ring, NOW + 2 * DAY), NOW + 2 * DAY)
    rotated = ring
    for _ in range(2):
        rotated = rotate(rotated, now_seconds=NOW + 2 * DAY, policy=POLICY, make=MAKE)

    assert rotated.at(NOW + 3 * DAY - 1).signing.kid in kids(file)
    assert rotated.at(NOW + 3 * DAY).signing.kid not in kids(file)


def test_a_key_without_a_successor_makes_the_file_good_for_hours_only(ring: KeyRing) -> None:
    """Its successor may have been made already, where the copy of the ring behind the key set is an old one."""
    at = ring.signing[-1].signs_from_seconds

    assert made(published(ring, at), at).complete_until_seconds == at + DAY - MAX_RING_AGE_SECONDS


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ("<html>", "Expecting value"),
        ('{"keys":[]}', "is empty"),
        ('{"keys":[{"kty":"oct","k":"AA","kid":"x"}]}', "a private key"),
        ('{"keys":[{"kty":"EC","kid":"x","crv":"P-256","x":"AA","y":"AA"}]}', "not of the curve"),
    ],
)
def test_a_key_set_that_is_not_usable_makes_no_file(document: str, reason: str) -> None:
    """A file with it would refuse every token, or worse."""
    with pytest.raises(DeploymentError, match=reason):
        made(document)


@pytest.mark.parametrize("missing", [{"issuer": ""}, {"jwks_url": ""}, {"service_addresses": ("", "")}])
def test_a_stack_of_an_earlier_version_has_to_be_deployed_first(missing: dict[str, object]) -> None:
    """It has no such outputs."""
    with pytest.raises(DeploymentError, match="deploy this version"):
        made("", deployment=replace(DEPLOYMENT, **missing))  # type: ignore[arg-type]


def test_the_command_writes_the_file_and_says_how_long_it_is_complete(
    fresh: Fresh, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A whole period of keys, here 30 days from 2026-09-21 14:13:20 UTC. It changes nothing, so it leaves no record."""
    monkeypatch.setattr("admin.keys.now_ms", lambda: BEGIN * 1000)
    aws, file = fresh(), tmp_path / "issuer.json"

    outcome = run("keys", "edge", "--out", str(file))

    assert outcome.status == 0, outcome.err
    written = json.loads(file.read_text(encoding="utf-8"))
    assert (len(written["keys"]), written["complete_until"]) == (2, BEGIN + 30 * DAY)
    assert outcome.out == (
        f"Wrote 2 public keys to {file}. By plan the file is complete until 2026-10-21 14:13:20 (in 30 d) UTC.\n"
    )
    assert set(aws.calls) == {"sts:GetCallerIdentity", "cloudformation:DescribeStacks"}


def test_a_file_in_a_directory_that_is_not_there_names_the_directory(
    fresh: Fresh, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The operator has not named the draft that takes the place of the file."""
    monkeypatch.setattr("admin.keys.now_ms", lambda: BEGIN * 1000)
    fresh()
    outcome = run("keys", "edge", "--out", str(tmp_path / "gone" / "issuer.json"))
    assert outcome.status == 1
    assert outcome.err.endswith(f"No such file or directory: '{tmp_path / 'gone'}'; nothing was done\n")


def test_a_failure_leaves_the_file_as_it_was(
    fresh: Fresh, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deployment after it still has the keys of the last time."""
    fresh()
    file = tmp_path / "issuer.json"
    file.write_text("kept", encoding="utf-8")

    def refused(_address: str) -> str:
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr("admin.keys.download", refused)
    outcome = run("keys", "edge", "--out", str(file))

    assert outcome.status == 1
    assert "edge-auth: no key set at https://auth.example.com/.well-known/jwks.json" in outcome.err
    assert len(outcome.err.splitlines()) == 1
    assert file.read_text(encoding="utf-8") == "kept"


@pytest.mark.parametrize("had", ["kept", None], ids=["over a file", "a new file"])
def test_a_full_disk_leaves_no_half_file(
    fresh: Fresh, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, had: str | None
) -> None:
    """The line says that nothing was done, and a verifier with half a file would refuse every token."""
    fresh()
    file = tmp_path / "issuer.json"
    if had:
        file.write_text(had, encoding="utf-8")

    def full(path: Path, text: str, **_: str) -> None:
        path.write_bytes(text[:10].encode())
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_text", full)
        outcome = run("keys", "edge", "--out", str(file))

    assert outcome.status == 1
    assert outcome.err.endswith(
        f"edge-auth: OSError: [Errno 28] No space left on device: '{tmp_path}'; nothing was done\n"
    )
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == (
        {"issuer.json": had} if had else {}
    )


def test_a_link_to_the_file_stays_a_link(fresh: Fresh, run: Run, tmp_path: Path) -> None:
    """What it leads to gets the keys."""
    fresh()
    file, link = tmp_path / "issuer.json", tmp_path / "link.json"
    link.symlink_to(file)

    for _ in range(2):
        assert run("keys", "edge", "--out", str(link)).status == 0

    assert link.is_symlink()
    assert json.loads(file.read_text(encoding="utf-8"))["keys"]


@needs_node
def test_the_example_accepts_what_the_keys_of_the_file_sign(ring: KeyRing, tmp_path: Path) -> None:
    """The verifier reads the file as it is, and takes the tokens of the key that signs and of the next one."""
    good = [access_token.issue(claims_at(NOW), timed.key) for timed in ring.signing]
    events = [viewer_request({"Authorization": [f"Bearer {token}"]}) for token in good]

    answers = EdgeVerifier(tmp_path, made(published(ring, NOW)).text).answers(events, now_seconds=NOW)

    assert [answer.get("status", "passed on") for answer in answers] == ["passed on"] * 2


def test_a_file_that_is_written_again_keeps_its_permissions(fresh: Fresh, run: Run, tmp_path: Path) -> None:
    """Another user may deploy it, though the command runs with a strict umask."""
    fresh()
    file = tmp_path / "issuer.json"
    file.write_text("kept", encoding="utf-8")
    file.chmod(0o644)

    umask = os.umask(0o077)
    try:
        assert run("keys", "edge", "--out", str(file)).status == 0
    finally:
        os.umask(umask)

    assert file.read_text(encoding="utf-8") != "kept"
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
