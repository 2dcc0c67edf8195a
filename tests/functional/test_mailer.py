"""The mailer: the requests to Amazon SES, the answer to Lambda, and faults of both."""

import json
import re
from collections.abc import Callable
from email.header import decode_header, make_header
from email.utils import parseaddr
from typing import Any

import pytest
from moto.ses.models import ses_backends

from edge_auth.accounts.challenge import Challenge
from edge_auth.adapters.dynamodb.challenges import DynamoDBChallenges
from edge_auth.tokens import proof_token
from edge_auth.tokens.proof_token import Kind, Proof
from tests.support.clock import START_MS
from tests.support.mail_records import (
    ADDRESS,
    BINDING,
    PAGES_URL,
    PROOF_ID,
    Record,
    as_passed_on,
    batch,
    notice,
    of_item,
)
from tests.support.people import ADA_ID
from tests.support.sample_events import sample
from tests.support.stack import REQUEST_ID, TABLES, LambdaContext, Stack
from tests.support.wire import Fault, lost_request, lost_response, no_connection, raw_answer, refusal

ACCOUNT = "123456789012"  # moto's
MAIL_FROM = "login@example.com"
EXPIRES_AT_SECONDS = START_MS // 1000 + 1800
Batch = dict[str, list[Record]]


@pytest.fixture
def mail_stack(stack: Stack) -> Stack:
    """Return a stack where mail is on, and where Amazon SES knows the domain."""
    ses_backends[ACCOUNT]["us-east-1"].reset()
    ses_backends[ACCOUNT]["us-east-1"].verify_domain("example.com")
    return stack.with_parameters(
        MailFrom=MAIL_FROM, MailIdentity="example.com", PagesUrl=PAGES_URL, MailName="Bücher & Co"
    )


@pytest.fixture
def mailer(mail_stack: Stack) -> Callable[[Batch], list[str]]:
    """Return the function, cold. It answers with the numbers of the records that have to come again."""
    handler = mail_stack.module("mailer").handler

    def invoke(event: Batch) -> list[str]:
        answer = handler(event, LambdaContext())
        assert answer.keys() == {"batchItemFailures"}
        mail_stack.output.show(answer)
        return [each["itemIdentifier"] for each in answer["batchItemFailures"]]

    return invoke


def asked(stack: Stack, kind: Kind = Kind.RESET, **changes: Any) -> Record:  # noqa: ANN401 - fields of a challenge
    """Store a challenge, and return its record. Its link and its code are secrets that nothing may print."""
    proof = Proof(kind, PROOF_ID, ADA_ID, EXPIRES_AT_SECONDS, BINDING)
    challenge = Challenge(proof, stack.keys.mac.key_id, "ada", ADDRESS, is_delivered=True)._replace(**changes)
    stack.secrets.keep(proof_token.mint(challenge.proof, stack.keys.mac), proof_token.code(proof, stack.keys.mac))
    DynamoDBChallenges(stack.dynamodb, table=TABLES["ChallengesTable"]).put(challenge)
    [item] = [each for each in stack.challenge_items() if each["pk"]["S"].startswith(f"{kind}#")]
    stack.wire.forget()
    return of_item(as_passed_on(item))


def sent(stack: Stack) -> list[dict[str, Any]]:
    """Return the requests that Amazon SES has served."""
    return [call.parameters for call in stack.wire.calls if call.operation == "SendEmail"]


def outbox() -> list[str]:
    """Return the subjects of the mails that have left."""
    return [message.subject for message in ses_backends[ACCOUNT]["us-east-1"].sent_messages]


