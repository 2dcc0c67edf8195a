"""AWS below the SDK: every request of the command ends here. CloudFormation and Lambda are fakes, the rest is moto."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from botocore.awsrequest import AWSResponse
from botocore.session import Session
from moto.core.botocore_stubber import MockRawResponse
from moto.core.models import botocore_stubber

from tests.admin.reset_links import ResetLinkFunction
from tests.admin.rotate_keys import FUNCTION, RotateKeysFunction
from tests.admin.secrets_of_commands import hand_over_request
from tests.support import memory_aws
from tests.support.recorded_calls import watch

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest

OUTPUTS = {
    "IdentitiesTable": "admin-IdentitiesTable",
    "SessionsTable": "admin-SessionsTable",
    "ThrottleTable": "admin-ThrottleTable",
    "RevocationsTable": "admin-RevocationsTable",
    "ChallengesTable": "admin-ChallengesTable",
    "ResetLinkFunction": "admin-ResetLinkFunction",
    "RotateKeysFunction": FUNCTION,
    "OperatorsLogGroup": "admin-OperatorsLogGroup",
    "Issuer": "https://auth.example.com",
    "JwksUrl": "https://auth.example.com/.well-known/jwks.json",
}
TABLES = ("IdentitiesTable", "SessionsTable", "ThrottleTable", "RevocationsTable", "ChallengesTable")
# The tables that a deleted stack left behind.
RETAINED = {"IdentitiesTable": "retained-IdentitiesTable", "SessionsTable": "retained-SessionsTable"}
PARAMETERS = {
    "Audience": "https://api.example.com",
    "Issuer": "",
    "KeyPublishHours": "24",
    "KeyRotationDays": "30",
    "KeyRingVersion": "",
    "MailFrom": "login@example.com",
    "MailIdentity": "example.com",
    "MailerFunctionArn": "",
}
# Amazon SES, as it answers about a sender that may send to everyone.
SES: dict[str, dict[str, Any]] = {
    "GetAccount": {
        "EnforcementStatus": "HEALTHY",
        "ProductionAccessEnabled": True,
        "SendingEnabled": True,
        "SendQuota": {"Max24HourSend": 50000.0, "MaxSendRate": 14.0, "SentLast24Hours": 120.0},
    },
    "GetEmailIdentity": {
        "IdentityType": "DOMAIN",
        "VerifiedForSendingStatus": True,
        "DkimAttributes": {"SigningEnabled": True, "Status": "SUCCESS", "Tokens": ["one", "two", "three"]},
        "MailFromAttributes": {"MailFromDomain": "mail.example.com", "MailFromDomainStatus": "SUCCESS"},
    },
    "GetConfigurationSet": {"ConfigurationSetName": "edge-auth", "SendingOptions": {"SendingEnabled": True}},
}
XML = {"Content-Type": "text/xml"}
NOT_IN_A_STACK = (
    b"<ErrorResponse><Error><Code>ValidationError</Code><Message>Stack for it does not exist</Message></Error>"
    b"</ErrorResponse>"
)


@dataclass(frozen=True)
class Outcome:
    """The result of a command: its exit status and its output."""

    status: int
    out: str
    err: str


Fault = Callable[[Callable[[], AWSResponse]], AWSResponse]
Fresh = Callable[[], "Aws"]
Run = Callable[..., Outcome]


def answer(body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> AWSResponse:
    """Return an answer with these bytes."""
    return AWSResponse("https://aws.invalid", status, headers or {}, MockRawResponse(body))  # type: ignore[arg-type]


@dataclass
class Aws:
    """Serves the requests. `bus` is an ARN.

    From the request number `broken_from` on, each one meets the fault, or only that one if the fault does not last.
    """

    function: RotateKeysFunction = field(default_factory=RotateKeysFunction)
    bus: str = ""
    calls: list[str] = field(default_factory=list)
    on_tables: list[tuple[str, dict[str, Any]]] = field(default_factory=list)  # operations of DynamoDB with parameters
    fault: Fault | None = None
    broken_from: int = 0
    lasts: bool = True

    def attach(self, session: Session) -> None:
        """Serve the requests of this session."""
        session.unregister("before-send", botocore_stubber)  # type: ignore[arg-type]  # the stubber is callable
        session.register("before-send", self.serve)  # type: ignore[arg-type]  # its result is the response
        watch(session)

    def serve(self, request: "AWSPreparedRequest", event_name: str, **_: object) -> AWSResponse:
        """Answer one request."""
        service, operation = event_name.split(".")[1:]
        number = len(self.calls)
        self.calls.append(f"{service}:{operation}")
        body = request.body or b""
        assert isinstance(body, (bytes, str))
        hand_over_request(service, body)
        if service == "dynamodb":
            self.on_tables.append((operation, json.loads(body)))

        def forward() -> AWSResponse:
            return self._answer(service, operation, event_name, request)

        if self.fault is not None and (number == self.broken_from or (number > self.broken_from and self.lasts)):
            return self.fault(forward)
        return forward()

    def _answer(self, service: str, operation: str, event_name: str, request: "AWSPreparedRequest") -> AWSResponse:
        match service:
            case "cloudformation":
                assert isinstance(request.body, (bytes, str))
                if operation == "DescribeStackResources":
                    return answer(NOT_IN_A_STACK, 400, XML)
                return answer(_cloudformation(operation, request.body, self.bus), headers=XML)
            case "sesv2":
                return answer(json.dumps(SES[operation]).encode())
            case "eventbridge":
                return answer(b'{"FailedEntryCount":0,"Entries":[{"EventId":"1"}]}')
            case "lambda":
                assert isinstance(request.body, bytes)
                function = ResetLinkFunction() if b"reset_link" in request.body else self.function
                return answer(function.invoke(FunctionName=FUNCTION, Payload=request.body)["Payload"].read())
            case _:
                response = botocore_stubber(event_name, request)
                assert response is not None, "moto is not active"
                return response


def _cloudformation(operation: str, body: bytes | str, bus: str) -> bytes:
    asked = parse_qs(body.decode() if isinstance(body, bytes) else body)
    [name] = asked["StackName"]
    if operation == "UpdateStack":
        return _result(operation, "<StackId>id</StackId>")
    outputs = _members("Outputs", OUTPUTS, "OutputKey", "OutputValue")
    parameters = _members("Parameters", {**PARAMETERS, "SecurityEventBus": bus}, "ParameterKey", "ParameterValue")
    stack = f"<StackName>{escape(name)}</StackName><StackStatus>UPDATE_COMPLETE</StackStatus>{outputs}{parameters}"
    return _result(operation, f"<Stacks><member>{stack}</member></Stacks>")


def _members(title: str, values: dict[str, str], key: str, value: str) -> str:
    members = (
        f"<member><{key}>{name}</{key}><{value}>{escape(text)}</{value}></member>" for name, text in values.items()
    )
    return f"<{title}>{''.join(members)}</{title}>"


def _result(operation: str, text: str) -> bytes:
    return f"<{operation}Response><{operation}Result>{text}</{operation}Result></{operation}Response>".encode()


def stored() -> dict[str, Any]:
    """Return the items of the tables."""
    return {OUTPUTS[name]: memory_aws.contents(OUTPUTS[name]) for name in TABLES}
