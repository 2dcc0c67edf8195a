"""What the processes of a race are copies of: the modules, and what the SDK reads for its first client.

It has no connection and no state of a test, so its copies share none.
"""

from edge_auth.adapters.aws import dynamodb_client
from tests.support.dynamodb import one_time_racers, racers, step_up_racers

__all__ = ["one_time_racers", "racers", "step_up_racers"]

dynamodb_client().close()
