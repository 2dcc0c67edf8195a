"""Runs MiniStack with two rules of AWS's that MiniStack lacks.

API Gateway renames some headers of a function's answer: a client of a REST API never sees a function's own
`WWW-Authenticate`, and here it does not see it either. Answers of API Gateway itself keep their headers.

CloudWatch takes an alarm on an expression. MiniStack refuses the whole stack for one, so here none is made.

MiniStack's own interpreter runs this file, so it imports nothing of the project.
"""

from collections.abc import Awaitable, Callable, Mapping
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


def main() -> None:
    """Change the functions of MiniStack that call a function behind a REST API and make an alarm, and start MiniStack.

    Raises:
        AttributeError: this version of MiniStack has no such function.

    """
    rest_apis = import_module("ministack.services.apigateway_v1")
    rest_apis._invoke_lambda_proxy_v1 = renaming(rest_apis._invoke_lambda_proxy_v1)  # type: ignore[attr-defined]  # noqa: SLF001 - MiniStack has no setting for it
    stacks = import_module("ministack.services.cloudformation.provisioners")
    stacks._cw_metric_alarm_put = without_expressions(stacks._cw_metric_alarm_put)  # type: ignore[attr-defined]  # noqa: SLF001 - as above
    import_module("ministack.app").main()


if __name__ == "__main__":
    main()
