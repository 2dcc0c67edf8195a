"""The reset of a password over HTTP: its bytes and requests, faults and interleaved calls."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from edge_auth.accounts.challenge import MAX_GUESSES
from edge_auth.accounts.identity import DISABLED, Identity
from edge_auth.throttling.limits import MAIL_RATE
from edge_auth.tokens.proof_token import Kind
from tests.support.answers import (
    ACCEPTED,
    INVALID_CREDENTIALS,
    INVALID_GRANT,
    INVALID_PROOF,
    INVALID_REQUEST,
    NO_CONTENT,
    UNAVAILABLE,
    UNSUPPORTED_MEDIA_TYPE,
    error,
    method_not_allowed,
)
from tests.support.browser import DEVICE_COOKIE, for_browsers, from_page, with_header
from tests.support.mailbox import deliveries, mailed
from tests.support.outages import (
    APPLIED,
    KINDS,
    KINDS_OF_TRANSACTIONS,
    KINDS_OF_UPDATES,
    NO_SECRETS,
    RETRIED,
    Killed,
    after,
    attempts,
    before,
    ends,
    events_named,
    kill,
    kinds_at,
)
from tests.support.people import ADA_ID, PASSWORD, ada
from tests.support.sample_events import (
    Event,
    from_address,
    login_event,
    logout_event,
    refresh_event,
    sample,
    with_body,
    with_json,
)
from tests.support.stack import TABLES, Answer, Function, LambdaContext, Stack
from tests.support.wire import Fault, lost_response

Moment = Callable[[Callable[[], object]], Fault]

NEW_PASSWORD = "another fine passphrase"
OTHER_PASSWORD = "a third fine passphrase"
EMAIL = "ada@mail.example"
BOOK = "UpdateItem of attempts"
WAYS = pytest.mark.parametrize("way", ["link", "code"])


def with_address(**changes: Any) -> Identity:  # noqa: ANN401 - any field of the user
    """Return ada with a confirmed address."""
    return replace(ada(), email=EMAIL, email_verified_at_seconds=1_789_000_000, **changes)


@pytest.fixture
def mail_stack(stack: Stack) -> Stack:
    """Return a stack with mail, whose user ada has a confirmed address."""
    stack.identities.delete(stack.identities.find("ada"))
    stack.identities.create(with_address())
    stack.secrets.keep(NEW_PASSWORD, OTHER_PASSWORD, kind="password")
    return stack.with_mail()


@pytest.fixture
def reset(mail_stack: Stack) -> Function:
    """Return the function, cold."""
    return mail_stack.function("reset")


def ask(username: object = "ada", **more: object) -> Event:
    """Return a request for a mail."""
    return with_json("password-reset", {"username": username, **more})


def confirm(shown: dict[str, str], new: object = NEW_PASSWORD) -> Event:
    """Return a request to set the password."""
    return with_json("password-reset-confirm", {**shown, "new_password": new})


def asked(stack: Stack, reset: Function, way: str = "link") -> dict[str, str]:
    """Ask for a mail, and return what it shows."""
    assert reset(ask()) == ACCEPTED
    found: dict[str, str] = getattr(mailed(stack, Kind.RESET), way)
    return found


Requests = list[tuple[str, str]]


def requests(stack: Stack) -> Requests:
    """Return the requests to DynamoDB so far, and forget them: each operation with its table and kind of update."""
    made = [
        (call.operation, f"{call.parameters.get('TableName', '')} {call.parameters.get('UpdateExpression', '')[:10]}")
        for call in stack.wire.calls
        if call.service != "secrets-manager"
    ]
    stack.wire.forget()
    return made


@WAYS
def test_a_forgotten_password_is_reset(
    mail_stack: Stack, reset: Function, login: Function, refresh: Function, tokens: dict[str, str], way: str
) -> None:
    """SA1: the answers are 202 and 204, without a token; all sessions end, and only the new password works."""
    shown = asked(mail_stack, reset, way)

    assert reset(confirm(shown)) == NO_CONTENT

    assert ends(mail_stack) == {tokens["session_id"]: "password_reset"}
    assert refresh(refresh_event(tokens["refresh_token"])) == INVALID_GRANT
    assert login(login_event("ada", PASSWORD)) == INVALID_CREDENTIALS
    assert login(login_event("ada", NEW_PASSWORD)).status == 200
    user = mail_stack.identities.find("ada")
    assert (user.epoch, user.scope, user.roles, user.email) == (1, "read write", ("admin", "auditor"), EMAIL)
    assert reset(confirm(shown, OTHER_PASSWORD)) == INVALID_PROOF


def test_authorizers_learn_of_the_ends(mail_stack: Stack, reset: Function, tokens: dict[str, str]) -> None:
    """F44: no access token of the old sessions works for longer than RevocationSeconds."""
    reset(confirm(asked(mail_stack, reset)))

    assert mail_stack.published() == {tokens["session_id"][:11]}


def test_an_end_that_authorizers_may_not_know_is_published_late(
    mail_stack: Stack, reset: Function, logout: Function, tokens: dict[str, str]
) -> None:
    """F44: a logout of a moment before may have failed after its end."""
    logout(logout_event(tokens["refresh_token"]))

    assert reset(confirm(asked(mail_stack, reset))) == NO_CONTENT

    [record] = [item for item in mail_stack.session_items() if "revoked_at" in item]
    assert record["published"] == {"N": "1"}


NAMES: dict[str, Callable[[Stack], str]] = {
    "known": lambda _stack: "ada",
    "unknown": lambda _stack: "nobody",
    "disabled": lambda stack: changed(stack, status=DISABLED),
    "not confirmed": lambda stack: changed(stack, email_verified_at_seconds=0),
    "without address": lambda stack: changed(stack, email="", email_verified_at_seconds=0),
}


def changed(stack: Stack, **changes: Any) -> str:  # noqa: ANN401 - any field of the user
    """Put another user in the place of ada, and return the name."""
    stack.identities.delete(stack.identities.find("ada"))
    stack.identities.create(replace(with_address(), **changes))
    return "ada"


def seen_of(stack: Stack, case: str) -> list[tuple[Answer, Requests]]:
    """Ask again and again, and guess, for one kind of name. Return each answer with its requests."""
    name, reset = NAMES[case](stack), stack.function("reset")
    stack.wire.forget()
    seen = []
    for number in range(MAIL_RATE.burst + 2):
        stack.clock.advance(seconds=1)
        seen.append((reset(from_address(ask(name), f"198.51.100.{number}")), requests(stack)))
        guess = confirm({"username": name, "code": "00000000"})
        seen.extend((reset(guess), requests(stack)) for _ in range(MAX_GUESSES + 1))
    return seen


def test_nobody_learns_who_has_an_account(mail_stack: Stack) -> None:
    """P8, SM3: status, headers, body and requests are the same for every kind of name, at each of forty requests.

    To ask costs four requests: a counter, a read, a counter and a write. After the last mail nothing else is seen.
    """
    seen = {}
    for case in NAMES:
        mail_stack.forget_attempts()
        seen[case] = seen_of(mail_stack, case)
        mail_stack.clock.advance(seconds=90_000)

    assert all(of_a_case == seen["known"] for of_a_case in seen.values())
    first, made = seen["known"][0]
    assert first == ACCEPTED
    assert [operation for operation, _ in made] == [BOOK, "GetItem", BOOK, "UpdateItem"]
    assert {answer.status for answer, _ in seen["known"]} == {202, 400}


@pytest.mark.parametrize("case", NAMES)
def test_only_a_user_with_a_confirmed_address_gets_a_mail(mail_stack: Stack, case: str) -> None:
    """SC1: every name has an item, and one of them is for the mailer."""
    name = NAMES[case](mail_stack)

    mail_stack.function("reset")(ask(name))

    assert len(mail_stack.challenge_items()) == 1
    assert deliveries(mail_stack) == ([f"reset#{ADA_ID}"] if case == "known" else [])


def used_up(stack: Stack, reset: Function) -> dict[str, str]:
    """Ask for all mails of a day at once, as strangers do. Return what the last one shows."""
    for number in range(MAIL_RATE.burst):
        assert reset(from_address(ask(), f"198.51.100.{number}")).status == 202
        stack.clock.advance(seconds=1)
    return mailed(stack, Kind.RESET).link


@pytest.mark.parametrize("transport", ["body", "cookie", "session"])
def test_a_client_with_the_device_token_gets_a_mail_after_strangers(
    mail_stack: Stack, login: Function, transport: str
) -> None:
    """P11: the token comes in the body, or in the cookie that a page of an allowed origin sends. Others get none."""
    stack = for_browsers(mail_stack)
    reset = stack.function("reset")
    own = login(login_event("ada", PASSWORD)).json["device_token"]
    strangers = used_up(stack, reset)
    cookie = f"{DEVICE_COOKIE}={own}"
    asking = ask(device_token=own) if transport == "body" else from_page(ask(transport=transport), cookie)

    assert reset(ask(device_token="edgeauth_dt_other")).status == 202
    assert reset(with_header(ask(), "Cookie", cookie)).status == 202
    assert mailed(stack, Kind.RESET).link == strangers
    assert reset(asking).status == 202

    assert mailed(stack, Kind.RESET).link != strangers
    assert reset(confirm(mailed(stack, Kind.RESET).link)).status == 204


def test_a_cookie_is_read_only_from_an_allowed_page(mail_stack: Stack) -> None:
    """B4: another site can make a browser send the cookie, and learns nothing by that."""
    reset = for_browsers(mail_stack).function("reset")

    assert reset(from_page(ask(transport="cookie"), origin="https://evil.example")).status == 403
    assert reset(ask(transport="pigeon")).status == 400
    assert mail_stack.challenge_items() == []
    assert reset(from_page(ask(transport="cookie"))).status == 202


@WAYS
def test_a_strangers_request_ends_no_link_of_an_operator(mail_stack: Stack, reset: Function, way: str) -> None:
    """SB8: also of a user whose address gets mails. The stranger sees what everyone sees."""
    made = mail_stack.module("reset_link").handler({"action": "reset_link", "user_id": ADA_ID}, LambdaContext())
    mail_stack.secrets.keep(made["link"], made["code"])
    mail_stack.clock.advance(seconds=1)

    assert reset(ask()) == ACCEPTED

    assert deliveries(mail_stack) == []
    shown = {"link": {"proof": made["link"].partition("#")[2]}, "code": {"username": "ada", "code": made["code"]}}
    assert reset(confirm(shown[way])) == NO_CONTENT


@WAYS
def test_a_proof_is_spent_by_post_alone(mail_stack: Stack, reset: Function, way: str) -> None:
    """SM1: scanners of mails open links. Fifty GETs and HEADs change nothing, and the user's POST works."""
    shown = asked(mail_stack, reset, way)
    kept = mail_stack.challenge_items(), mail_stack.identity_items()

    for method in ("GET", "HEAD") * 25:
        for path in ("password-reset", "password-reset-confirm"):
            event = {**confirm(shown), "httpMethod": method, "queryStringParameters": shown, "resource": path}
            assert reset(event).status == 405

    assert (mail_stack.challenge_items(), mail_stack.identity_items()) == kept
    assert reset(confirm(shown)) == NO_CONTENT


