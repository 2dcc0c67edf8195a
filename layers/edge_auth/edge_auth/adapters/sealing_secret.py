"""The sealing keys in Secrets Manager, cached like the key ring."""

from typing import TYPE_CHECKING

from edge_auth.adapters.aws import translated_failures
from edge_auth.errors import TemporarilyUnavailable
from edge_auth.flows.ports.time_and_randomness import Clock
from edge_auth.keys.sealing_key import SealingKeys, sealing_keys_from
from edge_auth.keys.timing import RING_AGE_SECONDS, RING_RETRY_SECONDS

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


class SealingSecret:
    """The port `flows.ports.factors.SealingKeySource`. It reads the secret on the first use."""

    def __init__(self, client: "SecretsManagerClient", *, secret_id: str, clock: Clock) -> None:
        """Use this secret."""
        self._client = client
        self._secret_id = secret_id
        self._clock = clock
        self._keys: SealingKeys | None = None
        self._read_again_at_ms = 0

    def load(self) -> SealingKeys:
        """Return the keys. In an outage the last copy is good for any time, because no key ever ends by itself."""
        now_ms = self._clock()
        if self._keys is None or now_ms >= self._read_again_at_ms:
            try:
                self._keys = self._read()
                self._read_again_at_ms = now_ms + RING_AGE_SECONDS * 1000
            except TemporarilyUnavailable:
                if self._keys is None:
                    raise
                self._read_again_at_ms = now_ms + RING_RETRY_SECONDS * 1000
        return self._keys

    def _read(self) -> SealingKeys:
        with translated_failures():
            text = self._client.get_secret_value(SecretId=self._secret_id).get("SecretString", "")
        try:
            return sealing_keys_from(text)
        except ValueError as error:
            raise TemporarilyUnavailable(f"the secret of second factors: {error}") from None
