"""The settings of the local stack: its port, its folder, and the template's parameters."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from local.endpoint import DEFAULT_PORT, address, port_from
from local.failure import Failure

ROOT = Path(__file__).resolve().parent.parent

ORIGINS_SETTING = "EDGE_AUTH_ALLOWED_ORIGINS"
STACK_NAME = "edge-auth"
# MiniStack gives this id to the REST API, so the address is known before the deployment.
API_ID = "edgeauth"
STAGE = "v1"
AUDIENCE = "https://api.example.com"


@dataclass(frozen=True)
class Settings:
    """Where one local stack listens and keeps its files."""

    port: int = DEFAULT_PORT
    home: Path = ROOT / ".local"  # logs, the built template, the state of the running stack
    # Parameters of the template that differ from their defaults.
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def endpoint(self) -> str:
        """Address of MiniStack, for AWS clients."""
        return address(self.port)

    @property
    def base_url(self) -> str:
        """Address of the deployed API, with its stage and without a trailing slash. It is the issuer of the tokens."""
        return f"{self.endpoint}/_aws/execute-api/{API_ID}/{STAGE}"

    @property
    def env_file(self) -> Path:
        """The file that says how to reach the stack while `make run` serves."""
        return self.home / "env"

    def log(self, name: str) -> Path:
        """Return the log file of one step."""
        return self.home / f"{name}.log"


def from_environment(environment: Mapping[str, str]) -> Settings:
    """Read the settings. Pages of the origins in EDGE_AUTH_ALLOWED_ORIGINS may use the stack from a browser.

    Raises:
        Failure: EDGE_AUTH_PORT is not a port.

    """
    origins = environment.get(ORIGINS_SETTING, "")
    try:
        return Settings(port=port_from(environment), parameters={"AllowedOrigins": origins} if origins else {})
    except ValueError as error:
        raise Failure(str(error)) from None
