"""The address and the credentials of the local stack, for its own clients and for `./edge-auth --local`."""

import os
from collections.abc import Mapping

PORT_SETTING = "EDGE_AUTH_PORT"
DEFAULT_PORT = 4566
HIGHEST_PORT = 65535

REGION = "us-east-1"
# The credentials of MiniStack's root user.
ACCESS_KEY_ID = "test"
SECRET_ACCESS_KEY = "test"
NO_PROXY = "127.0.0.1,localhost"


def port_from(environment: Mapping[str, str]) -> int:
    """Read the port from the environment.

    Raises:
        ValueError: the setting is not a port. The text says what to set.

    """
    text = environment.get(PORT_SETTING, str(DEFAULT_PORT))
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= HIGHEST_PORT:
        raise ValueError(f"{PORT_SETTING}={text!r} is not a port; set a number from 1 to {HIGHEST_PORT}")
    return int(text)


def address(port: int) -> str:
    """Return the address of the stack for AWS clients. The stack listens on this IPv4 address only."""
    return f"http://127.0.0.1:{port}"


def client_environment(port: int) -> dict[str, str]:
    """Return the environment in which an AWS client reaches the stack, and reads none of the developer's settings."""
    return {
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": address(port),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        # The developer's proxy cannot reach this machine. Both spellings are in use, and the second wins.
        "NO_PROXY": NO_PROXY,
        "no_proxy": NO_PROXY,
    }
