"""Mail in the template: where it is off there is nothing of it, and the stream calls one mailer."""

import json
from typing import Any

from tests.support.mail_records import challenge, notice
from tests.support.template import Intrinsic, functions, properties, resources, template

OF_OUR_MAILER = {
    "MailerFunction",
    "MailerLogGroup",
    "MailConfigurationSet",
    "MailFeedback",
    "MailFeedbackFunction",
    "MailFeedbackLogGroup",
    "MailsNotSentMetric",
    "MailsDelayedAlarm",
    "MailsNotSentAlarm",
}


def conditions() -> dict[str, str]:
    """Return the condition of each resource that has one."""
    return {name: body["Condition"] for name, body in template()["Resources"].items() if "Condition" in body}


def matches(pattern: Any, value: Any) -> bool:  # noqa: ANN401 - any JSON
    """Whether a value matches a filter of an event source: a list has the values that are let through."""
    if isinstance(pattern, list):
        return value in pattern
    return isinstance(value, dict) and all(
        name in value and matches(each, value[name]) for name, each in pattern.items()
    )


def test_without_mail_from_there_is_no_mailer_and_no_stream() -> None:
    """Off is the default, and costs nothing."""
    found = conditions()

    assert template()["Parameters"]["MailFrom"]["Default"] == ""
    assert {found["MailStream"], found["ChallengesTable"]} == {"HasMail"}
    assert {name for name, condition in found.items() if condition == "HasMailer"} == OF_OUR_MAILER


def test_an_own_mailer_takes_the_place_of_ours() -> None:
    """The stream has one consumer, and with an own one nothing of Amazon SES is made."""
    assert template()["Conditions"]["HasMailer"] == Intrinsic(
        "And",
        [Intrinsic("Condition", "HasMail"), Intrinsic("Not", [Intrinsic("Condition", "HasOwnMailer")])],
    )
    assert list(resources("AWS::Lambda::EventSourceMapping")) == ["MailStream"]
    assert properties("MailStream")["FunctionName"] == Intrinsic(
        "If", ["HasOwnMailer", Intrinsic("Ref", "MailerFunctionArn"), Intrinsic("Ref", "MailerFunction")]
    )


def test_the_stream_repeats_what_failed_and_gives_up_after_a_day() -> None:
    """A record is never lost in silence before that, and holds up the others no longer."""
    stream = properties("MailStream")

    assert stream["StartingPosition"] == "TRIM_HORIZON"
    assert stream["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert stream["BisectBatchOnFunctionError"] is True
    assert stream["MaximumRecordAgeInSeconds"] == 86_400
    assert "MaximumRetryAttempts" not in stream


def test_the_filter_lets_through_what_is_to_be_delivered_and_nothing_else() -> None:
    """The item of an unknown user, a guess at a code, and the use of a proof have no mark."""
    [each] = properties("MailStream")["FilterCriteria"]["Filters"]
    pattern = json.loads(each["Pattern"])

    assert matches(pattern, challenge())
    assert matches(pattern, notice())
    assert not matches(pattern, challenge(deliver=None))
    assert not matches(pattern, {"eventName": "REMOVE", "dynamodb": {"SequenceNumber": "1"}})


def test_only_the_mailer_may_send_and_only_from_its_identity() -> None:
    """Each mail names the stack's configuration set, whose right Amazon SES checks too."""
    senders = {name for name, function in functions().items() if "ses:SendEmail" in str(function.get("Policies"))}

    assert senders == {"mailer"}


def test_events_of_other_senders_of_the_account_do_not_reach_us() -> None:
    """All of them are on the default bus. The pattern names the stack's configuration set."""
    [event] = functions()["mail_feedback"]["Events"].values()

    assert event["Properties"]["Pattern"] == {
        "source": ["aws.ses"],
        "detail-type": ["Email Bounced", "Email Complaint Received"],
        "detail": {"mail": {"tags": {"ses:configuration-set": [Intrinsic("Ref", "MailConfigurationSet")]}}},
    }
    assert properties("MailFeedback")["EventDestination"]["MatchingEventTypes"] == ["bounce", "complaint"]
