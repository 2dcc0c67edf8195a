"""What the built layer weighs, and whether that is too much: `python -m local.weight FOLDER`."""

import io
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

LARGEST = 10
MEGABYTE = 1_000_000
# Lambda takes 250 MB unzipped. A layer that outgrows these has gained something that every cold start unpacks.
MAX_ZIPPED = 15 * MEGABYTE
MAX_UNZIPPED = 50 * MEGABYTE


@dataclass(frozen=True, slots=True)
class Weight:
    """Sizes in bytes: the layer's, zipped and as it is, and those of its parts."""

    zipped: int
    unzipped: int
    parts: dict[str, int]

    def lines(self) -> list[str]:
        """Return the sizes to read, and the largest parts."""
        largest = sorted(self.parts.items(), key=lambda part: -part[1])[:LARGEST]
        return [
            f"layer: {self.zipped / MEGABYTE:.1f} MB zipped, {self.unzipped / MEGABYTE:.1f} MB unzipped",
            *(f"  {size / MEGABYTE:5.1f} MB  {name}" for name, size in largest),
        ]

    def excesses(self) -> list[str]:
        """Return what is over the budget; empty where nothing is."""
        compared = (("zipped", self.zipped, MAX_ZIPPED), ("unzipped", self.unzipped, MAX_UNZIPPED))
        return [
            f"the layer may have {budget / MEGABYTE:.0f} MB {how}, and has {size / MEGABYTE:.1f}"
            for how, size, budget in compared
            if size > budget
        ]


def weigh(folder: Path) -> Weight:
    """Weigh a folder."""
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
    return Weight(len(buffer.getvalue()), sum(files.values()), parts)


def main(folder: Path) -> int:
    """Print what the folder weighs; return 1 where that is over the budget."""
    weight = weigh(folder)
    print("\n".join(weight.lines()))
    excesses = weight.excesses()
    for excess in excesses:
        print(f"error: {excess}", file=sys.stderr)
    return 1 if excesses else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
