"""Writes a file whole, or leaves it as it was: the disk may be full, and the write may be interrupted."""

import os
import stat
from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Write the text in UTF-8. A device, or another path that is no regular file, is written to directly.

    Raises:
        OSError: it cannot be written, or its directory cannot. A file that was there is as it was.

    """
    if path.exists() and not path.is_file():
        path.write_text(text, encoding="utf-8")
        return
    target = path.resolve()  # a link stays a link
    draft = target.with_name(f"{target.name}.{os.getpid()}")
    try:
        try:
            draft.write_text(text, encoding="utf-8")
        except OSError as error:
            error.filename = str(target.parent)  # nobody has named the draft
            raise
        if target.exists():  # whoever could read it can go on
            draft.chmod(stat.S_IMODE(target.stat().st_mode))
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
