"""docs/guides/sending-mail.md: the example of a mailer works unchanged, and the page has every mail and parameter."""

import importlib.util
import json
import re
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from moto import mock_aws

from edge_auth.adapters.aws import sdk_session
from edge_auth.keys.ring_document import to_secret_json
from edge_auth.mail.templates import OURS
from edge_auth.tokens.proof_token import PREFIX
from tests.support import memory_aws
from tests.support.mail_records import batch, binary, challenge, notice
from tests.support.people import key_ring
from tests.support.template import ROOT, parameters, properties

TEXT = (ROOT / "docs" / "guides" / "sending-mail.md").read_text(encoding="utf-8")
[EXAMPLE] = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


@pytest.fixture
def mailer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """Yield the example as a module, with the key ring of a deployment."""
    (tmp_path / "mailer.py").write_text(EXAMPLE, encoding="utf-8")
    with mock_aws():
        sdk_session.cache_clear()
        secret = memory_aws.secretsmanager().create_secret(Name="ring", SecretString=to_secret_json(key_ring()))["ARN"]
        monkeypatch.setenv("KEY_RING_SECRET", secret)
        spec = importlib.util.spec_from_file_location("mailer_example", tmp_path / "mailer.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield module
        sdk_session.cache_clear()


@pytest.fixture
def posted(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Return what the example posts. A mail to `down@example.com` is not taken."""
    mails: list[dict[str, Any]] = []

    def urlopen(request: urllib.request.Request, timeout: float) -> closing[BytesIO]:
        assert (request.full_url, timeout) == ("https://mail.example.com/send", 10)
        assert isinstance(request.data, bytes)
        mail = json.loads(request.data)
        if mail["to"] == "down@example.com":
            raise OSError("503")
        mails.append(mail)
        return BytesIO()  # type: ignore[return-value]  # it is closed, and no more

    monkeypatch.setattr("urllib.request.urlopen", urlopen)
    return mails


def test_the_example_sends_the_mails_that_ours_would(mailer: ModuleType, posted: list[dict[str, Any]]) -> None:
    """With link and code, and a damaged record holds nothing up."""
    key_id = binary(mailer.key_ring.load().mac.key_id)

    answer = mailer.handler(batch(challenge(mac_key_id=key_id), challenge("mfa"), notice()), None)

    assert answer == {"batchItemFailures": []}
    assert [mail["subject"] for mail in posted] == [
        "Set a new password for Example Notes",
        "New sign-in at Example Notes",
    ]
    assert PREFIX in posted[0]["text"]
    assert PREFIX in posted[0]["html"]


def test_the_example_lets_lambda_repeat_what_it_could_not_send(
    mailer: ModuleType, posted: list[dict[str, Any]]
) -> None:
    """And nothing behind it is tried."""
    records = batch(notice(), notice(email={"S": "down@example.com"}), notice("new_password"))

    assert mailer.handler(records, None) == {"batchItemFailures": [{"itemIdentifier": "2"}]}
    assert len(posted) == 1


def test_the_page_has_every_mail() -> None:
    """A table says to whom each goes, and when."""
    section = TEXT.split("\n## What is sent\n")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| `")]

    assert {name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])} == OURS.mails("en")


def test_the_page_has_the_parameters_and_the_numbers_of_the_template() -> None:
    """A renamed parameter and another time fail here."""
    assert set(re.findall(r"`(Mail\w+|PagesUrl)`", TEXT)) <= parameters().keys()
    assert "wait, in order, for a day" in " ".join(TEXT.split())
    assert properties("MailStream")["MaximumRecordAgeInSeconds"] == 86_400
    assert properties("MailConfigurationSet")["DeliveryOptions"] == {"TlsPolicy": "REQUIRE"}
    assert properties("MailStream")["FilterCriteria"]["Filters"] == [
        {"Pattern": '{"dynamodb": {"NewImage": {"deliver": {"BOOL": [true]}}}}'}
    ]
