"""What the model knows of users and sessions: for each of them, every state in which it may be.

After an answer there is mostly one. After a lost answer there are two, until a later answer tells which one it was.
The model shares no code with the product.
"""

import json
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from proof.machine.deployment import MAX_SESSIONS
from proof.machine.rule import NONE_REDEEMED, Line
from proof.machine.seen import Seen

ACTIVE, DISABLED, GONE = "active", "disabled", "gone"
ABSENT = ""  # a token that an answer does not have
ONE_FACTOR, TWO_FACTORS, PHISHING_RESISTANT = LEVELS = ("1fa", "2fa", "phr")
FRESH_SECONDS = 300
FREE_MISTAKES, DAY_MS = 5, 86_400_000
S = TypeVar("S")


class Contradiction(AssertionError):
    """The product did what no state allows."""


class Account(NamedTuple):
    """One state in which a user's account may be. `step` is the last step of the app that was used."""

    password: str
    status: str = ACTIVE
    secret: bytes = b""
    step: int = -1
    codes: frozenset[str] = frozenset()  # the recovery codes that are left
    wrong_codes: int = 0  # less those that were taken back
    passkeys: frozenset[int] = frozenset()

    @property
    def highest(self) -> str:
        """How strong a login of this user can be."""
        if self.passkeys:
            return PHISHING_RESISTANT
        return TWO_FACTORS if self.secret else ONE_FACTOR


class Expected(NamedTuple):
    """What a state lets expect: the status, the error code, and the generation of the token, if there is one."""

    status: int
    error: str = ""
    generation: int | None = None


class Option(NamedTuple):
    """What one state lets expect, the state after that, and the states in which a failure may leave it.

    `repeated` are the states after it if an answer to the product was lost, and the SDK did something again.
    """

    expected: Expected
    after: Any
    between: tuple[Any, ...] = ()
    repeated: tuple[Any, ...] = ()


class Token(NamedTuple):
    """A refresh token, or a session cookie, that was issued once. `mac_key` is the id of the key under it."""

    session: "Session"
    generation: int
    text: str
    mac_key: str


class Access(NamedTuple):
    """An access token that was issued once."""

    session: "Session"
    text: str
    issued: int
    expires: int
    kid: str


class Device(NamedTuple):
    """A device on which a user has logged in. The rest is what the user was then: a change ends the token."""

    user: "User"
    text: str
    name: str
    password: str
    may_have_changed: int
    until: int  # its key may end then

    @property
    def counter(self) -> str:
        """The counter of attempts on it."""
        return f"device {self.text}"

    def is_surely_known(self, now: int) -> bool:
        """Whether nothing of the user has changed."""
        is_same = (self.name, self.may_have_changed) == (self.user.name, self.user.may_have_changed)
        return is_same and now < self.until

    @property
    def is_surely_unknown(self) -> bool:
        """Whether the user has another password."""
        return all(account.password != self.password for account in self.user.may)


@dataclass(eq=False)
class Session:
    """A session. `held` is what its owner's client has, and `stolen` what a thief has."""

    session_id: str
    user: "User"
    transport: str
    acr: str
    auth_time: int
    absolute_until: int
    created_ms: int
    may: frozenset[Line]
    held: Token | None = None
    stolen: Token | None = None
    disturbed: bool = False  # somebody else has presented a token of it, or an act may have ended it
    over_ms: int | None = None  # when an answer said that it is over
    last_to_thief: bool | None = None  # who got the last answer since the theft
    changes_of_hands: int = 0
    has_gaps: bool = True  # since the theft, each answer came after the grace window of the one before

    @property
    def is_over(self) -> bool:
        """Whether it has ended, in each state."""
        return all(line.ended for line in self.may)

    def is_live(self, now_ms: int) -> bool:
        """Whether it lives, in each state."""
        return all(line.is_live(self.absolute_until, now_ms) for line in self.may)

    def may_live(self, now_ms: int) -> bool:
        """Whether it lives in some state."""
        return any(line.is_live(self.absolute_until, now_ms) for line in self.may)

    def each(self, change: Callable[[Line], Line]) -> None:
        """Change each state."""
        self.may = frozenset(map(change, self.may))

    def end(self, now_ms: int) -> None:
        """Take it for ended: an answer says so."""
        is_known = all(line.ended and line.told for line in self.may)  # or authorizers can know it from now on only
        if self.over_ms is None or not is_known:
            self.disturbed, self.over_ms = True, now_ms
        self.each(Line.over)

    def may_end(self, *, untold: bool = False) -> None:
        """Take it for perhaps ended. `untold`: perhaps before authorizers can know it."""
        self.disturbed = True
        self.may |= {line.over() for line in self.may} | {line._replace(told=True) for line in self.may}
        if untold:
            self.may |= {line.over(told=False) for line in self.may}


