"""Users of another system on the deployed stack: imported by the command, checked by the layer as it is built."""

import json
import secrets
from pathlib import Path

import bcrypt

from local.stack import Stack
from tests.e2e.answers import assert_error
from tests.e2e.client import Client
from tests.e2e.operator import Operator


def written(path: Path, name: str, password: str, rounds: int) -> Path:
    """Write a file with one user, whose hash is another program's."""
    password_hash = bcrypt.hashpw(password.encode(), bcrypt.gensalt(rounds)).decode()
    path.write_text(json.dumps({"username": name, "password_hash": password_hash, "scope": "notes:read"}) + "\n")
    return path


def test_an_imported_user_logs_in_and_comes_once(
    client: Client, stack: Stack, operator: Operator, tmp_path: Path
) -> None:
    """P18, P19: the layer has what checks the hash, and the first login renews it."""
    name, password = f"user-{secrets.token_hex(6)}", secrets.token_urlsafe(18)
    path = written(tmp_path / "users.jsonl", name, password, 4)

    first, second = (operator("import", str(path)) for _ in range(2))

    assert first.stdout == "added 1 users, 0 were imported before, 0 records not taken\n", first.stderr
    assert second.stdout == "added 0 users, 1 were imported before, 0 records not taken\n", second.stderr
    for tried in ("not the password", password, password):
        answer = client.post_json("/auth/login", {"username": name, "password": tried})
        if tried == password:
            assert (answer.status_code, answer.json()["scope"]) == (200, "notes:read")
        else:
            assert_error(answer, 401, "invalid_credentials")
    item = stack.clients.dynamodb.get_item(
        TableName=stack.outputs["IdentitiesTable"], Key={"pk": {"S": f"login#{name}"}}
    )["Item"]
    assert item["password_hash"]["S"].startswith("$argon2id$")


def test_a_kind_that_the_stack_does_not_declare_is_named(operator: Operator, tmp_path: Path) -> None:
    """The command reads the parameter of the stack."""
    outcome = operator("import", str(written(tmp_path / "users.jsonl", "nobody", "x", 5)))

    assert outcome.returncode == 1
    assert """'PasswordProfiles="bcrypt:c=4;bcrypt:c=5"' first""" in outcome.stderr
