"""`./edge-auth keys …`: the output and effects of each command, and the messages of each failure."""

import json
from collections.abc import Callable
from contextlib import closing

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

from admin.command import main
from admin.keys import ANSWER_SECONDS, CONFIG
from admin.rotate_keys_client import RotateKeysClient, RotateKeysError
from edge_auth import base64url
from edge_auth.keys.timing import REPLACE_SECONDS
from tests.admin.aws import Outcome
from tests.admin.broken_aws import Broken
from tests.admin.conftest import CALLER, PLACE, Logs, Sts, Terminal, piped
from tests.admin.rotate_keys import DAY, FUNCTION, NOW, RotateKeysFunction, Stack, client_error, response
from tests.support.template import properties

UNCLEAR = "the keys may or may not have changed; check with `keys show`; if they have, run `keys publish`"
REPEAT = (
    "Until this step is done, a deployment can put the old keys back, for an hour at most. "
    "Repeat only this step: ./edge-auth --stack edge-auth keys publish"
)
Keys = Callable[..., Outcome]


@pytest.fixture
def function() -> RotateKeysFunction:
    """Return the deployed function, behind the client for Lambda."""
    return RotateKeysFunction()


@pytest.fixture
def stack() -> Stack:
    """Return the stack, behind the client for CloudFormation."""
    return Stack()


