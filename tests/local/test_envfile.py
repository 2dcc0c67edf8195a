"""The file that `make run` writes for other programs."""

import stat
import subprocess
from pathlib import Path

import pytest

from local import envfile


@pytest.mark.parametrize("value", ["plain", "two words", "it's", '"$HOME" `id` \\ !', "", "line\nbreak"])
def test_a_shell_reads_back_what_was_written(tmp_path: Path, value: str) -> None:
    """A shell that sources the file gets exactly the password, with any characters in it."""
    envfile.write(tmp_path / "env", {"EDGE_AUTH_PASSWORD": value})

    script = f'. "{tmp_path}/env"; printf %s "$EDGE_AUTH_PASSWORD"'
    assert subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout == value


def test_only_the_user_can_read_it_also_where_an_older_one_was_open_to_all(tmp_path: Path) -> None:
    """The file holds a password, so it has mode 600, also over an older file, and the folder has no other file."""
    path = tmp_path / "env"
    path.write_text("old")
    path.chmod(0o644)

    envfile.write(path, {"A": "b"})

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_removing_it_twice_is_no_error(tmp_path: Path) -> None:
    """Removing the file again is no error, so a shutdown can always remove it."""
    path = tmp_path / "env"
    envfile.write(path, {})

    envfile.remove(path)
    envfile.remove(path)

    assert not path.exists()
