"""A custom resource of CloudFormation: the request, and the answer that CloudFormation waits for.

AWS CloudFormation User Guide, "Custom resource request types" and "Custom resource response objects".
"""

import json
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass

TIMEOUT_SECONDS = 10
MAX_REASON_CHARACTERS = 400  # the whole answer may have 4,096 bytes; a character outside ASCII takes six or more


@dataclass(frozen=True, slots=True)
class CustomResourceRequest:
    """A request of CloudFormation. `type` is Create, Update or Delete. The answer goes to `answer_url`.

    `physical_id` is the id that the resource got when it was created. Before that it is the logical id.
    """

    type: str
    answer_url: str
    stack_id: str
    request_id: str
    logical_id: str
    physical_id: str


def request_from(event: Mapping[str, object]) -> CustomResourceRequest:
    """Read the request.

    Raises:
        ValueError: the event is not a request of CloudFormation, so nothing waits for an answer.

    """
    names = ("RequestType", "ResponseURL", "StackId", "RequestId", "LogicalResourceId")
    values = [event.get(name) for name in names]
    if not all(isinstance(value, str) for value in values):
        raise ValueError("not a custom resource request of CloudFormation")
    kind, answer_url, stack_id, request_id, logical_id = map(str, values)
    physical_id = str(event.get("PhysicalResourceId") or logical_id)
    return CustomResourceRequest(kind, answer_url, stack_id, request_id, logical_id, physical_id)


def answer(request: CustomResourceRequest, *, data: Mapping[str, str], failure: str) -> None:
    """Send CloudFormation the result. An empty `failure` is a success. Any other text is shown in the stack's events.

    Raises:
        OSError: CloudFormation was not reached, or refused the answer. Lambda then calls the function again.

    """
    body = json.dumps(
        {
            "Status": "FAILED" if failure else "SUCCESS",
            "Reason": failure[:MAX_REASON_CHARACTERS],
            # It is the same in all answers: CloudFormation takes another id for another resource.
            "PhysicalResourceId": request.physical_id,
            "StackId": request.stack_id,
            "RequestId": request.request_id,
            "LogicalResourceId": request.logical_id,
            "Data": data,
        }
    ).encode()
    # The URL is presigned for S3 with an empty content type.
    put = urllib.request.Request(request.answer_url, data=body, headers={"Content-Type": ""}, method="PUT")  # noqa: S310 - from CloudFormation
    with urllib.request.urlopen(put, timeout=TIMEOUT_SECONDS):  # noqa: S310 - from CloudFormation
        pass