@pytest.mark.parametrize(
    "name", ["Host", "X-Forwarded-Host", "X-Forwarded-For", "X-Forwarded-Proto", "Forwarded", "Origin", "Referer"]
)
def test_no_header_reaches_the_mail(mail_stack: Stack, reset: Function, name: str) -> None:
    """SM2: what the mailer gets has nothing of the request but the user."""
    reset(ask())
    [before_it] = mail_stack.challenge_items()
    event = ask()
    for headers, value in ((event["headers"], "evil.example"), (event["multiValueHeaders"], ["evil.example"])):
        headers[name] = value
    mail_stack.clock.advance(seconds=1)

    assert reset(event) == ACCEPTED

    [item] = mail_stack.challenge_items()
    assert "evil" not in str(item)
    same = item.keys() - {"proof_id", "expires_at", "delete_at"}
    assert {key: item[key] for key in same} == {key: before_it[key] for key in same}


def test_no_table_and_no_log_has_what_a_mail_shows(mail_stack: Stack, reset: Function) -> None:
    """A dump of every table, before and after the use, has no link, no code and no hash of a code."""
    link, code = asked(mail_stack, reset), mailed(mail_stack, Kind.RESET).code
    dumps = [str(_dump(mail_stack))]
    reset(confirm(code | {"code": "00000000"}))
    reset(confirm(link))
    dumps.append(str(_dump(mail_stack)))

    for dump in dumps:
        assert link["proof"] not in dump
        assert link["proof"].removeprefix("edgeauth_pt_")[56:] not in dump  # its binding's end and its MAC
        assert code["code"] not in dump
    # The log is searched for them at the end of each functional test.
    challenges = [item for item in mail_stack.challenge_items() if not item["pk"]["S"].startswith("notice#")]
    assert challenges
    assert EMAIL not in str(challenges)


