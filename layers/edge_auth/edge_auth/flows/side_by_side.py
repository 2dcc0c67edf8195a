"""Runs two calls at the same time, so that their waits for AWS do not add up."""

from collections.abc import Callable
from threading import Thread
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")


def _keep(_result: object) -> None:
    """Undo nothing."""


def side_by_side(
    first: Callable[[], A], second: Callable[[], B], *, undo: Callable[[A], object] = _keep
) -> tuple[A, B]:
    """Run both calls at once, the second one in a thread. Return their results when both have ended.

    If both fail, the error of the first one is raised, from the error of the second one. If only the second one fails,
    `undo` gets the result of the first one before the error is raised.
    """
    results: list[B] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(second())
        except BaseException as error:  # noqa: BLE001 - it is raised below, in the caller's thread
            errors.append(error)

    thread = Thread(target=run)
    thread.start()
    try:
        result = first()
    except BaseException as error:
        thread.join()
        if errors:
            raise error from errors[0]
        raise
    thread.join()
    if errors:
        undo(result)
        raise errors[0]
    return result, results[0]
