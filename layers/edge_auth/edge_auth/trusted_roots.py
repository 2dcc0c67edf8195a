"""The certificate authorities that a connection to AWS trusts: Amazon's own five, in place of all public ones.

TLS reads its list of authorities anew for each client. The whole list takes 16 ms of a cold start, these five take 1.
They also leave out 120 authorities that sign nothing of AWS. The layer's build makes the file (`sdk_data.py`).
"""

import os.path

# The first parts of the Regions' names in AWS's own partition. The other partitions (China, GovCloud, the European
# sovereign cloud and the isolated ones) have names of other forms. Their authorities are not known to be these five.
_AREAS = {"af", "ap", "ca", "eu", "il", "me", "mx", "sa", "us"}
_PARTS_OF_A_NAME = 3  # as in eu-west-1; us-gov-west-1 has four

_FILE = os.path.join(os.path.dirname(__file__), "amazon_roots.pem")  # noqa: PTH118, PTH120 - pathlib takes 4 ms to load


def roots_file(region: str) -> str | None:
    """Return the path of the file with Amazon's roots, or None if a connection needs the whole list of the SDK.

    That is so in a Region of another partition, and where the layer was not built. A caller looks first whether the
    environment names its own list (`AWS_CA_BUNDLE`).
    """
    parts = region.split("-")
    if parts[0] not in _AREAS or len(parts) != _PARTS_OF_A_NAME or not os.path.exists(_FILE):  # noqa: PTH110 - as above
        return None
    return _FILE
