"""Takes over the keys that seal second factors, so that apps of a deleted stack are accepted in another stack.

A key is a line of a secret. The lines of the deleted stack come after those of the stack, so none of them seals. A key
is taken over once: one that was removed since, as after a leak, does not come back.
"""

from typing import TYPE_CHECKING

from admin.adoption_notes import AdoptionNotes
from admin.retained import CannotAdopt
from edge_auth.adapters.aws import translated_failures
from edge_auth.keys.sealing_key import sealing_keys_from

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


class RetainedSealingKeys:
    """The sealing keys of a deleted stack, and the secret of the stack that takes them over."""

    def __init__(self, client: "SecretsManagerClient", *, source: str, own: str, notes: AdoptionNotes) -> None:
        """Read both secrets.

        Raises:
            CannotAdopt: a secret holds no such keys, or both together hold too many.
            TemporarilyUnavailable: a secret or a note could not be read.

        """
        self._client = client
        self._own = own
        self._notes = notes
        self._before = self._read(own)
        self._retained = self._read(source)
        is_new = [line not in self._before and not notes.is_finished(_name_of(line)) for line in self._retained]
        self._lines = [line for line, new in zip(self._retained, is_new, strict=True) if new]
        self._check([*self._before, *self._lines])

    @property
    def count(self) -> int:
        """How many keys the stack does not have yet."""
        return len(self._lines)

    def adopt(self) -> None:
        """Add the keys to the stack's secret. Nothing is written if they are there.

        Raises:
            TemporarilyUnavailable: the secret or a note is not known to be written. The same call may be made again.

        """
        if self._lines:
            with translated_failures():
                text = "\n".join((*self._before, *self._lines))
                self._client.put_secret_value(SecretId=self._own, SecretString=text)
        for line in self._retained:
            self._notes.finish(_name_of(line))

    def _read(self, secret: str) -> list[str]:
        with translated_failures():
            text = self._client.get_secret_value(SecretId=secret).get("SecretString", "")
        self._check(text.split())
        return text.split()

    def _check(self, lines: list[str]) -> None:
        try:
            sealing_keys_from("\n".join(lines))
        except ValueError as error:
            raise CannotAdopt(f"{error}; nothing was done") from None


def _name_of(line: str) -> str:
    return f"sealing#{sealing_keys_from(line).newest.key_id.hex()}"
