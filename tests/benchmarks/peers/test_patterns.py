"""The refreshes of other designs."""

from benchmarks.requests import operations
from benchmarks.requests.deployment import Deployment


def test_the_refreshes_of_others_are_run_as_their_sources_have_them(deployment: Deployment) -> None:
    """The reads and writes of OpenAuth and of SuperTokens are counted. Those of the other designs are quoted."""
    peers = operations.counts_of_peers(deployment)

    assert peers["OpenAuth"]["operations"] == {"GetItem": 1, "PutItem": 2}
    assert peers["SuperTokens"]["operations"] == {"GetItem": 2, "PutItem": 1}
    assert peers["Ory Hydra"] == {"reads": "at least 3", "writes": "4", "how": "quoted, not run"}