def _dump(stack: Stack) -> list[Any]:
    return [item for name in TABLES.values() for item in stack.tables.items(name)]


def test_a_reset_makes_a_fixed_number_of_requests(mail_stack: Stack, reset: Function) -> None:
    """Three reads and a transaction by the link, and a counter, a read, a guess and a transaction by the code.

    Then come the end of the wait, the notice of a new password, and the ends of sessions: two queries here.
    """
    ends_of_all = ["PutItem", "Query", "Query"]
    link = asked(mail_stack, reset)
    requests(mail_stack)
    reset(confirm(link))
    made = [operation for operation, _ in requests(mail_stack)]
    assert made == ["GetItem", "GetItem", "GetItem", "TransactWriteItems", BOOK, *ends_of_all]

    mail_stack.clock.advance(seconds=1)
    code = asked(mail_stack, reset, "code")
    requests(mail_stack)
    reset(confirm(code))
    made = [operation for operation, _ in requests(mail_stack)]
    assert made == [BOOK, "GetItem", "UpdateItem", "TransactWriteItems", BOOK, *ends_of_all]


def test_a_forged_proof_costs_no_request(mail_stack: Stack, reset: Function) -> None:
    """SA2: also a mutated one of a real mail."""
    link = asked(mail_stack, reset)["proof"]
    requests(mail_stack)

    for place in range(12, len(link)):
        other = "A" if link[place] != "A" else "B"
        assert reset(confirm({"proof": link[:place] + other + link[place + 1 :]})) == INVALID_PROOF

    assert requests(mail_stack) == []
    assert reset(confirm({"proof": link})) == NO_CONTENT


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"username": ""},
        {"username": 1},
        {"username": "a b"},
        {"username": "\ud800"},
    ],
)
def test_a_malformed_request_for_a_mail_is_refused(mail_stack: Stack, reset: Function, body: object) -> None:
    """L2: the answer is 400, and nothing is counted."""
    assert reset(with_json("password-reset", body)) == INVALID_REQUEST
    assert requests(mail_stack) == []


