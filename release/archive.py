"""Writes zip archives and checksums. The same files give the same bytes."""

import hashlib
import stat
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

# The first time that a zip archive can hold: 1980-01-01 in UTC.
EARLIEST_EPOCH_SECONDS = 315_532_800
# Lambda runs as another user than the owner of the files, so everyone may read them.
READABLE, EXECUTABLE = 0o644, 0o755
# "Made by Unix": the modes are then those of Unix, whichever machine writes the archive.
UNIX = 3


def files_below(folder: Path) -> dict[str, Path]:
    """Return the files below a folder, by their path in an archive."""
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}


def write(archive: Path, files: Mapping[str, Path], epoch_seconds: int) -> None:
    """Write an archive: entries in the order of their names, all with the same time, and one of two modes."""
    moment = datetime.fromtimestamp(max(epoch_seconds, EARLIEST_EPOCH_SECONDS), UTC)
    archive.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive, "w") as target:
        for name, path in sorted(files.items()):
            entry = zipfile.ZipInfo(name, moment.timetuple()[:6])
            mode = EXECUTABLE if path.stat().st_mode & stat.S_IXUSR else READABLE
            entry.create_system = UNIX
            entry.external_attr = (stat.S_IFREG | mode) << 16
            target.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED, 9)


def checksums(files: Mapping[str, Path]) -> str:
    """Return the SHA-256 of each file, in the form that `sha256sum --check` reads."""
    return "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {name}\n" for name, path in sorted(files.items()))
