"""The authorities that a connection to AWS trusts: Amazon's own in AWS's own partition, else the SDK's whole list."""

import json
from pathlib import Path

import botocore
import pytest

from edge_auth import trusted_roots
from edge_auth.trusted_roots import roots_file

PARTITIONS = json.loads((Path(botocore.__file__).parent / "data" / "partitions.json").read_text())["partitions"]
REGIONS = [
    (partition["id"], region)
    for partition in PARTITIONS
    for region in partition["regions"]
    if not region.endswith("-global")
]


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the path of the file that the layer's build makes."""
    path = tmp_path / "amazon_roots.pem"
    path.write_text("five roots")
    monkeypatch.setattr(trusted_roots, "_FILE", str(path))
    return str(path)


@pytest.mark.parametrize(("partition", "region"), REGIONS)
def test_the_roots_are_for_every_region_of_awss_own_partition_and_for_no_other(
    built: str, partition: str, region: str
) -> None:
    """The authorities of the other partitions are not known to be these."""
    assert roots_file(region) == (built if partition == "aws" else None)


@pytest.mark.parametrize("region", ["", "aws-global", "us-gov-nowhere-7", "eusc-xx-nowhere-7", "zz-nowhere-7"])
def test_an_unknown_name_needs_the_whole_list(built: str, region: str) -> None:
    """A partition of the future may have authorities of its own."""
    assert built
    assert roots_file(region) is None


def test_where_the_layer_was_not_built_there_are_no_roots() -> None:
    """The file is made by the build and is not in the repository. Commands and tests run on the sources."""
    assert roots_file("eu-west-1") is None
