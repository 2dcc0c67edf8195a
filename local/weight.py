"""What the built layer weighs: `python -m local.weight FOLDER`."""

import io
import sys
import zipfile
from pathlib import Path

LARGEST = 10
MEBIBYTE = 1024 * 1024


def weigh(folder: Path) -> str:
    """Return a few lines: the folder's size as it is and zipped, and its largest parts."""
    files = {path: path.stat().st_size for path in sorted(folder.rglob("*")) if path.is_file()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            archive.write(path, path.relative_to(folder))
    parts: dict[str, int] = {}
    for path, size in files.items():
        # python/<package>: Lambda wants everything below python/.
        name = "/".join(path.relative_to(folder).parts[:2])
        parts[name] = parts.get(name, 0) + size
    largest = sorted(parts.items(), key=lambda part: -part[1])[:LARGEST]
    lines = [
        f"layer: {len(buffer.getvalue()) / MEBIBYTE:.1f} MiB zipped, {sum(files.values()) / MEBIBYTE:.1f} MiB unzipped",
        *(f"  {size / MEBIBYTE:5.1f} MiB  {name}" for name, size in largest),
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    print(weigh(Path(sys.argv[1])))