@pytest.fixture
def keys(
    function: RotateKeysFunction,
    stack: Stack,
    logs: Logs,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Keys:
    """Return a function that runs the command in this process and checks that it printed no key."""
    clients = {"cloudformation": stack, "lambda": function, "sts": Sts(), "logs": logs}
    monkeypatch.setattr("boto3.client", lambda name, **_options: clients[name])

    def run(*arguments: str, typed: str | None = None, before: tuple[str, ...] = ()) -> Outcome:
        monkeypatch.setattr("sys.stdin", piped("") if typed is None else Terminal(typed))
        secrets = key_material(function)
        try:
            status = main([*before, "keys", *arguments])
        except SystemExit as end:  # argparse ends the process
            status = int(str(end.code))
        printed = capsys.readouterr()
        secrets |= key_material(function)
        assert [secret for secret in secrets if secret in printed.out + printed.err] == []
        return Outcome(status, printed.out, printed.err)

    return run


def key_material(function: RotateKeysFunction) -> set[str]:
    """Return all secrets of the ring, in each encoding. The command must never print them."""
    ring = function.stored.ring
    signing = {timed.key.jwk["d"] for timed in ring.signing}
    mac = {text for timed in ring.mac for text in (base64url.encode(timed.key.secret), timed.key.secret.hex())}
    return signing | mac


def kids(function: RotateKeysFunction) -> list[str]:
    """Return the ids of the ring's signing keys, the oldest first."""
    return [timed.key.kid for timed in function.stored.ring.signing]


def changes(function: RotateKeysFunction) -> list[dict[str, object]]:
    """Return the calls of the function that ask for a change."""
    return [event for event in function.events if event["action"] != "show"]


def test_show_has_a_line_for_each_key_with_its_state_and_dates(keys: Keys, function: RotateKeysFunction) -> None:
    """K1: each line has the key's id and its times in UTC with their distance from now, and never the key."""
    function.now = NOW + 5 * DAY
    current, upcoming = kids(function)
    mac_ids = [base64url.encode(timed.key.key_id) for timed in function.stored.ring.mac]

    outcome = keys("show")

    began, due = "2026-09-21 14:13:20", "2026-10-21 14:13:20"
    lines = [line.split(maxsplit=2) for line in outcome.out.splitlines()]
    signing = {line[0]: line[1:] for line in lines if line[1:2] == ["ES256"]}
    assert outcome.status == 0
    assert outcome.out.startswith(f"Key ring {function.stored.version} at 2026-09-26 14:13:20 UTC\n")
    assert signing[current][1].startswith(f"signing  {began} (5 d ago)  {began} (5 d ago)  ")
    assert signing[upcoming][1].split() == f"next {began} (5 d ago) {due} (in 25 d) -".split()
    assert [line[0] for line in lines if line and line[0] in mac_ids] == mac_ids
    assert changes(function) == []


def test_show_says_when_a_retired_key_ends(keys: Keys, function: RotateKeysFunction) -> None:
    """K3: the line of a retired key has its end and the time left."""
    function.now = NOW + 31 * DAY
    function.flow.advance()
    current = kids(function)[0]
    end = function.stored.ring.signing[0].ends_at_seconds
    assert end is not None
    function.now = end - 90

    outcome = keys("show")

    line = next(line for line in outcome.out.splitlines() if current in line)
    assert "verifying" in line
    assert line.endswith("(in 90 s)")


def test_json_is_the_summary_as_it_came(keys: Keys, function: RotateKeysFunction) -> None:
    """With --json, standard output is one document for programs."""
    outcome = keys("show", "--json")

    assert json.loads(outcome.out)["version"] == function.stored.version
    assert [key["kid"] for key in json.loads(outcome.out)["signing"]] == kids(function)
    assert outcome.err == ""


def test_rotate_lets_the_next_keys_sign_now_where_they_were_public_for_long_enough(
    keys: Keys, function: RotateKeysFunction
) -> None:
    """K3: the next keys sign at once, because all caches know the public key by now."""
    function.now = NOW + 5 * DAY
    upcoming, mac = kids(function)[-1], function.stored.ring.mac[-1].key.key_id

    outcome = keys("rotate")

    in_force = function.stored.ring.at(function.now)
    assert outcome.status == 0
    assert (in_force.signing.kid, in_force.mac.key_id) == (upcoming, mac)
    assert f"The signing key {upcoming} signs now.\n" in outcome.out
    assert f"The MAC key {base64url.encode(mac)} signs now.\n" in outcome.out


def test_rotate_says_when_the_next_key_will_sign_where_it_is_too_young(
    keys: Keys, function: RotateKeysFunction
) -> None:
    """K3: also on an operator's request, no key signs before all caches can know it."""
    current, upcoming = kids(function)

    outcome = keys("rotate")

    assert outcome.status == 0
    assert function.stored.ring.at(NOW).signing.kid == current
    assert f"The signing key {upcoming} signs in 24 h, at 2026-09-22 14:13:20 UTC.\n" in outcome.out
    assert f"The signing key {current} " not in outcome.out


def test_rotate_changes_only_the_ring_that_was_shown(keys: Keys, function: RotateKeysFunction) -> None:
    """If another operator rotates first, the command says so and rotates nothing."""
    function.now = NOW + 5 * DAY
    function.others_first = lambda: function.flow.rotate(function.stored.version)

    outcome = keys("rotate")

    assert outcome.status == 1
    assert outcome.err == (
        "edge-auth: the key ring has changed since it was shown; nothing was done; "
        "check with `keys show`, then run this again\n"
    )


def test_replace_says_what_will_happen_and_asks_for_the_stacks_name(
    keys: Keys, function: RotateKeysFunction, stack: Stack
) -> None:
    """The command says what will happen and asks for the stack's name, so a careless `y` replaces no keys."""
    old = kids(function)

    outcome = keys("replace", typed="edge-auth\n")

    assert outcome.status == 0
    said = outcome.out[: outcome.out.index("Type the stack name (edge-auth) to confirm:")]
    assert all(kid in said for kid in old)
    assert "This replaces every signing key of stack edge-auth. It cannot be undone." in said
    assert "Access tokens of the old keys end in 8 min." in said
    assert "Refresh tokens stay valid. No user is logged out." in said
    version = stack.updates[0]["Parameters"][-1]["ParameterValue"]
    assert version == function.stored.version


@pytest.mark.parametrize("typed", ["", "y\n", "yes\n", "edge-auth-prod\n", "\n"])
def test_replace_does_nothing_where_the_name_is_not_typed(
    keys: Keys, function: RotateKeysFunction, stack: Stack, typed: str
) -> None:
    """Any other answer, or the end of input, replaces nothing."""
    before = function.stored

    outcome = keys("replace", typed=typed)

    assert (outcome.status, outcome.err) == (1, "edge-auth: not confirmed; nothing was done\n")
    assert (function.stored, changes(function), stack.updates) == (before, [], [])


def test_replace_without_a_terminal_needs_yes(keys: Keys, function: RotateKeysFunction, stack: Stack) -> None:
    """Without a terminal the command replaces nothing, and asks for --yes."""
    outcome = keys("replace")

    assert (outcome.status, changes(function), stack.updates) == (1, [], [])
    assert outcome.err == "edge-auth: no terminal to ask for confirmation; nothing was done; use --yes\n"


def test_replace_ends_the_old_keys_when_every_reader_knows_the_new_one(
    keys: Keys, function: RotateKeysFunction
) -> None:
    """F15: by default the old keys end after 480 seconds, when every copy and cache has the new key."""
    old, mac = kids(function), function.stored.ring.mac

    outcome = keys("replace", "--yes")

    ring, end = function.stored.ring, NOW + REPLACE_SECONDS
    assert outcome.status == 0
    assert ring.at(end - 1).signing.kid == old[0]
    assert [timed.key.kid for timed in ring.at(end).verifying] == [ring.signing[-1].key.kid]
    assert ring.mac == mac
    assert f"Replaced. The new signing key is {ring.signing[-1].key.kid}. The old keys end in 8 min, " in outcome.out
    assert "at 2026-09-21 14:21:20 UTC." in outcome.out


def test_replace_at_once_does_not_wait(keys: Keys, function: RotateKeysFunction) -> None:
    """With --at-once the old keys end now, and the command says that fresh tokens may be refused for a time."""
    old = set(kids(function))

    outcome = keys("replace", "--at-once", "--yes")

    verifying = {timed.key.kid for timed in function.stored.ring.at(NOW).verifying}
    assert verifying.isdisjoint(old)
    assert "Access tokens of the old keys end at once." in outcome.out
    assert "Until the stack is updated, a new access token may be refused" in outcome.out
    assert "The old keys end now.\n" in outcome.out


def test_replace_with_end_sessions_replaces_the_mac_keys_too(keys: Keys, function: RotateKeysFunction) -> None:
    """F16: with --end-sessions the MAC keys are replaced too, so all refresh tokens end."""
    old = set(function.stored.ring.at(NOW).mac_keys)

    outcome = keys("replace", "--at-once", "--end-sessions", "--yes")

    assert set(function.stored.ring.at(NOW).mac_keys).isdisjoint(old)
    assert "Refresh tokens end at once too, and their users must log in again." in outcome.out
    assert "Session cookies of sites live on." in outcome.out


def test_replace_updates_one_parameter_of_the_stack_and_keeps_all_else(
    keys: Keys, function: RotateKeysFunction, stack: Stack
) -> None:
    """Only KeyRingVersion changes; the template and every other parameter stay."""
    outcome = keys("replace", "--yes")

    (request,) = stack.updates
    assert outcome.out.endswith("Updated: the authorizers have the current public keys.\n")
    assert len(request.pop("ClientRequestToken")) == 36
    assert request == {
        "StackName": "edge-auth",
        "UsePreviousTemplate": True,
        "Parameters": [
            {"ParameterKey": "Issuer", "UsePreviousValue": True},
            {"ParameterKey": "Audience", "UsePreviousValue": True},
            {"ParameterKey": "KeyRingVersion", "ParameterValue": function.stored.version},
        ],
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    }


def test_replace_prints_one_json_document_for_programs(keys: Keys, function: RotateKeysFunction) -> None:
    """With --json, standard output is one document, and the text for people goes to standard error."""
    outcome = keys("replace", "--yes", "--json")

    assert json.loads(outcome.out)["version"] == function.stored.version
    assert "It cannot be undone." in outcome.err
    assert "Updated: " in outcome.err


def test_replace_replaces_only_the_ring_that_was_shown(keys: Keys, function: RotateKeysFunction, stack: Stack) -> None:
    """If another operator replaces the keys first, a second run does not replace them again."""
    function.others_first = lambda: function.flow.replace_all(function.stored.version, at_once=True, end_sessions=False)

    outcome = keys("replace", "--yes")

    assert outcome.status == 1
    assert "the key ring has changed since it was shown; nothing was done" in outcome.err
    assert stack.updates == []


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("Stack:arn:... is in UPDATE_IN_PROGRESS state and can not be updated.", "UPDATE_IN_PROGRESS"),
        ("User: ada is not authorized to perform: cloudformation:UpdateStack", "not authorized"),
    ],
)
def test_a_stack_that_cannot_be_updated_leaves_one_step_open(
    keys: Keys, function: RotateKeysFunction, stack: Stack, message: str, told: str
) -> None:
    """The keys are replaced, and the command says which step failed, why, and how to repeat only this step."""
    old = set(kids(function))
    stack.refusal = client_error("ValidationError", message, "UpdateStack")

    outcome = keys("replace", "--at-once", "--yes")

    assert outcome.status == 1
    assert function.stored.ring.at(NOW).signing.kid not in old
    assert told in outcome.err
    assert "The key ring is in force, but the stack was not updated, or its update was not confirmed." in outcome.err
    assert outcome.err.endswith(f"{REPEAT}\n")


