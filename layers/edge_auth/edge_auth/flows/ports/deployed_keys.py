"""The public keys that an authorizer has in its environment."""

from typing import Protocol


class DeployedKeys(Protocol):
    """Reads and changes the keys of one deployed authorizer."""

    def read(self) -> str:
        """Return its JWK Set as JSON. Raises TemporarilyUnavailable."""

    def write(self, jwks: str) -> None:
        """Give it this JWK Set.

        Raises:
            TemporarilyUnavailable: the keys are not known to be written, or another party has changed the authorizer
                since `read`.

        """
