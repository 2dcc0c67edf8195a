"""A steady load on the deployed API: refreshes, logins and calls of a protected route. Each answer keeps its time.

One client more may come later: it calls the protected route with a token of a key that the authorizer does not have.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from threading import Event, RLock, Thread
from typing import NamedTuple

import requests

REFRESH, LOGIN, CALL, NEXT_KEY = "refresh", "login", "protected route", "protected route by the next key"
FROM_THE_BEGIN = frozenset({REFRESH, LOGIN, CALL})
PAUSES_SECONDS = {REFRESH: 0.4, LOGIN: 2.0, CALL: 0.2, NEXT_KEY: 0.4}
UNAVAILABLE = 503
TIMEOUT_SECONDS = 30


class Seen(NamedTuple):
    """One answer: when its request began and when it came, by the monotonic clock. Status 0 is no answer."""

    kind: str
    begin: float
    end: float
    status: int
    retry_after: str


@dataclass
class Load:
    """Clients of an API. A client that gets 503 goes on with the token that it has."""

    base_url: str
    username: str
    password: str
    seen: list[Seen] = field(default_factory=list)
    lost: list[int] = field(default_factory=list)  # the statuses with which sessions were refused
    errors: list[BaseException] = field(default_factory=list)
    _stop: Event = field(default_factory=Event)
    _threads: list[Thread] = field(default_factory=list)
    _turns: dict[str, RLock] = field(default_factory=lambda: {kind: RLock() for kind in PAUSES_SECONDS})

    def log_in(self) -> dict[str, str]:
        """Log in and return the tokens. Raises RuntimeError: it is refused."""
        answer = requests.post(f"{self.base_url}/auth/login", json=self._credentials, timeout=TIMEOUT_SECONDS)
        if answer.status_code != requests.codes.ok:
            raise RuntimeError(f"no login: {answer.status_code} {answer.text}")
        tokens: dict[str, str] = answer.json()
        return tokens

    @contextmanager
    def running(self) -> Iterator[None]:
        """Let all clients work until the block ends. Raises the first error of a client."""
        begun = [self.log_in() for _ in range(2)]
        self._start(lambda: self._refresh(begun[0]["refresh_token"]))
        self._start(self._log_in_again_and_again)
        self._start(lambda: self._call(CALL, begun[1]["access_token"]))
        try:
            yield
        finally:
            self._stop.set()
            for thread in self._threads:
                thread.join()
        if self.errors:
            raise self.errors[0]

    def meet_next_key(self) -> None:
        """Log in while the next key signs, and let one client more work with that access token."""
        access_token = self.log_in()["access_token"]
        self._start(lambda: self._call(NEXT_KEY, access_token))

    @contextmanager
    def resting(self) -> Iterator[None]:
        """Let no client have a request on its way until the block ends."""
        with ExitStack() as turns:
            for turn in self._turns.values():
                turns.enter_context(turn)
            yield

    @property
    def _credentials(self) -> dict[str, str]:
        return {"username": self.username, "password": self.password}

    def _start(self, client: Callable[[], None]) -> None:
        thread = Thread(target=self._guarded, args=(client,))
        thread.start()
        self._threads.append(thread)

    def _guarded(self, client: Callable[[], None]) -> None:
        try:
            client()
        except BaseException as error:  # noqa: BLE001 - it is raised in the main thread
            self.errors.append(error)

    def _refresh(self, token: str) -> None:
        while not self._stop.wait(PAUSES_SECONDS[REFRESH]):
            answer = self._asked(REFRESH, "POST", "/auth/refresh", body={"refresh_token": token})
            if answer is not None and answer.status_code == requests.codes.ok:
                token = answer.json()["refresh_token"]
            elif answer is not None and answer.status_code != UNAVAILABLE:
                self.lost.append(answer.status_code)

    def _log_in_again_and_again(self) -> None:
        while not self._stop.wait(PAUSES_SECONDS[LOGIN]):
            self._asked(LOGIN, "POST", "/auth/login", body=self._credentials)

    def _call(self, kind: str, access_token: str) -> None:
        while not self._stop.wait(PAUSES_SECONDS[kind]):
            self._asked(kind, "GET", "/me", headers={"Authorization": f"Bearer {access_token}"})

    def _asked(
        self,
        kind: str,
        method: str,
        path: str,
        *,
        body: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> requests.Response | None:
        with self._turns[kind]:
            begin = time.monotonic()
            try:
                answer = requests.request(
                    method, f"{self.base_url}{path}", json=body, headers=headers, timeout=TIMEOUT_SECONDS
                )
            except requests.RequestException:
                self.seen.append(Seen(kind, begin, time.monotonic(), 0, ""))
                return None
            retry_after = answer.headers.get("Retry-After", "")
            self.seen.append(Seen(kind, begin, time.monotonic(), answer.status_code, retry_after))
            return answer
