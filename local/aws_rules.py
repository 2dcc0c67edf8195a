"""Runs MiniStack with four rules of AWS's that MiniStack lacks.

API Gateway renames some headers of a function's answer: a client of a REST API never sees a function's own
`WWW-Authenticate`, and here it does not see it either. Answers of API Gateway itself keep their headers.

CloudWatch takes an alarm on an expression. MiniStack refuses the whole stack for one, so here none is made.

CloudFormation writes a changed body into the same REST API. MiniStack makes another API, which cannot have the same id.

Amazon SES checks the right to send on the identity of the sender. MiniStack checks it on `*`, so that a policy for one
identity would allow nothing.

MiniStack's own interpreter runs this file, so it imports nothing of the project.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from email.utils import parseaddr
from importlib import import_module
from typing import Any

PREFIX = "x-amzn-Remapped-"
# Headers of an integration's answer that arrive under another name, or not at all.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
RENAMED = frozenset(
    {
        *("authorization", "connection", "content-md5", "date", "max-forwards", "server", "user-agent"),
        "www-authenticate",
    }
)
DROPPED = frozenset(
    {"expect", "host", "proxy-authenticate", "te", "trailer", "transfer-encoding", "upgrade", "via"},
)


def as_sent(headers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the headers of a function's answer as a client of a REST API gets them."""
    return {
        f"{PREFIX}{name}" if name.lower() in RENAMED else name: value
        for name, value in headers.items()
        if name.lower() not in DROPPED
    }


def renaming(invoke: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Return the same call of a function, with the headers of its answer as AWS sends them."""

    async def invoke_and_rename(*arguments: object, **named: object) -> object:
        answer = await invoke(*arguments, **named)
        if not isinstance(answer, tuple):  # an answer of API Gateway itself
            return answer
        status, headers, body = answer
        return status, as_sent(headers), body

    return invoke_and_rename


def without_expressions(put: Callable[..., Any]) -> Callable[..., Any]:
    """Return the same creation of an alarm, which makes none of an expression and answers as if it had."""

    def put_or_leave_out(name: str, properties: Mapping[str, Any]) -> object:
        if "Metrics" in properties:
            return name, {"Arn": f"arn:aws:cloudwatch:::alarm:{name}"}
        return put(name, properties)

    return put_or_leave_out


def in_place(rest_apis: Any, update: Callable[..., Any]) -> Callable[..., Any]:  # noqa: ANN401 - a module of MiniStack
    """Return the same update of a REST API, which writes a changed body over the resources that the API has."""

    def update_in_place(
        api_id: str, old: Mapping[str, Any], new: Mapping[str, Any], *more: object, **named: object
    ) -> object:
        body = new["Body"]
        if body != old.get("Body"):
            # MiniStack has no call for any of this.
            resources, authorizers = rest_apis._resources, rest_apis._authorizers_v1  # noqa: SLF001
            resources[api_id] = {key: each for key, each in resources[api_id].items() if each["path"] == "/"}
            authorizers[api_id] = {}
            schemes = rest_apis._import_security_schemes(api_id, body)  # noqa: SLF001
            for path, item in body["paths"].items():
                rest_apis._import_path_item(api_id, path, item, schemes, body.get("security"))  # noqa: SLF001
        return update(api_id, {**old, "Body": body}, new, *more, **named)

    return update_in_place


def on_the_sender(resource: Callable[..., str]) -> Callable[..., str]:
    """Return the same choice of the resource of a call of Amazon SES: for a mail it is the domain of the sender."""

    def resource_or_sender(method: str, path: str, body: bytes, region: str, account_id: str) -> str:
        if path.rstrip("/") != "/v2/email/outbound-emails":
            return resource(method, path, body, region, account_id)
        domain = parseaddr(json.loads(body)["FromEmailAddress"])[1].rpartition("@")[2]
        return f"arn:aws:ses:{region}:{account_id}:identity/{domain}"

    return resource_or_sender


def main() -> None:
    """Change what MiniStack does with a function behind a REST API, an alarm, a changed API and a mail, and start it.

    Raises:
        AttributeError: this version of MiniStack has no such function.

    """
    rest_apis = import_module("ministack.services.apigateway_v1")
    rest_apis._invoke_lambda_proxy_v1 = renaming(rest_apis._invoke_lambda_proxy_v1)  # type: ignore[attr-defined]  # noqa: SLF001 - MiniStack has no setting for it
    stacks = import_module("ministack.services.cloudformation.provisioners")
    stacks._cw_metric_alarm_put = without_expressions(stacks._cw_metric_alarm_put)  # type: ignore[attr-defined]  # noqa: SLF001 - as above
    handlers = stacks._RESOURCE_HANDLERS["AWS::ApiGateway::RestApi"]  # noqa: SLF001 - as above
    handlers["update"] = in_place(rest_apis, handlers["update"])
    rights = import_module("ministack.core.iam_actions")
    rights._ses_v2_resource_arn = on_the_sender(rights._ses_v2_resource_arn)  # type: ignore[attr-defined]  # noqa: SLF001 - as above
    import_module("ministack.app").main()


if __name__ == "__main__":
    main()