@pytest.mark.parametrize(
    "change",
    [
        {"proof": ""},
        {"proof": 1},
        {"proof": "x", "code": "01234567"},
        {"code": "01234567"},
        {"proof": "", "username": "ada"},
        {"proof": "", "username": "a b", "code": "01234567"},
        {"new_password": ""},
        {"new_password": ["x"]},
        {"proof": "\ud800"},
    ],
)
def test_a_malformed_reset_is_refused(mail_stack: Stack, reset: Function, change: dict[str, object]) -> None:
    """L2: a request has either a proof or a code, and a password."""
    assert reset(with_json("password-reset-confirm", {"proof": "x", "new_password": NEW_PASSWORD, **change})) == (
        INVALID_REQUEST
    )
    assert requests(mail_stack) == []


def test_a_password_that_breaks_a_rule_leaves_the_proof(mail_stack: Stack, reset: Function) -> None:
    """P1: the user tries another password with the same link."""
    link = asked(mail_stack, reset)

    short = error(400, "password_too_short", "The new password is too short.")
    assert reset(confirm(link, "fourteen chars")) == short
    assert reset(confirm(link)) == NO_CONTENT


def test_only_post_and_only_json(reset: Function) -> None:
    """A10, L2: other methods and content types are refused, as on every route."""
    assert reset({**sample("password-reset"), "httpMethod": "GET"}) == method_not_allowed("POST")
    for name in ("password-reset", "password-reset-confirm"):
        assert reset(with_body(name, "username=x", media_type="text/plain")) == UNSUPPORTED_MEDIA_TYPE