@dataclass(eq=False)
class User:
    """A user, with every state of the account."""

    user_id: str
    name: str
    may: frozenset[Account]
    is_reachable: bool = True  # the address is confirmed
    must_have_factor: bool = False
    is_imported: bool = False
    has_weak_hash: bool = False  # perhaps: the next login with the password renews it
    mailed_at: int = 0  # when the newest mail of a reset was asked for
    sessions: list[Session] = field(default_factory=list)
    ghosts: list[int] = field(default_factory=list)  # when sessions may have been opened whose answer was lost, in ms
    papers: list[str] = field(default_factory=list)  # every recovery code that was ever shown
    wrong: dict[str, tuple[int, ...]] = field(default_factory=dict)  # when attempts may have failed, by the counter
    changes: int = 0  # acts that have changed the account
    may_have_changed: int = 0  # and acts that perhaps have
    new_codes: int = 0  # requests for new recovery codes, which may have succeeded

    @property
    def sure(self) -> Account | None:
        """The account, if there is one state."""
        return next(iter(self.may)) if len(self.may) == 1 else None

    def others(self, than: Session | None = None) -> Iterator[Session]:
        """The sessions but one."""
        return (session for session in self.sessions if session is not than)

    def fail(self, counter: str, now_ms: int) -> None:
        """Count an attempt that may have failed."""
        self.wrong[counter] = (*self.wrong.get(counter, ()), now_ms)

    def must_wait(self, counter: str, now_ms: int) -> bool:
        """Whether an attempt may have to wait. Five mistakes a day are free."""
        return sum(at_ms > now_ms - DAY_MS for at_ms in self.wrong.get(counter, ())) >= FREE_MISTAKES

    def end_all(self, now_ms: int, keep: Session | None = None) -> None:
        """Take all sessions but one for ended."""
        for session in self.others(keep):
            session.end(now_ms)
        self.ghosts.clear()

    def all_may_end(self, keep: Session | None = None) -> None:
        """Take all sessions but one for perhaps ended."""
        for session in self.others(keep):
            if not session.is_over:
                session.may_end()

    def keep_limit(self, now_ms: int, *, is_sure: bool) -> None:
        """End the oldest sessions beyond the limit, after a login. `is_sure`: nothing went wrong."""
        living = [session for session in self.sessions if session.may_live(now_ms)]
        surely, perhaps = 0, len(self.ghosts)  # newer ones
        for session in sorted(living, key=lambda each: (each.created_ms, each.session_id), reverse=True):
            lives = session.is_live(now_ms)
            if surely >= MAX_SESSIONS and is_sure:
                session.end(now_ms)
            elif perhaps >= MAX_SESSIONS:
                session.may_end()
            surely += lives
            perhaps += 1


def settled(
    may: Iterable[S],
    options: Callable[[S], tuple[Option, ...]],
    seen: Seen,
    *,
    has_trouble: bool,
    what: str,
    generation: int | None,
) -> frozenset[S]:
    """Return the states that are left after an answer. Raises Contradiction if there is none."""
    left, expected = set[S](), list[Expected]()
    for state in may:
        for option in options(state):
            expected.append(option.expected)
            if (seen.status, seen.error, generation) == option.expected:
                left |= {option.after, *(option.repeated if has_trouble else ())}
            if has_trouble and seen.is_trouble:
                left |= {state, option.after, *option.between, *option.repeated}
    if not left:
        raise Contradiction(f"{what}: {seen.status} {seen.error} {generation or ''}, and not one of {expected}")
    return frozenset(left)


class Parts(NamedTuple):
    """What a refresh token says in its bytes."""

    mac_key: str
    user_id: bytes
    session_id: bytes
    generation: int


def parts_of(token: str) -> Parts:
    """Read a refresh token by its description: a prefix, and base64url of the version, the key, the ids and so on."""
    raw = urlsafe_b64decode(token.split("_", 2)[2])
    return Parts(raw[1:6].hex(), raw[6:22], raw[22:38], int.from_bytes(raw[38:42], "big"))


def claims_of(access_token: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Read the header and the claims of an access token."""
    header, claims, _ = access_token.split(".")
    first, second = (json.loads(urlsafe_b64decode(part + "==")) for part in (header, claims))
    return first, second


def first_line(now_ms: int, idle_seconds: int) -> Line:
    """Return the state of a session that has just been opened."""
    return Line(0, NONE_REDEEMED, 0, now_ms // 1000 + idle_seconds)


def snapshot(users: list[User]) -> list[tuple[Any, dict[str, Any]]]:
    """Return all that the model knows, to go back to it."""
    things = [*users, *(session for user in users for session in user.sessions)]
    return [(thing, _copied(vars(thing))) for thing in things]


def restore(kept: list[tuple[Any, dict[str, Any]]]) -> None:
    """Go back to what the model knew."""
    for thing, values in kept:
        vars(thing).update(_copied(values))


def _copied(values: dict[str, Any]) -> dict[str, Any]:
    return {name: copy(value) if isinstance(value, list | dict) else value for name, value in values.items()}
