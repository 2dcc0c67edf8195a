"""Measures the size of the built layer and checks its budget: `python -m local.weight FOLDER`."""

import io
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

LARGEST = 10
MEGABYTE = 1_000_000
# Lambda takes 250 MB unzipped. This budget is smaller, because every cold start unpacks the layer.
MAX_ZIPPED = 15 * MEGABYTE
MAX_UNZIPPED = 50 * MEGABYTE


@dataclass(frozen=True, slots=True)
class Weight:
    """Sizes in bytes: of the layer, zipped and unzipped, and of its parts."""

    zipped: int
    unzipped: int
    parts: dict[str, int]

    def lines(self) -> list[str]:
        """Return the sizes and the largest parts, one text per line."""
        largest = sorted(self.parts.items(), key=lambda part: -part[1])[:LARGEST]
        return [
            f"layer: {self.zipped / MEGABYTE:.1f} MB zipped, {self.unzipped / MEGABYTE:.1f} MB unzipped",
            *(f"  {size / MEGABYTE:5.1f} MB  {name}" for name, size in largest),
        ]

    def excesses(self) -> list[str]:
        """Return a message for each size over its budget."""
        compared = (("zipped", self.zipped, MAX_ZIPPED), ("unzipped", self.unzipped, MAX_UNZIPPED))
        return [
            f"the layer has {size / MEGABYTE:.1f} MB {how}, and its budget is {budget / MEGABYTE:.0f} MB; "
            "make a part smaller, or raise the budget in local/weight.py"
            for how, size, budget in compared
            if size > budget
        ]


def weigh(folder: Path) -> Weight:
    """Measure a folder."""
    files = {path: path.stat().st_size for path in sorted(folder.rglob("*")) if path.is_file()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            archive.write(path, path.relative_to(folder))
    parts: dict[str, int] = {}
    for path, size in files.items():
        # A part is python/<package>: Lambda finds packages below python/.
        name = "/".join(path.relative_to(folder).parts[:2])
        parts[name] = parts.get(name, 0) + size
    return Weight(len(buffer.getvalue()), sum(files.values()), parts)


def main(folder: Path) -> int:
    """Print the sizes of the folder; return 1 if one is over its budget."""
    weight = weigh(folder)
    print("\n".join(weight.lines()))
    excesses = weight.excesses()
    for excess in excesses:
        print(f"error: {excess}", file=sys.stderr)
    return 1 if excesses else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
