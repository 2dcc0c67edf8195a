"""Races between processes on a real DynamoDB engine: one token, one session or one code, used at the same moment.

Every round has a user of its own. The counts say how many won and what was left, and not who was first.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.frame.results import markdown
from edge_auth.accounts.challenge import Challenge
from edge_auth.clock import now_ms
from edge_auth.tokens.claims import ONE_FACTOR, TWO_FACTORS
from proof.frame.results import Figures, MissingTool
from proof.frame.run import Run, added
from tests.support.dynamodb import racers
from tests.support.dynamodb.engine_of_run import MISSING, is_available, offered
from tests.support.dynamodb.engines import Engine, Tables, endpoint_tables
from tests.support.dynamodb.one_time_racers import (
    RECOVERY_CODES,
    STEP,
    LosingRacer,
    OneTimeRacer,
    a_user_with_everything,
)
from tests.support.dynamodb.racers import CALLERS_OF_A_PROCESS, a_session, an_identity, race, user_id, username
from tests.support.dynamodb.step_up_racers import StepUpRacer, a_user_with_app
from tests.support.dynamodb.tables import items

PROCESSES = 8
CALLERS = PROCESSES * CALLERS_OF_A_PROCESS  # 64
MORE_PROCESSES = 25  # 200 callers
# An act, and another that ends the session. Whoever is first, no session lives after both.
PAIRS = {
    "refresh against logout": ("refresh", "log_out"),
    "refresh against new password": ("refresh", "set_password"),
    "refresh against reset": ("refresh", "reset"),
    "login against logout of all": ("log_in", "log_out_everywhere"),
}
STEP_UP = "refresh against step-up"
ONE_TIME = {
    "code of an app": "app_code",
    "recovery code": "recovery_code",
    "answer of a passkey": "assertion",
    "proof of a reset": "reset_proof",
}
# The same while one answer in twenty gets lost.
LOST_ANSWERS = {
    "code of an app, lost answers": "app_code",
    "recovery code, lost answers": "recovery_code",
}


@dataclass(frozen=True)
class Size:
    """How many rounds each race has, and how many of them one part has."""

    many: int
    more: int
    pairs: int
    one_time: int
    part: int


def prove(run: Run) -> Figures:
    """Run all races. Raises MissingTool: there is no engine."""
    if not is_available():
        raise MissingTool(MISSING)
    size = Size(
        many=run.amount(short=1, long=100),
        more=run.amount(short=0, long=10),
        pairs=run.amount(short=3, long=1000),
        one_time=run.amount(short=1, long=100),
        part=run.amount(short=5, long=50),
    )
    with offered():
        counted = run.parts(_parts(size), _act)
    counts: dict[str, dict[str, int]] = {}
    first: dict[str, dict[str, int]] = {}
    for name, part in counted.items():
        race_name = name.partition(": ")[0]
        counts[race_name] = added([counts.get(race_name, {}), part["counts"]])
        first[race_name] = added([first.get(race_name, {}), part["first"]])
    return Figures(counts, {"outcomes": {name: outcomes for name, outcomes in first.items() if outcomes}})


def broken(figures: Figures) -> list[str]:
    """Return a sentence for each race that has another result than the promised one."""
    lines = []
    for name, counts in figures.counts.items():
        rounds = counts["rounds"]
        lines += [f"{name}: {field} is {counts[field]}" for field in _ZERO if counts.get(field, 0) != 0]
        lines += [f"{name}: {field} is {counts[field]} in {rounds} rounds" for field in _ONE if _differs(counts, field)]
    return lines


def table(figures: Figures) -> str:
    """Return one line for each race."""
    rows = [
        (
            race_name,
            f"{counts['rounds']:,}",
            f"{counts['callers'] // counts['rounds']}",
            f"{next(counts[name] for name in _ONE if name in counts):,}",
            f"{counts['sessions']:,}",
            f"{counts['false_revocations']:,}",
        )
        for race_name, counts in figures.counts.items()
    ]
    head = ("race", "rounds", "callers at once", "won", "sessions that live after it", "false revocations")
    return markdown(head, rows)


# A count that must be zero, and counts that must be one in each round, in a race that has them.
_ZERO = ("false_revocations", "survivors", "unanswered", "raised")
_ONE = ("won", "rotations", "ends", "spent")


def _differs(counts: Mapping[str, int], field: str) -> bool:
    return field in counts and counts[field] != counts["rounds"]


def _parts(size: Size) -> Iterator[str]:
    rounds = {
        f"{CALLERS} refreshes": size.many,
        f"{MORE_PROCESSES * CALLERS_OF_A_PROCESS} refreshes": size.more,
        **dict.fromkeys((*PAIRS, STEP_UP), size.pairs),
        **dict.fromkeys((*ONE_TIME, *LOST_ANSWERS), size.one_time),
    }
    for name, count in rounds.items():
        for first in range(0, count, size.part):
            yield f"{name}: {min(size.part, count - first)} from {first}"


def _act(part: str) -> dict[str, Any]:
    name, _, numbers = part.partition(": ")
    rounds = int(numbers.split()[0])
    with endpoint_tables() as tables:
        if name in PAIRS:
            return _pair(tables, rounds, *PAIRS[name])
        if name == STEP_UP:
            return _step_up(tables, rounds)
        if name in ONE_TIME:
            return _one_time(tables, rounds, ONE_TIME[name])
        if name in LOST_ANSWERS:
            return _lost_answers(tables, rounds, LOST_ANSWERS[name])
        return _refreshes(tables, rounds, callers=int(name.split()[0]))


def _refreshes(tables: Tables, rounds: int, *, callers: int) -> dict[str, Any]:
    """Let many refresh one session with one token. All are answered, and the session has one successor."""
    engine = _with_sessions(tables, rounds)
    outcomes = race(tables, rounds, *["refresh_together"] * (callers // CALLERS_OF_A_PROCESS))
    living = _living(engine, rounds)
    counts = {
        "rounds": rounds,
        "callers": rounds * callers,
        "unanswered": rounds * callers - outcomes["refresh_together: generation 1"],
        "rotations": sum(session.generation for session in living),
        "sessions": len(living),
        "false_revocations": rounds - len(living) + _alarms(outcomes),
    }
    return {"counts": counts, "first": {}}


def _pair(tables: Tables, rounds: int, act: str, end: str) -> dict[str, Any]:
    """Let an act race against one that ends all of it. The end is always carried out, and no session lives after it."""
    engine = _with_sessions(tables, rounds)
    outcomes = race(tables, rounds, act, end)
    living = _living(engine, rounds)
    answers = {name: count for name, count in outcomes.items() if name.startswith(f"{act}:")}
    counts = {
        "rounds": rounds,
        "callers": 2 * rounds,
        "unanswered": 2 * rounds - sum(answers.values()) - outcomes[f"{end}: done"],
        "ends": outcomes[f"{end}: done"],
        "survivors": len(living),
        "sessions": len(living),
        "false_revocations": _alarms(outcomes),
    }
    return {"counts": counts, "first": answers}


def _step_up(tables: Tables, rounds: int) -> dict[str, Any]:
    """Let a refresh race against a step-up. One session takes the place of the other, whose tokens stay weak."""
    engine = tables.engine()
    for number in range(rounds):
        engine.identities.create(a_user_with_app(number))
        engine.session_opening.open(a_session(number, acr=ONE_FACTOR), username=username(number), epoch=0)
    outcomes = race(tables, rounds, "refresh_level", "step_up_at_last", kind=StepUpRacer)
    living = _living(engine, rounds)
    strong = sum(session.acr == TWO_FACTORS for session in living)
    answers = {name: count for name, count in outcomes.items() if name.startswith("refresh_level:")}
    ends = outcomes[f"step_up_at_last: {TWO_FACTORS}"]
    counts = {
        "rounds": rounds,
        "callers": 2 * rounds,
        "unanswered": 2 * rounds - sum(answers.values()) - ends,
        "ends": ends,
        "survivors": len(living) - strong,
        "raised": outcomes[f"refresh_level: {TWO_FACTORS}"],
        "sessions": len(living),
        "false_revocations": rounds - strong + _alarms(outcomes),
    }
    return {"counts": counts, "first": answers}


def _one_time(tables: Tables, rounds: int, act: str) -> dict[str, Any]:
    """Let many use one thing that is good for one use. One wins, and the thing is spent."""
    engine = _with_everything(tables, rounds)
    outcomes = race(tables, rounds, *[act] * PROCESSES, kind=OneTimeRacer)
    spent_challenges = len(items(tables.client, tables.throttle))
    sessions = len(_living(engine, rounds))
    won = outcomes[f"{act}: won"]
    counts = {
        "rounds": rounds,
        "callers": rounds * CALLERS,
        "unanswered": rounds * CALLERS - won - outcomes[f"{act}: refused"],
        "won": won,
        "spent": spent_challenges if act == "assertion" else _spent(engine, rounds, act),
        "sessions": sessions,
        "false_revocations": _alarms(outcomes),
        "survivors": sessions - (0 if act == "reset_proof" else won),
    }
    return {"counts": counts, "first": {}}


def _lost_answers(tables: Tables, rounds: int, act: str) -> dict[str, Any]:
    """Let many use one code while answers get lost. It is spent once, for one session, whatever its user is told."""
    engine = _with_everything(tables, rounds)
    outcomes = race(tables, rounds, *[act] * PROCESSES, kind=LosingRacer)
    sessions, spent = len(_living(engine, rounds)), _spent(engine, rounds, act)
    answers = {name: outcomes[f"{act}: {name}"] for name in ("won", "refused")}
    counts = {
        "rounds": rounds,
        "callers": rounds * CALLERS,
        "unanswered": rounds * CALLERS - sum(answers.values()),
        "spent": spent,
        "sessions": sessions,
        "survivors": sessions - spent,
        "false_revocations": _alarms(outcomes),
    }
    return {"counts": counts, "first": answers}


def _with_everything(tables: Tables, rounds: int) -> Engine:
    engine = tables.engine()
    for number in range(rounds):
        engine.identities.create(a_user_with_everything(number))
        _put_reset_proof(engine, number)
    return engine


def _put_reset_proof(engine: Engine, number: int) -> None:
    proof = racers.a_reset_proof(number)
    engine.challenges.put(Challenge(proof, b"mac-1", username(number), "ada@mail.example"))


def _spent(engine: Engine, rounds: int, act: str) -> int:
    users = [engine.identities.find(username(number)) for number in range(rounds)]
    if act == "reset_proof":
        return sum(user.epoch for user in users)
    factors = [user.factors for user in users if user.factors is not None]
    if act == "app_code":
        return sum(each.totp_step == STEP for each in factors)
    return sum(len(RECOVERY_CODES) - len(each.recovery) for each in factors)


def _with_sessions(tables: Tables, rounds: int) -> Engine:
    engine, password_hash = tables.engine(), racers.a_password_hash()
    for number in range(rounds):
        engine.identities.create(an_identity(number, password_hash=password_hash))
        engine.session_opening.open(a_session(number), username=username(number), epoch=0)
        _put_reset_proof(engine, number)
    return engine


def _living(engine: Engine, rounds: int) -> list[Any]:
    now = now_ms() // 1000
    return [each for number in range(rounds) for each in engine.sessions.living(user_id(number), now_seconds=now)]


def _alarms(outcomes: Counter[str]) -> int:
    return sum(count for name, count in outcomes.items() if name.startswith("event: "))
