"""The connections of the first calls, opened while Lambda starts the function.

To trust AWS's certificates takes 30 ms of a whole processor, for each client. Lambda gives a starting function that
processor; the first caller would wait for the share that the function's memory size buys, a quarter of one.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError

if TYPE_CHECKING:
    from botocore.client import BaseClient

# Lambda sets it (AWS Lambda Developer Guide, "Defined runtime environment variables"); tests and emulators do not.
STARTED_BY_LAMBDA = "AWS_LAMBDA_INITIALIZATION_TYPE"


def prime(environ: Mapping[str, str], *clients: "BaseClient") -> None:
    """Open each client's connection, where Lambda starts the function, and leave it to the client's first call.

    One request that nobody signed and one attempt, within the client's own time-outs; DynamoDB answers it with its
    health, others with an error. Whatever happens is nothing: the first call opens what it does not find.
    """
    if STARTED_BY_LAMBDA not in environ:
        return
    for client in clients:
        request = AWSRequest("GET", client.meta.endpoint_url).prepare()
        with suppress(BotoCoreError):
            # The SDK has no name for "connect"; this is the session through which the client will send, with its
            # pool, its proxies and its trust, and without the retries that a call has.
            client._endpoint.http_session.send(request)  # type: ignore[attr-defined]  # noqa: SLF001
