"""The stack's tables and its secrets in memory, on the product's side of the wire: what moto does in 15 ms, in one."""

from collections.abc import Mapping
from typing import Any

from tests.support.memory_tables.tables import Refused, Tables


class Store(Tables):
    """The tables, and in the form of Secrets Manager's wire the values of the key ring and of fixed secrets."""

    def __init__(self, names: Mapping[str, str], fixed_secrets: Mapping[str, str]) -> None:
        """Make empty tables: the names by their logical ids. `fixed_secrets` never change."""
        self._fixed_secrets = fixed_secrets
        super().__init__(names)
        self.operations |= {"GetSecretValue": self._secret, "PutSecretValue": self._put_secret}

    def empty(self) -> None:
        """Forget everything."""
        super().empty()
        self.secret_versions: dict[str, str] = {}  # the values of the key ring's secret, the newest last

    def delete_expired(self, now_seconds: int) -> int:
        """Delete what the tables' TTL lets DynamoDB delete. Return how many items that were."""
        deleted = 0
        for table in self._tables.values():
            for item in table.all():
                if int(item.get("delete_at", {"N": now_seconds + 1})["N"]) <= now_seconds:
                    table.delete(item)
                    deleted += 1
        return deleted

    def _secret(self, asked: dict[str, Any]) -> dict[str, Any]:
        name = asked["SecretId"]
        if name in self._fixed_secrets:
            return {"ARN": name, "Name": name, "VersionId": "fixed" * 7, "SecretString": self._fixed_secrets[name]}
        if not self.secret_versions:
            raise Refused("ResourceNotFoundException")
        version, value = list(self.secret_versions.items())[-1]
        return {"ARN": name, "Name": name, "VersionId": version, "SecretString": value}

    def _put_secret(self, asked: dict[str, Any]) -> dict[str, Any]:
        version, value = asked["ClientRequestToken"], asked["SecretString"]
        if self.secret_versions.get(version, value) != value:
            raise Refused("ResourceExistsException")
        self.secret_versions.setdefault(version, value)
        return {"ARN": asked["SecretId"], "Name": asked["SecretId"], "VersionId": version}
