"""Counts the requests of botocore's clients, and the capacity units that the engine reports.

The counting uses botocore's events, so the code of the functions does not change. Each request to DynamoDB also asks
for its capacity units. Requests to Secrets Manager are answered here.
"""

import json
import math
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from botocore.awsrequest import AWSResponse

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest
    from botocore.model import OperationModel

COUNTED = ("read_units", "write_units", "refused", "secret_requests")
READS = ("GetItem", "Query")
TRANSACTION_UNITS, REFUSED_UNITS = 2, 1  # for each item
PAGE_READ_UNITS = 256  # 1 MB of 4 KB each


@dataclass
class Wire:
    """Counts since the last `forget`. Units are DynamoDB's, as the engine reports them, with three exceptions.

    All items are smaller than 1 KiB. A write for which the engine reports more than one unit is an error.

    - `refused` are writes whose condition did not hold. The engine does not report their units. A refused write costs
      as much as writing the existing item, and at least one unit (Amazon DynamoDB Developer Guide, "Capacity unit
      consumption for write operations").
    - A transaction takes two units for each KiB of each item ("Amazon DynamoDB Transactions: how it works", capacity
      management). DynamoDB Local 2.6.1 reports four for each table.
    - In DynamoDB, a page of a Query ends after 1 MB of read items, before the filter (API reference, Query). In
      DynamoDB Local it ends after 1 MB of filtered items. So if a filter drops items, the missing requests are added.
    """

    secrets: Mapping[str, str] = field(default_factory=dict)  # the content of each secret by its id
    requests: Counter[str] = field(default_factory=Counter)
    units: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    _lock: Lock = field(default_factory=Lock)  # a login makes requests side by side

    def watch(self, events: Any) -> None:  # noqa: ANN401 - the stubs have no type for a handler that returns a value
        """Register for the events of a session and all its clients, or of one client."""
        events.register("provide-client-params.dynamodb", self._ask_for_units)
        events.register("before-send.dynamodb", self._count)
        events.register("before-send.secrets-manager", self._answer)
        events.register("after-call.dynamodb", self._add_units)

    def forget(self) -> None:
        """Set all counts to zero."""
        self.requests.clear()
        self.units.clear()

    def counts(self) -> dict[str, Any]:
        """Return the counts by name: `requests`, `operations` (the requests by their kind), and those of COUNTED."""
        counted = {name: self.units[name] for name in COUNTED}
        return {"requests": self.requests.total(), "operations": dict(sorted(self.requests.items())), **counted}

    def _ask_for_units(self, params: dict[str, Any], model: "OperationModel", **_: object) -> dict[str, Any]:
        with self._lock:
            self.units["write_units"] += TRANSACTION_UNITS * len(params.get("TransactItems", ()))
        if model.input_shape and "ReturnConsumedCapacity" in model.input_shape.members:
            return {**params, "ReturnConsumedCapacity": "TOTAL"}
        return params

    def _count(self, event_name: str, **_: object) -> None:
        with self._lock:
            self.requests[event_name.rpartition(".")[2]] += 1

    def _answer(self, request: "AWSPreparedRequest", **_: object) -> AWSResponse:
        self.units["secret_requests"] += 1
        secret = self.secrets[json.loads(request.body)["SecretId"]]  # type: ignore[arg-type]  # a text, of the SDK
        body = json.dumps({"SecretString": secret, "VersionId": "1"}).encode()
        raw = SimpleNamespace(stream=lambda: iter([body]))  # the part of urllib3's response that botocore reads
        return AWSResponse(str(request.url), 200, {}, raw)  # type: ignore[arg-type]

    def _add_units(self, parsed: Mapping[str, Any], model: "OperationModel", **_: object) -> None:
        with self._lock:
            self._add(parsed, model.name)

    def _add(self, parsed: Mapping[str, Any], operation: str) -> None:
        consumed = parsed.get("ConsumedCapacity", {})
        units = float(consumed.get("CapacityUnits", 0)) if isinstance(consumed, dict) else 0.0
        if operation in READS:
            self.units["read_units"] += units
            if parsed.get("Count", 0) < parsed.get("ScannedCount", 0):
                self.requests[operation] += max(0, math.ceil(units / PAGE_READ_UNITS) - 1)
        else:
            if units > 1:
                raise RuntimeError(f"an item is larger than 1 KiB: {operation} took {units} units")
            self.units["write_units"] += units
        if parsed.get("Error", {}).get("Code") == "ConditionalCheckFailedException":
            self.units["refused"] += 1
            self.units["write_units"] += REFUSED_UNITS
