"""Fills the sessions table: many sessions, straight into the engine, by several processes."""

import multiprocessing
import secrets
import time
from concurrent.futures import ProcessPoolExecutor

from benchmarks.requests.deployment import BATCH, Deployment
from edge_auth.tokens.refresh_token import new_id

PROCESSES = 2


def fill(deployment: Deployment, count: int, *, seconds: float) -> int:
    """Add sessions of as many users, until there are so many or the time is up; return how many were added."""
    shares = [count // PROCESSES + (number < count % PROCESSES) for number in range(PROCESSES)]
    deadline = time.monotonic() + seconds
    with ProcessPoolExecutor(PROCESSES, multiprocessing.get_context("spawn")) as processes:
        added = [processes.submit(_fill, deployment, share, deadline) for share in shares]
        return sum(each.result() for each in added)


def _fill(deployment: Deployment, count: int, deadline: float) -> int:
    item, _ = deployment.new_session(new_id(secrets.token_bytes))
    added = 0
    while added < count and time.monotonic() < deadline:
        # Made anew are only the parts that no two sessions share: the rest takes longer than the engine does.
        batch = [
            {
                **item,
                "user_id": {"S": new_id(secrets.token_bytes)},
                "session_id": {"S": new_id(secrets.token_bytes)},
                "seed_hash": {"B": secrets.token_bytes(32)},
            }
            for _ in range(min(BATCH, count - added))
        ]
        deployment.put_sessions(batch)
        added += len(batch)
    return added
