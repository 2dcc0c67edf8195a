"""The key ring in Secrets Manager: a cached reader for most functions, and a store for the one that writes it."""

from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, uuid5

from edge_auth.adapters.aws import AwsError, translated_failures
from edge_auth.errors import TemporarilyUnavailable
from edge_auth.flows.ports.key_ring import RingMoved, StoredRing
from edge_auth.flows.ports.time_and_randomness import Clock
from edge_auth.keys.ring import KeyRing, KeysInForce
from edge_auth.keys.ring_document import UnknownFormat, from_secret_json, to_secret_json
from edge_auth.keys.timing import MAX_RING_AGE_SECONDS, RING_AGE_SECONDS, RING_RETRY_SECONDS

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

__all__ = ["SecretKeyRing"]


class SecretKeyRing:
    """The port `flows.ports.key_ring.KeyRingSource`. Keeps the ring for five minutes, and longer in an outage."""

    def __init__(self, client: "SecretsManagerClient", *, secret_id: str, clock: Clock) -> None:
        """Read this secret, on the first use."""
        self._store = SecretKeyRingStore(client, secret_id=secret_id)
        self._clock = clock
        self._ring: KeyRing | None = None
        self._read_again_at_ms = 0
        self._usable_until_ms = 0

    def load(self) -> KeysInForce:
        """Return the keys. Raises TemporarilyUnavailable if there is no ring that is recent enough."""
        now_ms = self._clock()
        if self._ring is None or now_ms >= self._usable_until_ms:
            self._ring = self._read(now_ms)
        elif now_ms >= self._read_again_at_ms:
            self._read_again_at_ms = now_ms + RING_RETRY_SECONDS * 1000
            # An old ring still signs. Without a ring, every login and refresh would fail.
            with suppress(TemporarilyUnavailable):
                self._ring = self._read(now_ms)
        return _loaded(self._ring, now_ms)

    def _read(self, now_ms: int) -> KeyRing:
        stored = self._store.read()
        if stored is None:
            raise TemporarilyUnavailable("no key ring was made yet")
        # An unchanged ring is kept, because its private key is loaded already.
        ring = self._ring if self._ring == stored.ring else stored.ring
        _loaded(ring, now_ms)
        self._read_again_at_ms = now_ms + RING_AGE_SECONDS * 1000
        self._usable_until_ms = now_ms + MAX_RING_AGE_SECONDS * 1000
        return ring


class SecretKeyRingStore:
    """The port `flows.ports.key_ring.KeyRingStore`."""

    def __init__(self, client: "SecretsManagerClient", *, secret_id: str) -> None:
        """Use this secret."""
        self._client = client
        self._secret_id = secret_id

    def read(self) -> StoredRing | None:
        """Read the ring. None means that the secret has no value, or an empty one."""
        try:
            with translated_failures():
                response = self._client.get_secret_value(SecretId=self._secret_id)
        except AwsError as error:
            if error.aws_code == "ResourceNotFoundException":
                return None
            raise
        text = response.get("SecretString")
        if not text:
            return None
        try:
            return StoredRing(from_secret_json(text), response["VersionId"])
        except UnknownFormat as error:
            raise TemporarilyUnavailable(f"the secret holds {error}") from None
        except (ValueError, KeyError):
            raise TemporarilyUnavailable("the secret holds no key ring") from None

    def write(self, ring: KeyRing, *, after: str | None) -> StoredRing:
        """Write the ring.

        The request token is derived from the version that the ring follows. Secrets Manager refuses a second value
        under one token, so only one ring can follow a version.
        """
        token = str(uuid5(NAMESPACE_URL, f"{self._secret_id}#{after}" if after else self._secret_id))
        try:
            with translated_failures():
                response = self._client.put_secret_value(
                    SecretId=self._secret_id, ClientRequestToken=token, SecretString=to_secret_json(ring)
                )
        except AwsError as error:
            if error.aws_code == "ResourceExistsException":
                raise RingMoved from None
            raise
        return StoredRing(ring, response["VersionId"])


def _loaded(ring: KeyRing, now_ms: int) -> KeysInForce:
    """Return the keys of this moment. The signing key is loaded here, so a damaged one fails before any write."""
    keys = ring.at(now_ms // 1000)
    try:
        keys.signing.private_key  # noqa: B018 - loads it
    except (ValueError, KeyError, TypeError):
        raise TemporarilyUnavailable("the key ring holds no key that can sign") from None
    return keys