@pytest.mark.parametrize("fault", NO_SECRETS)
def test_without_keys_nothing_is_decided(mail_stack: Stack, fault: str) -> None:
    """DC-3: the answer is 503 for both routes, before anything is counted."""
    mail_stack.wire.always("GetSecretValue", NO_SECRETS[fault])
    reset = mail_stack.function("reset")

    assert reset(ask()) == UNAVAILABLE
    assert reset(confirm({"proof": "edgeauth_pt_" + "A" * 132})) == UNAVAILABLE
    assert requests(mail_stack) == []


@pytest.mark.parametrize("fault", KINDS_OF_UPDATES)
def test_while_the_counters_fail_no_mail_is_asked_for(mail_stack: Stack, reset: Function, fault: str) -> None:
    """P16: the answer is 503, and no user is read."""
    mail_stack.wire.always(BOOK, KINDS_OF_UPDATES[fault])

    assert reset(ask()) == UNAVAILABLE
    assert [operation for operation, _ in requests(mail_stack)] == [BOOK] * attempts(fault)
    assert mail_stack.challenge_items() == []


@pytest.mark.parametrize("operation", ["GetItem", "UpdateItem"])
@pytest.mark.parametrize("fault", KINDS)
def test_a_mail_cannot_be_asked_for(mail_stack: Stack, reset: Function, operation: str, fault: str) -> None:
    """F19: the answer is 503 for every name, and the same request works later."""
    mail_stack.wire.always(operation, KINDS[fault])
    for name in ("ada", "nobody"):
        assert reset(ask(name)) == UNAVAILABLE

    mail_stack.wire.mend()
    mail_stack.clock.advance(seconds=1)
    assert reset(ask()) == ACCEPTED
    assert reset(confirm(mailed(mail_stack, Kind.RESET).link)) == NO_CONTENT


def test_a_lost_answer_of_the_write_stores_one_challenge(mail_stack: Stack, reset: Function) -> None:
    """F1, SB9: the repeated write recognises its own proof."""
    mail_stack.wire.next("UpdateItem", lost_response)

    assert reset(ask()) == ACCEPTED

    [item] = mail_stack.challenge_items()
    assert item["tries"] == {"N": "0"}
    assert reset(confirm(mailed(mail_stack, Kind.RESET).code)) == NO_CONTENT


@pytest.mark.parametrize(("operation", "fault"), kinds_at("GetItem", "TransactWriteItems", BOOK, "Query"))
def test_a_fault_burns_no_proof(
    mail_stack: Stack, reset: Function, login: Function, tokens: dict[str, str], operation: str, fault: str
) -> None:
    """F2, F19, SB9: the answer is 503, and the same request, sent again, does what is left and succeeds."""
    link = asked(mail_stack, reset)
    mail_stack.wire.always(operation, KINDS_OF_TRANSACTIONS[fault])
    assert reset(confirm(link)) == UNAVAILABLE
    is_set = operation in {BOOK, "Query"} or (operation, fault) == ("TransactWriteItems", APPLIED)
    assert (mail_stack.identities.find("ada").epoch == 1) is is_set

    mail_stack.wire.mend()
    assert reset(confirm(link)) == NO_CONTENT

    assert ends(mail_stack) == {tokens["session_id"]: "password_reset"}
    assert mail_stack.identities.find("ada").epoch == 1
    assert login(login_event("ada", NEW_PASSWORD)).status == 200


