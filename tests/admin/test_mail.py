"""`./edge-auth mail check`: what it says of each state of the sender, and when it fails."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

import pytest

from admin.mail_state import Finding, findings
from tests.admin import aws
from tests.admin.aws import PARAMETERS, SES, Fresh, Run, answer
from tests.support.template import Intrinsic, properties


@pytest.fixture
def ses(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, Any]]:
    """Return the answers of Amazon SES, to be changed by a test."""
    answers = deepcopy(SES)
    monkeypatch.setattr(aws, "SES", answers)
    return answers


def found(**changes: Any) -> Iterator[Finding]:  # noqa: ANN401 - the SDK's answers
    """Return what is found where everything is well, with these changes."""
    given = {
        "sender": "login@example.com",
        "identity_name": "example.com",
        "account": SES["GetAccount"],
        "identity": SES["GetEmailIdentity"],
        "configuration_set": SES["GetConfigurationSet"],
    }
    yield from findings(**{**given, **changes})


def changed(operation: str, **members: Any) -> Mapping[str, Any]:  # noqa: ANN401 - as above
    """Return an answer with changed members."""
    return {**SES[operation], **members}


def test_a_sender_that_is_ready_is_said_to_be(fresh: Fresh, run: Run) -> None:
    """It reads the account, the identity and the configuration set, and changes nothing."""
    aws = fresh()

    outcome = run("mail", "check")

    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.out.splitlines() == [
        "quota         50000 mails in 24 hours and 14 in a second; 120 were sent in the last 24 hours",
        "sandbox       the account is out of the sandbox: it sends to all addresses",
        "identity      example.com is verified",
        "DKIM          mails are signed for your domain",
        "SPF           mails return to mail.example.com, which is yours",
        "DMARC         Amazon SES does not look at it",
        '  hint: publish, if there is none: _dmarc.example.com TXT "v=DMARC1; p=quarantine"',
        "Mails arrive.",
    ]
    assert [call for call in aws.calls if call.startswith("sesv2")] == [
        "sesv2:GetAccount",
        "sesv2:GetEmailIdentity",
        "sesv2:GetConfigurationSet",
    ]


def test_the_sandbox_is_the_first_thing_to_do(fresh: Fresh, run: Run, ses: dict[str, dict[str, Any]]) -> None:
    """A new account is in it. The exit status tells a script."""
    fresh()
    ses["GetAccount"]["ProductionAccessEnabled"] = False

    outcome = run("mail", "check")

    assert outcome.status == 1
    assert "  to do: ask AWS for production access, which takes about a day: https://" in outcome.out
    assert outcome.err == "edge-auth: mails do not arrive yet; to do: sandbox\n"


def test_what_amazon_ses_does_not_know_is_something_to_do(fresh: Fresh, run: Run) -> None:
    """An identity that nobody has made, and a configuration set that somebody has deleted."""
    aws = fresh()
    missing = answer(b'{"message":"no"}', 404, {"x-amzn-errortype": "NotFoundException"})
    unknown = {"sesv2:GetEmailIdentity", "sesv2:GetConfigurationSet"}
    aws.fault = lambda forward: missing if aws.calls[-1] in unknown else forward()

    outcome = run("mail", "check")

    assert outcome.status == 1
    assert "  to do: verify it: aws sesv2 create-email-identity --email-identity example.com\n" in outcome.out
    assert outcome.err == "edge-auth: mails do not arrive yet; to do: identity, configuration\n"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"MailFrom": ""}, "sends no mails; set MailFrom, MailIdentity and PagesUrl"),
        ({"MailerFunctionArn": "arn:aws:lambda:eu-central-1:123456789012:function:ours"}, "sent by your own function"),
    ],
    ids=["off", "own mailer"],
)
def test_a_stack_whose_mails_ses_does_not_send_is_not_checked(
    fresh: Fresh, run: Run, monkeypatch: pytest.MonkeyPatch, changes: dict[str, str], text: str
) -> None:
    """Amazon SES is not asked."""
    aws = fresh()
    for name, value in changes.items():
        monkeypatch.setitem(PARAMETERS, name, value)

    outcome = run("mail", "check")

    assert (outcome.status, text in outcome.err) == (1, True)
    assert not any(call.startswith("sesv2") for call in aws.calls)


@pytest.mark.parametrize(
    ("changes", "subject"),
    [
        ({"account": changed("GetAccount", SendingEnabled=False)}, "sending"),
        ({"account": changed("GetAccount", EnforcementStatus="SHUTDOWN")}, "sending"),
        ({"identity": changed("GetEmailIdentity", VerifiedForSendingStatus=False)}, "identity"),
        ({"sender": "login@other.example"}, "sender"),
        ({"sender": "login@notexample.com"}, "sender"),
        ({"identity_name": "ada@example.com"}, "sender"),
        ({"configuration_set": {"SendingOptions": {"SendingEnabled": False}}}, "configuration"),
    ],
)
def test_what_keeps_mails_from_arriving_is_needed(changes: dict[str, Any], subject: str) -> None:
    """Each has a next step."""
    needed = [finding for finding in found(**changes) if finding.is_needed]

    assert [finding.subject for finding in needed] == [subject]
    assert all(finding.next_step for finding in needed)
    assert not [finding for finding in found() if finding.is_needed]


@pytest.mark.parametrize(
    ("sender", "identity"),
    [("a@example.com", "example.com"), ("a@mail.example.com", "example.com"), ("a@example.com", "a@example.com")],
)
def test_a_sender_of_the_identity_is_not_complained_of(sender: str, identity: str) -> None:
    """A domain also covers its subdomains (Amazon SES Developer Guide, "Verified identities")."""
    assert not [each for each in found(sender=sender, identity_name=identity) if each.subject == "sender"]


def test_records_of_dkim_are_printed_to_be_copied() -> None:
    """Amazon SES makes them, and the domain's owner publishes them."""
    dkim = {"SigningEnabled": True, "Status": "PENDING", "Tokens": ["one", "two"]}
    [finding] = [
        each for each in found(identity=changed("GetEmailIdentity", DkimAttributes=dkim)) if each.subject == "DKIM"
    ]

    assert finding.next_step.splitlines()[1:] == [
        "    one._domainkey.example.com CNAME one.dkim.amazonses.com",
        "    two._domainkey.example.com CNAME two.dkim.amazonses.com",
    ]


def test_the_configuration_set_has_the_name_of_the_stack() -> None:
    """By that the command finds it."""
    assert properties("MailConfigurationSet")["Name"] == Intrinsic("Ref", "AWS::StackName")
