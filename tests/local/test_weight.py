"""What `make build` says of the layer."""

from pathlib import Path

from local.weight import weigh


def test_the_weight_names_sizes_and_the_largest_parts_first(tmp_path: Path) -> None:
    """Both sizes in one line, then ten parts and no more, each package as a whole."""
    for number in range(12):
        package = tmp_path / "python" / f"package{number}"
        package.mkdir(parents=True)
        (package / "module.py").write_bytes(bytes(1024 * 1024 * (number + 1)))

    lines = weigh(tmp_path).splitlines()

    assert "78.0 MiB unzipped" in lines[0]
    assert lines[1].split() == ["12.0", "MiB", "python/package11"]
    assert len(lines) == 11