def test_a_mail_is_one_request_with_everything_in_it(mail_stack: Stack, mailer: Callable[[Batch], list[str]]) -> None:
    """The key ring is read once in the life of the function, and the challenge before each mail."""
    record = asked(mail_stack)

    assert mailer(batch(record)) == []

    assert mail_stack.wire.counts == {"dynamodb.GetItem": 1, "secrets-manager.GetSecretValue": 1, "sesv2.SendEmail": 1}
    [request] = sent(mail_stack)
    name, address = parseaddr(request["FromEmailAddress"])
    assert (str(make_header(decode_header(name))), address) == ("Bücher & Co", MAIL_FROM)
    assert request["FromEmailAddress"].isascii()
    assert request["Destination"] == {"ToAddresses": [ADDRESS]}
    assert request["ConfigurationSetName"] == "functional-MailConfigurationSet"
    assert {tag["Name"]: tag["Value"] for tag in request["EmailTags"]} == {"mail": "reset", "user_id": ADA_ID}
    content = request["Content"]["Simple"]
    assert content["Subject"] == {"Data": "Set a new password for Bücher & Co", "Charset": "UTF-8"}
    assert content["Headers"] == [{"Name": "Auto-Submitted", "Value": "auto-generated"}]
    text, html = (content["Body"][form]["Data"] for form in ("Text", "Html"))
    [token] = re.findall(rf"^{PAGES_URL}/reset-password#(\S+)$", text, re.MULTILINE)
    proof = proof_token.parse(token, mail_stack.keys.mac_keys, Kind.RESET, now_seconds=START_MS // 1000)
    assert (proof.user_id, proof.binding) == (ADA_ID, BINDING)
    assert proof_token.code(proof, mail_stack.keys.mac) in text
    assert "Bücher &amp; Co" in html
    assert outbox() == ["Set a new password for Bücher & Co"]


def test_a_sent_mail_is_a_line_of_the_log_without_its_link(
    mail_stack: Stack, mailer: Callable[[Batch], list[str]]
) -> None:
    """L4: user, name of the mail, and no address. The fixture searches all output for the link and the code."""
    mailer(batch(asked(mail_stack)))

    [line] = mail_stack.output.security_events()
    assert (line["event"], line["user_id"], line["reason"]) == ("mail_sent", ADA_ID, "reset")
    assert line["request_id"] == REQUEST_ID
    assert ADDRESS not in mail_stack.output.read()


def test_the_sample_is_answered(mailer: Callable[[Batch], list[str]]) -> None:
    """Its challenge does not stand in this stack, so nothing is sent and nothing comes again."""
    assert mailer(sample("mailer")) == []
    assert outbox() == []


TROUBLE: dict[str, Fault] = {
    "throttled": refusal("TooManyRequestsException", 429),
    "over the quota": refusal("LimitExceededException"),
    "paused": refusal("SendingPausedException"),
    "no right": refusal("AccessDeniedException", 403),
    "500": raw_answer(b"", 500),
    "503": raw_answer(b"<html>", 503),
    "no connection": no_connection,
    "lost request": lost_request,
}


@pytest.mark.parametrize("fault", TROUBLE)
def test_trouble_of_ses_delays_a_mail_and_all_behind_it(
    mail_stack: Stack, mailer: Callable[[Batch], list[str]], fault: str
) -> None:
    """F1: one request, and the record comes again. When SES is back, each mail is sent once."""
    records = batch(asked(mail_stack), notice())
    mail_stack.wire.always("SendEmail", TROUBLE[fault])
    for _ in range(10):
        assert mailer(records) == ["1"]
        mail_stack.clock.advance(seconds=60)
    assert len(sent(mail_stack)) == 10
    mail_stack.wire.mend()

    assert mailer(records) == []
    assert outbox() == ["Set a new password for Bücher & Co", "New sign-in at Bücher & Co"]


def test_the_sdk_sends_no_mail_twice(mail_stack: Stack, mailer: Callable[[Batch], list[str]]) -> None:
    """F2: SES does not know a repeated mail. A lost answer brings the same mail once more, with the same code."""
    records = batch(asked(mail_stack))
    mail_stack.wire.next("SendEmail", lost_response)

    assert mailer(records) == ["1"]
    assert len(outbox()) == 1
    assert mailer(records) == []

    first, second = sent(mail_stack)
    assert first == second
    assert len(outbox()) == 2


@pytest.mark.parametrize("code", ["MessageRejected", "BadRequestException"])
def test_a_mail_that_ses_refuses_holds_nothing_up(
    mail_stack: Stack, mailer: Callable[[Batch], list[str]], code: str
) -> None:
    """In the sandbox, so is each mail to an address that is not verified."""
    mail_stack.wire.next("SendEmail", refusal(code))

    assert mailer(batch(asked(mail_stack), notice())) == []

    assert outbox() == ["New sign-in at Bücher & Co"]
    [line, _] = mail_stack.output.security_events()
    assert (line["event"], line["reason"]) == ("mail_not_sent", f"reset: {code}")


@pytest.mark.parametrize("operation", ["GetItem", "GetSecretValue"])
def test_trouble_of_the_stores_delays_a_mail(
    mail_stack: Stack, mailer: Callable[[Batch], list[str]], operation: str
) -> None:
    """F1: it is not known whether it may be sent. After the trouble it is sent once."""
    records = batch(asked(mail_stack))
    mail_stack.wire.always(operation, no_connection)

    assert mailer(records) == ["1"]
    assert sent(mail_stack) == []
    mail_stack.wire.mend()
    assert mailer(records) == []
    assert len(outbox()) == 1


def test_a_newer_challenge_takes_the_place_of_the_older_mail(
    mail_stack: Stack, mailer: Callable[[Batch], list[str]]
) -> None:
    """SES was down, and the user asked twice: one mail, whose link is the one that works."""
    older = asked(mail_stack)
    newer_proof = Proof(Kind.RESET, ADA_ID, ADA_ID, EXPIRES_AT_SECONDS + 60, BINDING)
    newer = asked(mail_stack, proof=newer_proof)

    assert mailer(batch(older, newer)) == []

    [request] = sent(mail_stack)
    assert proof_token.mint(newer_proof, mail_stack.keys.mac) in json.dumps(request)


def test_a_function_without_a_name_calls_the_service_by_the_host_of_its_pages(mail_stack: Stack) -> None:
    """MailName is optional."""
    handler = mail_stack.with_parameters(MailName="").module("mailer").handler

    handler(batch(asked(mail_stack)), LambdaContext())

    assert outbox() == ["Set a new password for app.example.com"]


def test_german_is_a_parameter(mail_stack: Stack) -> None:
    """MailLanguage is for users who have no language."""
    handler = mail_stack.with_parameters(MailLanguage="de").module("mailer").handler

    handler(batch(asked(mail_stack), notice(language={"S": "en"})), LambdaContext())

    assert outbox() == ["Neues Passwort für Bücher & Co", "New sign-in at Bücher & Co"]
