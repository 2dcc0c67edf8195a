"""Opens the connections of the first calls while Lambda starts the function.

To connect takes milliseconds of a whole processor for each client: a TLS handshake, and the list of authorities, which
takes 2 ms if it has Amazon's alone and 20 if it is the SDK's. Lambda gives a whole processor to a starting function.
Later the function has only the share of its memory size, a quarter, and the first caller would wait.
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
    """Open each client's connection if Lambda starts the function. The client's first call then uses it.

    The request is not signed and not repeated, and has the client's own timeouts. DynamoDB answers it with its health,
    and other services with an error. Errors are ignored: the first call opens a connection that it does not find.
    """
    if STARTED_BY_LAMBDA not in environ:
        return
    for client in clients:
        request = AWSRequest("GET", client.meta.endpoint_url).prepare()
        with suppress(BotoCoreError):
            # The SDK has no public way to connect. The client sends its calls through this HTTP session, so its pool,
            # its proxies and its trusted certificates are used. The retries of a call are not.
            client._endpoint.http_session.send(request)  # type: ignore[attr-defined]  # noqa: SLF001