def test_an_update_that_is_rolled_back_leaves_one_step_open(keys: Keys, stack: Stack) -> None:
    """The command prints the status of the update and refers to the stack's events."""
    stack.status = "UPDATE_ROLLBACK_COMPLETE"

    outcome = keys("replace", "--yes")

    assert outcome.status == 1
    assert "the update of stack edge-auth did not complete: its status is UPDATE_ROLLBACK_COMPLETE; " in outcome.err
    assert outcome.err.endswith(f"{REPEAT}\n")


def test_the_local_stack_is_repeated_with_local(keys: Keys, stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """The printed command has the option --local, so it can be copied."""
    monkeypatch.setattr("admin.command.use_local_stack", lambda: None)
    stack.status = "UPDATE_ROLLBACK_COMPLETE"

    outcome = keys("publish", before=("--local",))

    assert outcome.err.endswith("step: ./edge-auth --local keys publish\n")


def test_publish_updates_the_stack_and_not_the_ring(keys: Keys, function: RotateKeysFunction, stack: Stack) -> None:
    """The command only updates the stack, after a failed update or a rotation, so cold authorizers need no fetch."""
    before = function.stored

    outcome = keys("publish")

    assert (outcome.status, function.stored, changes(function)) == (0, before, [])
    assert stack.updates[0]["Parameters"][-1] == {"ParameterKey": "KeyRingVersion", "ParameterValue": before.version}


def test_publish_again_has_nothing_to_do(keys: Keys, stack: Stack) -> None:
    """CloudFormation's error for an update without changes is a success here."""
    stack.refusal = client_error("ValidationError", "No updates are to be performed.", "UpdateStack")

    outcome = keys("publish")

    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.out.endswith("Nothing to update: the authorizers already have the current public keys.\n")


def test_interrupting_the_update_says_that_it_may_go_on(keys: Keys, stack: Stack) -> None:
    """Ctrl-C ends the command but not the update, and the command says so."""
    stack.interrupted = True

    outcome = keys("replace", "--yes")

    assert outcome.status == 130
    assert "edge-auth: interrupted; the update of the stack may continue." in outcome.err
    assert outcome.err.endswith(f"{REPEAT}\n")


@pytest.mark.parametrize("act", [("rotate",), ("replace", "--yes")])
def test_interrupting_a_change_says_that_it_may_have_been_done(
    keys: Keys, function: RotateKeysFunction, stack: Stack, act: tuple[str, ...]
) -> None:
    """Ctrl-C during a change leaves the outcome unknown, and the command says how to look."""
    function.failure = KeyboardInterrupt()

    outcome = keys(*act)

    assert outcome.status == 130
    assert outcome.err.endswith(f"\nedge-auth: interrupted; {UNCLEAR}\n")
    assert stack.updates == []


def test_interrupting_at_the_question_does_nothing(
    keys: Keys, function: RotateKeysFunction, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C at the question prints no traceback and changes nothing."""

    def interrupted() -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("builtins.input", interrupted)

    outcome = keys("replace", typed="")

    assert (outcome.status, outcome.err, changes(function)) == (130, "\nedge-auth: interrupted; nothing was done\n", [])


@pytest.mark.parametrize("act", [("rotate",), ("replace", "--yes")])
@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (ReadTimeoutError(endpoint_url="https://lambda"), f"did not answer (ReadTimeoutError); {UNCLEAR}"),
        (EndpointConnectionError(endpoint_url="https://lambda"), f"(EndpointConnectionError); {UNCLEAR}"),
        (client_error("ServiceException", "trouble", "Invoke"), f"could not be called (ServiceException); {UNCLEAR}"),
        (client_error("AccessDeniedException", "no", "Invoke"), "(AccessDeniedException); nothing was done"),
        (client_error("ResourceNotFoundException", "no", "Invoke"), "(ResourceNotFoundException); nothing was done"),
        (client_error("TooManyRequestsException", "no", "Invoke"), "(TooManyRequestsException); nothing was done"),
    ],
)
def test_a_change_is_tried_once_and_its_outcome_is_told(
    keys: Keys, function: RotateKeysFunction, stack: Stack, act: tuple[str, ...], failure: Exception, told: str
) -> None:
    """DC-3: the message says whether nothing was done or the outcome is unknown, and the command stops."""
    function.failure = failure

    outcome = keys(*act)

    assert (outcome.status, len(changes(function)), stack.updates) == (1, 1, [])
    assert outcome.err.startswith(f"edge-auth: {FUNCTION} ")
    assert outcome.err.endswith(f"{told}\n")
    assert outcome.err.count("\n") == 1


def test_an_error_in_the_function_is_its_type_and_no_more(
    keys: Keys, function: RotateKeysFunction, stack: Stack
) -> None:
    """The command prints only the type of the function's error; the details are in the function's log."""
    error = {"errorType": "TemporarilyUnavailable", "errorMessage": "a-detail", "stackTrace": ["a-trace"]}
    function.answer = response(error, FunctionError="Unhandled")

    outcome = keys("replace", "--yes")

    assert (outcome.status, stack.updates) == (1, [])
    assert outcome.err == f"edge-auth: {FUNCTION} failed (TemporarilyUnavailable); {UNCLEAR}\n"
    assert "a-trace" not in outcome.out + outcome.err


@pytest.mark.parametrize("payload", [None, [], "text", {"version": "v"}, {}])
def test_an_answer_of_another_form_is_one_readable_line(
    keys: Keys, function: RotateKeysFunction, payload: object
) -> None:
    """An answer of another form suggests another version of the function."""
    function.only_changes = False
    function.answer = response(payload)

    outcome = keys("show")

    assert (outcome.status, outcome.out) == (1, "")
    assert outcome.err == f"edge-auth: {FUNCTION} gave an unknown answer; deploy this version of edge-auth first\n"


def test_a_look_that_fails_may_simply_be_repeated(keys: Keys, function: RotateKeysFunction) -> None:
    """A failed `show` changed nothing, so the message is to try again."""
    function.only_changes = False
    function.failure = ReadTimeoutError(endpoint_url="https://lambda")

    outcome = keys("show")

    assert outcome.err == f"edge-auth: {FUNCTION} did not answer (ReadTimeoutError); try again\n"


@pytest.mark.parametrize("act", [("show",), ("rotate",), ("replace", "--yes"), ("publish",)])
def test_a_stack_of_an_earlier_version_has_to_be_deployed_first(
    keys: Keys, function: RotateKeysFunction, stack: Stack, act: tuple[str, ...]
) -> None:
    """Without the output that names the function, the command says to deploy its own version first."""
    del stack.outputs["RotateKeysFunction"]

    outcome = keys(*act)

    assert (outcome.status, function.events) == (1, [])
    assert outcome.err == (
        "edge-auth: stack edge-auth has no output 'RotateKeysFunction'; deploy this version of edge-auth first\n"
    )


def test_a_stack_without_the_parameter_has_to_be_deployed_first(keys: Keys, stack: Stack) -> None:
    """Without the parameter KeyRingVersion, the command says to deploy its own version first."""
    del stack.parameters["KeyRingVersion"]

    outcome = keys("publish")

    assert outcome.status == 1
    assert "has no parameter KeyRingVersion; deploy this version of edge-auth first" in outcome.err


def test_missing_credentials_are_one_readable_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The real SDK without credentials fails, and the command prints one line."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    status = main(["keys", "show"])

    printed = capsys.readouterr()
    assert (status, printed.out) == (1, "")
    assert printed.err == (
        "edge-auth: there are no AWS credentials; log in to AWS, or choose another profile with --profile; "
        "nothing was done\n"
    )


def test_the_sdk_repeats_no_call_of_the_function(broken_aws: Broken) -> None:
    """The SDK sends a call once, because the ring refuses a repeated change as if nothing had been done."""
    client = boto3.client("lambda", config=CONFIG, endpoint_url=f"http://127.0.0.1:{broken_aws.server_port}")

    with closing(client), pytest.raises(RotateKeysError, match=UNCLEAR):
        RotateKeysClient(client, name=FUNCTION).rotate("a-version")

    assert broken_aws.requests == 1


def test_the_command_waits_longer_than_the_function_may_take() -> None:
    """The command's timeout is longer than the function's, so a slow change still gets its answer."""
    assert properties("RotateKeysFunction")["Timeout"] < ANSWER_SECONDS


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--help"], ["show", "rotate", "replace", "publish"]),
        (["replace", "--help"], ["--at-once", "--end-sessions", "--yes", "--json", "8", "leaked", "KeyRingVersion"]),
        (["rotate", "--help"], ["public for long enough"]),
        (["show", "--help"], ["--json", "not the key"]),
        (["publish", "--help"], ["authorizer"]),
    ],
)
def test_help_explains_itself(keys: Keys, arguments: list[str], words: list[str]) -> None:
    """The help lists the commands and options, and what they do."""
    outcome = keys(*arguments)

    assert outcome.status == 0
    assert [word for word in words if word not in " ".join(outcome.out.split())] == []


@pytest.mark.parametrize("arguments", [("rotate",), ("replace", "--yes", "--at-once", "--end-sessions"), ("publish",)])
def test_an_act_on_keys_is_recorded(
    keys: Keys, function: RotateKeysFunction, logs: Logs, arguments: tuple[str, ...]
) -> None:
    """L15: the lines say who did what to which version of the ring, and have no key."""
    version = function.stored.version

    keys(*arguments)

    begun, ended = logs.lines
    assert (begun["act"], begun["caller"], begun["ring"]) == (f"keys {arguments[0]}", CALLER, version)
    assert (begun["state"], ended["state"]) == ("begun", "done")
    if arguments[0] == "replace":
        assert (begun["at_once"], begun["end_sessions"]) == (True, True)
    assert [secret for secret in key_material(function) if secret in str(logs.lines)] == []


@pytest.mark.parametrize("arguments", [("rotate",), ("replace", "--yes")])
def test_a_change_of_keys_says_where_first(keys: Keys, arguments: tuple[str, ...]) -> None:
    """Account, Region, stack and caller are the first line, with --json on standard error."""
    assert keys(*arguments).out.startswith(f"{PLACE}\n")
    assert keys(*arguments, "--json").err.startswith(f"{PLACE}\n")


def test_a_failed_change_of_keys_is_recorded(keys: Keys, function: RotateKeysFunction, logs: Logs) -> None:
    """The record says that the change failed; it may have happened."""
    function.failure = ReadTimeoutError(endpoint_url="https://lambda")

    keys("replace", "--yes")

    assert [(line["state"], line.get("reason")) for line in logs.lines] == [
        ("begun", None),
        ("failed", "RotateKeysError"),
    ]


def test_output_that_is_cut_off_does_not_stop_a_replacement(
    keys: Keys, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`keys replace --yes | head -1`: the stack is updated all the same, and the status says that lines are lost."""

    def cut(*_arguments: object, file: object = None, **_more: object) -> None:
        if file is None:
            raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr("builtins.print", cut)
    monkeypatch.setattr("admin.output._discard_the_rest", lambda: None)

    outcome = keys("replace", "--yes")

    assert outcome.status == 1
    assert len(stack.updates) == 1
