"""Builds the files of a release in `.cache/release/VERSION`: `python -m release`."""

import shutil
import sys
from pathlib import Path

from release import archive, bill, build, changelog, packages, source, template
from release.failure import Failure
from release.packages import Package
from release.source import ROOT

HOME = ROOT / ".cache" / "release"
ARCHITECTURES = ("arm64", "x86_64")
# Copied as they are. SAM reads samconfig.toml beside the template.
COPIED = ("CHANGELOG.md", "LICENSE", "README.md", "samconfig.toml")


def main() -> int:
    """Build, and print the checksums of what was built."""
    try:
        print((release() / "SHA256SUMS").read_text(encoding="utf-8"), end="")
    except Failure as failure:
        print(f"error: {failure}", file=sys.stderr)
        return 1
    return 0


def release() -> Path:
    """Build everything, and return the folder.

    Raises:
        Failure: a part cannot be built, or the parts do not fit together.

    """
    version, epoch_seconds = source.version(), source.epoch_seconds()
    changelog.notes((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), version)
    folder, builds = HOME / version, HOME / "build"
    for stale in (folder, builds):
        shutil.rmtree(stale, ignore_errors=True)
    for architecture in ARCHITECTURES:
        print(f"building for {architecture}", file=sys.stderr)
        build.build(architecture, builds / architecture)

    for architecture in ARCHITECTURES:
        layer = archive.files_below(builds / architecture / "EdgeAuthLayer")
        archive.write(folder / template.layer_archive(architecture), layer, epoch_seconds)
        built = (builds / architecture / "template.yaml").read_text(encoding="utf-8")
        (folder / f"template-{architecture}.yaml").write_text(
            template.packaged(built, architecture), encoding="utf-8", newline="\n"
        )
    for function in (ROOT / "functions").glob("*/app.py"):
        archive.write(
            folder / template.function_archive(function.parent.name), {function.name: function}, epoch_seconds
        )
    shipped = _packages(builds)
    bill.write(folder / "sbom.cdx.json", shipped, epoch_seconds)
    _copy_texts(folder, shipped)

    name = f"edge-auth-{version}"
    files = archive.files_below(folder)
    archive.write(folder / f"{name}.zip", {f"{name}/{path}": file for path, file in files.items()}, epoch_seconds)
    sums = archive.checksums(archive.files_below(folder))
    (folder / "SHA256SUMS").write_text(sums, encoding="utf-8", newline="\n")
    return folder


def _packages(builds: Path) -> list[Package]:
    """Return the packages of the layers. They are the same for each processor, so one bill describes all."""
    first, *others = [packages.installed(builds / name / "EdgeAuthLayer" / "python") for name in ARCHITECTURES]
    versions = [(package.name, package.version) for package in first]
    if any([(package.name, package.version) for package in other] != versions for other in others):
        raise Failure("the layers of the processors have different packages")
    return first


def _copy_texts(folder: Path, shipped: list[Package]) -> None:
    for name in COPIED:
        shutil.copyfile(ROOT / name, folder / name)
    for package in shipped:
        (folder / "LICENSES" / package.name).mkdir(parents=True)
        for name, path in package.texts.items():
            shutil.copyfile(path, folder / "LICENSES" / package.name / name)
    (folder / "LICENSES" / "README.md").write_text(packages.notice(shipped), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    sys.exit(main())
