"""Mail is off by default: the deployment then has no route, no function, no table and no right for it."""

import re

import pytest

from tests.support.template import Intrinsic, functions, parameters, properties, template

OF_MAIL = {"reset", "reset_link", "email", "email_proofs"}


def test_it_is_off_by_default() -> None:
    """Without an address to send from, there is nothing of it."""
    assert [parameters()[name]["Default"] for name in ("MailFrom", "PagesUrl", "ConfirmAddress")] == ["", "", "false"]
    assert template()["Conditions"]["HasMail"] == Intrinsic(
        "Not", [Intrinsic("Equals", [Intrinsic("Ref", "MailFrom"), ""])]
    )


def test_functions_table_and_outputs_of_mail_depend_on_it() -> None:
    """SAM gives a route the condition of its function."""
    conditional = {name for name, body in template()["Resources"].items() if body.get("Condition") == "HasMail"}
    outputs = {name for name, body in template()["Outputs"].items() if body.get("Condition") == "HasMail"}
    names = {properties(name)["CodeUri"].removeprefix("functions/") for name in conditional if "Function" in name}

    assert names >= OF_MAIL
    assert "ChallengesTable" in conditional
    assert outputs >= {"ChallengesTable", "ResetLinkFunction"}


@pytest.mark.parametrize("function", sorted(set(functions()) - OF_MAIL - {"mailer"}))
def test_no_other_function_has_a_right_on_challenges_without_mail(function: str) -> None:
    """Where another function has one, its statement has the condition."""
    for policy in functions()[function].get("Policies", []):
        for statement in policy["Statement"]:
            if "ChallengesTable" in str(statement):
                assert isinstance(statement, Intrinsic)
                assert (statement.name, statement.argument[0]) == ("If", "HasMail")


def test_the_stream_has_what_a_mail_needs_and_the_table_forgets() -> None:
    """The mailer reads new images. Nothing is kept for longer than a proof is good."""
    table = properties("ChallengesTable")

    assert table["StreamSpecification"] == {"StreamViewType": "NEW_IMAGE"}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "delete_at", "Enabled": True}


def test_no_parameter_of_mail_works_alone() -> None:
    """CloudFormation refuses links that lead nowhere, and a confirmation without a mail or a registration."""
    said = {
        assertion["AssertDescription"]
        for rule in template()["Rules"].values()
        for assertion in rule["Assertions"]
        if "Mail" in assertion["AssertDescription"] or "ConfirmAddress" in assertion["AssertDescription"]
    }

    assert said >= {
        "MailFrom needs PagesUrl",
        "PagesUrl needs MailFrom",
        "ConfirmAddress needs MailFrom",
        "ConfirmAddress needs SelfRegistration",
    }


def test_operators_may_call_the_function_of_links_and_read_no_key() -> None:
    """K5: who may help users cannot make tokens."""
    statements = properties("UsersPolicy")["PolicyDocument"]["Statement"]
    [call] = [each for each in statements if "lambda:InvokeFunction" in str(each)]

    assert call.argument[0] == "HasMail"
    assert call.argument[1]["Resource"] == Intrinsic("GetAtt", "ResetLinkFunction.Arn")
    assert "secretsmanager" not in str(statements)


@pytest.mark.parametrize(
    ("name", "value", "is_taken"),
    [
        ("MailFrom", "", True),
        ("MailFrom", "login@example.com", True),
        ("MailFrom", "no-reply+x@mail.example.co.uk", True),
        ("MailFrom", "login@example", False),
        ("MailFrom", "Login <login@example.com>", False),
        ("MailFrom", "login@example.com\nBcc: eve@evil.example", False),
        ("PagesUrl", "", True),
        ("PagesUrl", "https://app.example.com/account", True),
        ("PagesUrl", "http://localhost:5173", True),
        ("PagesUrl", "http://app.example.com", False),
        ("PagesUrl", "https://app.example.com/", False),
        ("PagesUrl", "https://app.example.com#x", False),
        ("PagesUrl", "https://app.example.com?next=x", False),
        ("PagesUrl", "https://user@app.example.com", False),
    ],
)
def test_a_pattern_takes_what_a_link_and_a_mail_can_have(name: str, value: str, is_taken: bool) -> None:  # noqa: FBT001 - the expectation
    """SM2: the host of a link is in this parameter alone."""
    assert (re.fullmatch(parameters()[name]["AllowedPattern"], value) is not None) is is_taken
