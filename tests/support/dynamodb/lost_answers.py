"""Clients that lose some answers of a real engine, after it has carried the requests out."""

import random
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ReadTimeoutError
from botocore.httpsession import URLLib3Session

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest

LOST_SHARE = 0.05


def losing(client: Any) -> Any:  # noqa: ANN401 - an SDK client
    """Return the client, which loses one answer in twenty after the engine has carried the request out."""
    wire = URLLib3Session()

    def lose(request: "AWSPreparedRequest", **_: object) -> None:
        if random.random() < LOST_SHARE:  # noqa: S311 - no secret
            wire.send(request)
            raise ReadTimeoutError(endpoint_url=request.url)

    client.meta.events.register("before-send.dynamodb", lose)
    return client
