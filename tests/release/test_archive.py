"""The same files give the same archive, wherever and whenever it is written."""

import hashlib
import os
import subprocess
import zipfile
from pathlib import Path

import pytest

from release import archive

COMMIT_SECONDS = 1_790_000_000


def tree(folder: Path, names: list[str], *, times: int, mode: int) -> Path:
    """Write small files in this order, with these times and this mode."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"the text of {name}\n")
        path.chmod(mode)
        os.utime(path, (times, times))
    return folder


def test_two_machines_write_the_same_bytes(tmp_path: Path) -> None:
    """Neither the order of the files nor their times nor the umask is in the archive."""
    names = ["python/b.py", "python/a/c.py", "python/a.py"]
    one = tree(tmp_path / "one", names, times=1, mode=0o600)
    two = tree(tmp_path / "two", names[::-1], times=2_000_000_000, mode=0o664)

    files = archive.files_below(one)
    archive.write(one.with_suffix(".zip"), files, COMMIT_SECONDS)
    archive.write(two.with_suffix(".zip"), {name: two / name for name in reversed(files)}, COMMIT_SECONDS)

    assert one.with_suffix(".zip").read_bytes() == two.with_suffix(".zip").read_bytes()


def test_another_commit_or_text_gives_other_bytes(tmp_path: Path) -> None:
    """The test above can fail: the date of the commit and each text are in the archive."""
    files = archive.files_below(tree(tmp_path / "tree", ["a.py"], times=1, mode=0o600))
    written = []
    for seconds in (COMMIT_SECONDS, COMMIT_SECONDS + 2):
        archive.write(tmp_path / "archive.zip", files, seconds)
        written.append((tmp_path / "archive.zip").read_bytes())
    files["a.py"].write_text("another text\n")
    archive.write(tmp_path / "archive.zip", files, COMMIT_SECONDS)
    written.append((tmp_path / "archive.zip").read_bytes())

    assert len(set(written)) == 3


def test_entries_have_the_date_of_the_commit_and_everyone_may_read_them(tmp_path: Path) -> None:
    """Lambda runs as another user than the owner of the files."""
    folder = tree(tmp_path / "tree", ["b.py", "a.py"], times=1, mode=0o600)
    (folder / "b.py").chmod(0o700)
    archive.write(tmp_path / "archive.zip", archive.files_below(folder), COMMIT_SECONDS)

    with zipfile.ZipFile(tmp_path / "archive.zip") as written:
        entries = written.infolist()

    assert [(entry.filename, oct(entry.external_attr >> 16)) for entry in entries] == [
        ("a.py", "0o100644"),
        ("b.py", "0o100755"),
    ]
    assert {entry.date_time for entry in entries} == {(2026, 9, 21, 14, 13, 20)}


def test_a_date_before_zip_archives_becomes_their_first(tmp_path: Path) -> None:
    """Builders of packages set SOURCE_DATE_EPOCH to 0 or 1."""
    archive.write(tmp_path / "archive.zip", archive.files_below(tree(tmp_path / "t", ["a"], times=1, mode=0o600)), 0)

    with zipfile.ZipFile(tmp_path / "archive.zip") as written:
        assert written.infolist()[0].date_time == (1980, 1, 1, 0, 0, 0)


def test_sha256sum_accepts_the_checksums_until_a_file_changes(tmp_path: Path) -> None:
    """Users check what they downloaded with coreutils."""
    folder = tree(tmp_path, ["a.zip", "functions/b.zip"], times=1, mode=0o600)
    (folder / "SHA256SUMS").write_text(archive.checksums(archive.files_below(folder)))
    check = ["sha256sum", "--check", "--quiet", "SHA256SUMS"]

    assert subprocess.run(check, cwd=folder, check=False).returncode == 0
    (folder / "a.zip").write_text("tampered\n")
    assert subprocess.run(check, cwd=folder, capture_output=True, check=False).returncode == 1


@pytest.mark.parametrize("name", ["a.zip", "functions/b.zip"])
def test_a_checksum_is_that_of_the_file(tmp_path: Path, name: str) -> None:
    """The form is that of coreutils: the hash, two spaces, the path."""
    files = archive.files_below(tree(tmp_path, ["a.zip", "functions/b.zip"], times=1, mode=0o600))
    digest = hashlib.sha256(f"the text of {name}\n".encode()).hexdigest()

    assert f"{digest}  {name}\n" in archive.checksums(files)
