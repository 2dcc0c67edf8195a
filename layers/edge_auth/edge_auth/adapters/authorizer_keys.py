"""The public keys in the environment of a deployed authorizer."""

from typing import TYPE_CHECKING

from edge_auth.adapters.aws import translated_failures
from edge_auth.errors import TemporarilyUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_lambda import LambdaClient

VARIABLE = "JWKS"


class AuthorizerKeys:
    """The port `flows.ports.deployed_keys.DeployedKeys`."""

    def __init__(self, client: "LambdaClient", *, function: str) -> None:
        """Use the authorizer of this name."""
        self._client = client
        self._function = function
        self._variables: Mapping[str, str] = {}
        self._revision = ""

    def read(self) -> str:
        """Return the keys, and remember the rest of the environment and its revision for `write`."""
        with translated_failures():
            found = self._client.get_function_configuration(FunctionName=self._function)
        try:
            self._variables, self._revision = found["Environment"]["Variables"], found["RevisionId"]
            return self._variables[VARIABLE]
        except KeyError:  # it could not be decrypted, or is of another function: a write would lose the rest
            raise TemporarilyUnavailable("the authorizer's environment has no keys") from None

    def write(self, jwks: str) -> None:
        """Change this variable only. Lambda refuses the change if the function was changed since `read`."""
        with translated_failures():
            self._client.update_function_configuration(
                FunctionName=self._function,
                Environment={"Variables": {**self._variables, VARIABLE: jwks}},
                RevisionId=self._revision,
            )
