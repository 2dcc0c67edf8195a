"""What the local stack is told, and where it keeps things."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from local.endpoint import DEFAULT_PORT, address, port_from
from local.failure import Failure

ROOT = Path(__file__).resolve().parent.parent

STACK_NAME = "edge-auth"
# The id that MiniStack gives the REST API, so that its address is known before it is deployed.
API_ID = "edgeauth"
STAGE = "v1"
AUDIENCE = "https://api.example.com"


@dataclass(frozen=True)
class Settings:
    """Where one local stack listens and keeps its files."""

    port: int = DEFAULT_PORT
    home: Path = ROOT / ".local"  # logs, the built template, the running stack's state
    # Of the template's parameters, those that are not at their defaults.
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def endpoint(self) -> str:
        """Address of MiniStack, for AWS clients."""
        return address(self.port)

    @property
    def base_url(self) -> str:
        """Address of the deployed API, stage included, without a trailing slash: the issuer of its tokens."""
        return f"{self.endpoint}/_aws/execute-api/{API_ID}/{STAGE}"

    @property
    def env_file(self) -> Path:
        """The file that says how to reach the stack while `make run` serves."""
        return self.home / "env"

    def log(self, name: str) -> Path:
        """Return the log file of one step."""
        return self.home / f"{name}.log"


def from_environment(environment: Mapping[str, str]) -> Settings:
    """Read the settings.

    Raises:
        Failure: the port is no port.

    """
    try:
        return Settings(port=port_from(environment))
    except ValueError as error:
        raise Failure(str(error)) from None
