"""The key ring in Secrets Manager: a cached reader for the functions that sign, a store for the one that writes."""

from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, uuid5

from botocore.exceptions import ClientError

from edge_auth.adapters.aws import error_code, translated_failures
from edge_auth.errors import TemporarilyUnavailable
from edge_auth.flows.ports import Clock
from edge_auth.tokens.keyring import KeyRing, from_secret_json, to_secret_json

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

MAX_AGE_SECONDS = 300  # a ring's next key is public for hours before it signs, so minutes are early enough


class SecretKeyRing:
    """The port `flows.ports.KeyRingSource`: reads the ring, keeps it for five minutes, and longer in an outage."""

    def __init__(self, client: "SecretsManagerClient", *, secret_id: str, clock: Clock) -> None:
        """Read this secret, on the first use."""
        self._store = SecretKeyRingStore(client, secret_id=secret_id)
        self._clock = clock
        self._ring: KeyRing | None = None
        self._read_again_at_ms = 0

    def load(self) -> KeyRing:
        """Return the ring. Raises TemporarilyUnavailable only where none was ever read."""
        now_ms = self._clock()
        if self._ring is None or now_ms >= self._read_again_at_ms:
            self._ring = self._read_or_keep()
            self._read_again_at_ms = now_ms + MAX_AGE_SECONDS * 1000
        return self._ring

    def _read_or_keep(self) -> KeyRing:
        try:
            ring = self._store.read()
        except TemporarilyUnavailable:
            if self._ring is None:
                raise
            ring = None
        # An old ring still signs; no ring would log everybody out.
        ring = ring or self._ring
        if ring is None:
            raise TemporarilyUnavailable("no key ring was made yet")
        return ring


class SecretKeyRingStore:
    """The port `flows.ports.KeyRingStore`."""

    def __init__(self, client: "SecretsManagerClient", *, secret_id: str) -> None:
        """Use this secret."""
        self._client = client
        self._secret_id = secret_id

    def read(self) -> KeyRing | None:
        """Read the ring; a secret without a value, or with an empty one, has none."""
        try:
            with translated_failures():
                response = self._client.get_secret_value(SecretId=self._secret_id)
        except TemporarilyUnavailable as error:
            if isinstance(error.__cause__, ClientError) and error_code(error.__cause__) == "ResourceNotFoundException":
                return None
            raise
        text = response.get("SecretString")
        if not text:
            return None
        try:
            return from_secret_json(text)
        except ValueError:
            raise TemporarilyUnavailable("the secret holds no key ring") from None

    def create(self, ring: KeyRing) -> KeyRing:
        """Keep the first ring.

        Secrets Manager refuses a second value under one request token, so of two writers one wins.
        """
        first_version = str(uuid5(NAMESPACE_URL, self._secret_id))
        with translated_failures(), suppress(self._client.exceptions.ResourceExistsException):
            self._client.put_secret_value(
                SecretId=self._secret_id, ClientRequestToken=first_version, SecretString=to_secret_json(ring)
            )
        kept = self.read()
        if kept is None:
            raise TemporarilyUnavailable("the key ring was not kept")
        return kept