@pytest.mark.parametrize("fault", KINDS)
def test_a_guess_that_cannot_be_counted_is_not_compared(mail_stack: Stack, reset: Function, fault: str) -> None:
    """SB6, F19: the answer is 503 for the right code, too. It works later: two lost answers cost two guesses."""
    code = asked(mail_stack, reset, "code")
    mail_stack.wire.always("UpdateItem", KINDS[fault])
    assert reset(confirm(code)) == UNAVAILABLE
    [item] = mail_stack.challenge_items()
    assert item["tries"] == {"N": "2" if fault == APPLIED else "0"}
    assert mail_stack.identities.find("ada").epoch == 0

    mail_stack.wire.mend()
    assert reset(confirm(code)) == NO_CONTENT


@pytest.mark.parametrize("fault", RETRIED)
def test_a_passing_fault_is_not_seen(mail_stack: Stack, reset: Function, fault: str) -> None:
    """F19: the SDK repeats a guess and a transaction."""
    code = asked(mail_stack, reset, "code")
    mail_stack.wire.next("UpdateItem", RETRIED[fault])
    mail_stack.wire.next("TransactWriteItems", RETRIED[fault])

    assert reset(confirm(code)) == NO_CONTENT


@pytest.mark.parametrize("operation", ["TransactWriteItems", BOOK, "Query"])
@pytest.mark.parametrize("moment", [before, after])
def test_a_process_that_ends_between_two_steps_leaves_a_way_to_finish(
    mail_stack: Stack, tokens: dict[str, str], operation: str, moment: Moment
) -> None:
    """SB9, F2: the same request finishes it, whatever was done before."""
    link = asked(mail_stack, mail_stack.function("reset"))
    mail_stack.wire.next(operation, moment(kill))
    with pytest.raises(Killed):
        mail_stack.module("reset").handler(confirm(link), LambdaContext())

    assert mail_stack.function("reset")(confirm(link)) == NO_CONTENT

    assert ends(mail_stack) == {tokens["session_id"]: "password_reset"}


@pytest.mark.parametrize("moment", [before, after])
def test_of_two_uses_at_once_one_sets_the_password(
    mail_stack: Stack, reset: Function, login: Function, moment: Moment
) -> None:
    """SB4: the loser is told so, and its password is not set."""
    link, inner = asked(mail_stack, reset), list[Answer]()
    mail_stack.wire.next(
        "TransactWriteItems", moment(lambda: inner.append(reset(confirm(link, OTHER_PASSWORD)))), lambda send: send()
    )

    outer = reset(confirm(link))

    won, lost = (OTHER_PASSWORD, NEW_PASSWORD) if moment is before else (NEW_PASSWORD, OTHER_PASSWORD)
    assert [outer, *inner] == ([INVALID_PROOF, NO_CONTENT] if moment is before else [NO_CONTENT, INVALID_PROOF])
    assert login(login_event("ada", lost)) == INVALID_CREDENTIALS
    assert login(login_event("ada", won)).status == 200
    assert len(events_named(mail_stack, "password_reset")) == 1


def test_a_login_during_the_reset_opens_no_session(mail_stack: Stack, reset: Function, login: Function) -> None:
    """F12: it read the user before, and the epoch has moved."""
    link, inner = asked(mail_stack, reset), list[Answer]()
    mail_stack.wire.next("TransactWriteItems", before(lambda: inner.append(reset(confirm(link)))))

    assert login(login_event("ada", PASSWORD)) == UNAVAILABLE

    assert inner == [NO_CONTENT]
    assert mail_stack.session_items() == []


def test_without_mail_a_login_is_what_it_was(stack: Stack, login: Function) -> None:
    """A feature that is off costs nothing: no call more, and none of the challenges table."""
    stack.wire.forget()
    assert login(login_event("ada", PASSWORD)).status == 200

    tables = {str(call.parameters) for call in stack.wire.calls}
    assert not any(TABLES["ChallengesTable"] in table for table in tables)
