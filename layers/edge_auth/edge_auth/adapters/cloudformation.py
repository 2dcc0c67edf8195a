"""CloudFormation's side of a custom resource: its request, and the answer it waits for.

AWS CloudFormation User Guide, "Custom resource request types" and "Custom resource response objects".
"""

import json
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass

TIMEOUT_SECONDS = 10
MAX_REASON_CHARACTERS = 400  # the whole answer has 4,096 bytes, and a character takes up to six


@dataclass(frozen=True, slots=True)
class CustomResourceRequest:
    """What CloudFormation asks: `type` is Create, Update or Delete; `answer_url` is where it waits.

    `physical_id` is the name that the resource was given when it was created; before that it is the logical one.
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
        ValueError: the event is not from CloudFormation, so that nobody waits for an answer.

    """
    names = ("RequestType", "ResponseURL", "StackId", "RequestId", "LogicalResourceId")
    values = [event.get(name) for name in names]
    if not all(isinstance(value, str) for value in values):
        raise ValueError("not a custom resource request of CloudFormation")
    kind, answer_url, stack_id, request_id, logical_id = map(str, values)
    physical_id = str(event.get("PhysicalResourceId") or logical_id)
    return CustomResourceRequest(kind, answer_url, stack_id, request_id, logical_id, physical_id)


def answer(request: CustomResourceRequest, *, data: Mapping[str, str], failure: str) -> None:
    """Tell CloudFormation how it went. An empty `failure` is success; otherwise the stack's events show it.

    Raises:
        OSError: CloudFormation could not be reached, or refused. Lambda then calls again.

    """
    body = json.dumps(
        {
            "Status": "FAILED" if failure else "SUCCESS",
            "Reason": failure[:MAX_REASON_CHARACTERS],
            # The same in all answers, or CloudFormation takes it for another resource.
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
