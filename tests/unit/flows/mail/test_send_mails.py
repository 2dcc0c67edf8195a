"""The mailer: what is sent, what is dropped, and what comes again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pytest

from edge_auth.accounts.challenge import Challenge
from edge_auth.errors import TemporarilyUnavailable
from edge_auth.events.security_event import EventName, SecurityEvent
from edge_auth.flows.limits.rates import Rates
from edge_auth.flows.mail.send_mails import GIVE_UP_AFTER_MS, SendMails
from edge_auth.flows.ports.mail import MailRefused
from edge_auth.keys.ring import KeysInForce
from edge_auth.mail.render import Mail, render
from edge_auth.mail.stream_record import UnreadableRecord
from edge_auth.throttling.limits import NOTICE_RATE
from edge_auth.tokens.proof_token import Kind, Proof
from tests.support.clock import TestClock
from tests.support.fakes.attempts import MemoryAttempts
from tests.support.fakes.challenges import MemoryChallenges
from tests.support.fakes.stores import MemoryStore
from tests.support.mail_records import (
    ADDRESS,
    BINDING,
    EXPIRES_AT_SECONDS,
    KEY,
    KEYS,
    LETTERHEAD,
    PROOF_ID,
    challenge,
    notice,
)
from tests.support.people import ADA_ID, BOB_ID

Fault = Callable[[], None]
PROOF = Proof(Kind.RESET, PROOF_ID, ADA_ID, EXPIRES_AT_SECONDS, BINDING)
STANDS = Challenge(PROOF, KEY.key_id, "ada", ADDRESS, is_delivered=True)


def down() -> None:
    """Fail as SES or a table in trouble."""
    raise TemporarilyUnavailable("SendEmail: TooManyRequestsException")


def refused() -> None:
    """Fail as SES does for one mail."""
    raise MailRefused("MessageRejected")


def broken() -> None:
    """Fail as no code should."""
    raise ZeroDivisionError


@dataclass
class World:
    """A mailer, with what it needs."""

    clock: TestClock
    sent: list[Mail] = field(default_factory=list)
    tags: list[Mapping[str, str]] = field(default_factory=list)
    events: list[SecurityEvent] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)
    store: MemoryStore = field(default_factory=MemoryStore)
    attempts: MemoryAttempts = field(default_factory=MemoryAttempts)
    faults: list[Fault] = field(default_factory=list)
    read_faults: list[Fault] = field(default_factory=list)
    seconds_a_mail: int = 0

    def load(self) -> KeysInForce:
        """Return the keys."""
        return KeysInForce((), KEY, KEYS)

    def find(self, kind: Kind, user_id: str) -> Challenge:
        """Read a challenge."""
        if self.read_faults:
            self.read_faults.pop(0)()
        return MemoryChallenges(self.store).find(kind, user_id)

    def put(self, challenge: Challenge) -> None:
        """Store a challenge."""
        MemoryChallenges(self.store).put(challenge)

    def post(self, mail: Mail, tags: Mapping[str, str]) -> None:
        """Send a mail."""
        self.clock.advance(seconds=self.seconds_a_mail)
        if self.faults:
            self.faults.pop(0)()
        self.sent.append(mail)
        self.tags.append(tags)

    def send(self, *records: dict[str, Any]) -> str:
        """Call the use case."""
        return self.mailer(records)

    @cached_property
    def mailer(self) -> SendMails:
        """The use case, in one process."""
        return SendMails(
            key_ring=self,
            challenges=self,
            post=self.post,
            rates=Rates(self.attempts),
            letterhead=LETTERHEAD,
            clock=lambda: self.clock.now_ms,
            record=self.events.append,
            broken=self.errors.append,
        )

    def told(self) -> list[tuple[EventName, str]]:
        """Return the names and the reasons of the events."""
        return [(event.name, event.reason) for event in self.events]


@pytest.fixture
def world() -> World:
    """Return a mailer while ada's challenge stands."""
    world = World(TestClock())
    world.put(STANDS)
    return world


def numbered(record: dict[str, Any], number: int) -> dict[str, Any]:
    """Return the record with another sequence number."""
    record["dynamodb"]["SequenceNumber"] = str(number)
    return record


def test_each_record_is_sent_once_and_in_order(world: World) -> None:
    """The tags are what a bounce will name."""
    assert world.send(challenge(), notice()) == ""

    assert world.sent == [render(challenge(), KEYS, LETTERHEAD), render(notice(), {}, LETTERHEAD)]
    assert world.tags == [{"mail": "reset", "user_id": ADA_ID}, {"mail": "new_device", "user_id": ADA_ID}]
    assert world.told() == [(EventName.MAIL_SENT, "reset"), (EventName.MAIL_SENT, "new_device")]
    assert {event.user_id for event in world.events} == {ADA_ID}


def test_after_trouble_no_later_record_is_tried(world: World) -> None:
    """Lambda passes on everything from that record again: a later one that was sent would be sent twice."""
    world.faults = [lambda: None, down]

    again = world.send(numbered(challenge(), 1), numbered(notice("new_password"), 2), numbered(notice(), 3))

    assert again == "2"
    assert [mail.subject for mail in world.sent] == ["Set a new password for Example Notes"]
    assert world.told()[-1] == (EventName.MAIL_DELAYED, "SendEmail: TooManyRequestsException")
    assert world.send(numbered(notice("new_password"), 2), numbered(notice(), 3)) == ""
    assert len(world.sent) == 3


def test_ten_minutes_of_trouble_delay_a_mail_and_bring_it_once(world: World) -> None:
    """Every call before SES is back changes nothing. The mail is the one that would have come at once."""
    world.faults = [down] * 60
    record = challenge()
    for _ in range(60):
        assert world.send(record)
        world.clock.advance(seconds=10)

    assert world.send(record) == ""
    assert world.sent == [render(record, KEYS, LETTERHEAD)]


def test_a_record_that_comes_twice_brings_the_same_mail_twice(world: World) -> None:
    """Lambda passes on each record at least once. There are never two codes for one challenge."""
    world.send(challenge())
    world.send(challenge())

    assert world.sent == [render(challenge(), KEYS, LETTERHEAD)] * 2


def test_an_expired_challenge_is_dropped(world: World) -> None:
    """Its link would be refused. One second earlier it is sent."""
    world.clock.advance(seconds=1799)
    world.send(challenge())
    world.clock.advance(seconds=1)
    assert world.send(challenge()) == ""

    assert len(world.sent) == 1
    assert world.told()[-1] == (EventName.MAIL_NOT_SENT, "reset: expired")


@pytest.mark.parametrize(
    ("standing", "reason"),
    [
        (None, "reset: used or withdrawn"),
        (STANDS._replace(spent_at_seconds=1), "reset: overtaken or used"),
        (STANDS._replace(proof=PROOF._replace(proof_id=ADA_ID)), "reset: overtaken or used"),
        (STANDS._replace(proof=PROOF._replace(kind=Kind.CONFIRM)), "reset: used or withdrawn"),
    ],
    ids=["none", "spent", "newer", "another kind"],
)
def test_a_challenge_that_does_not_stand_any_more_is_dropped(
    world: World, standing: Challenge | None, reason: str
) -> None:
    """After an outage, only the newest of three mails that a user asked for has a link that works."""
    world.store.challenges.clear()
    if standing:
        world.put(standing)

    assert world.send(challenge()) == ""
    assert world.sent == []
    assert world.told() == [(EventName.MAIL_NOT_SENT, reason)]


def test_a_mail_that_is_refused_does_not_hold_up_the_others(world: World) -> None:
    """SES will never take it, so it is dropped and recorded."""
    world.faults = [refused]

    assert world.send(challenge(), notice()) == ""
    assert len(world.sent) == 1
    assert world.told() == [(EventName.MAIL_NOT_SENT, "reset: MessageRejected"), (EventName.MAIL_SENT, "new_device")]


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (challenge(email={"S": "x"}), "damaged item: email"),
        (challenge(mac_key_id={"B": "AAAA"}), "reset: the key has ended"),
        (notice("unheard_of"), "unheard_of: there is no such mail"),
        (challenge(binding={"B": "AAAA"}), "reset: proof"),
    ],
)
def test_a_record_that_can_never_be_sent_does_not_hold_up_the_others(
    world: World, record: dict[str, Any], reason: str
) -> None:
    """It is recorded with the reason."""
    assert world.send(record, notice()) == ""

    assert [mail.subject for mail in world.sent] == ["New sign-in at Example Notes"]
    assert world.told()[0] == (EventName.MAIL_NOT_SENT, reason)


def test_a_challenge_of_a_kind_without_a_mail_is_dropped(world: World) -> None:
    """A later release may have another kind. It is no error of the code that operators would look for."""
    assert world.send(challenge("mfa"), challenge("surprise"), notice()) == ""

    assert world.errors == []
    assert [name for name, _ in world.told()] == [EventName.MAIL_NOT_SENT] * 2 + [EventName.MAIL_SENT]


def test_an_unexpected_error_does_not_hold_up_the_others(world: World) -> None:
    """Repeated, it would fail again, and all mails behind it would wait until the record is too old."""
    world.faults = [broken]

    assert world.send(challenge(), notice()) == ""
    assert [type(error) for error in world.errors] == [ZeroDivisionError]
    assert world.told() == [(EventName.MAIL_NOT_SENT, "reset"), (EventName.MAIL_SENT, "new_device")]


def test_trouble_with_the_table_delays_a_mail(world: World) -> None:
    """It is not known whether the challenge stands."""
    world.read_faults = [down]

    assert world.send(numbered(challenge(), 7)) == "7"
    assert world.sent == []


def test_a_slow_call_leaves_the_rest_to_the_next_one(world: World) -> None:
    """A call that Lambda ends has no answer: then all its mails would be sent again."""
    world.seconds_a_mail = GIVE_UP_AFTER_MS // 2000

    assert world.send(*(numbered(notice(), number) for number in range(1, 5))) == "3"
    assert len(world.sent) == 2


def test_a_record_that_lambda_could_not_have_sent_is_an_error(world: World) -> None:
    """Without a number there is nothing that Lambda could repeat."""
    with pytest.raises(UnreadableRecord):
        world.send({})


# --- How many notices a user gets ---


def new_notice(number: int, name: str = "new_device", user_id: str = ADA_ID) -> dict[str, Any]:
    """Return the record of one notice of many."""
    return numbered(notice(name, pk={"S": f"notice#{user_id}#{number:016x}"}), number)


def test_a_user_gets_ten_notices_of_a_kind_in_a_day(world: World) -> None:
    """Five at once. Whoever can log in must not use up the quota of all, and after five the user knows."""
    for number in range(24 * 60 + 1):
        world.send(new_notice(number))
        world.clock.advance(seconds=60)

    assert len(world.sent) == 10
    assert world.told()[:6] == [
        *[(EventName.MAIL_SENT, "new_device")] * NOTICE_RATE.burst,
        (EventName.MAIL_NOT_SENT, "new_device: too many of this kind"),
    ]


def test_a_flood_of_one_kind_silences_no_other_kind_and_no_other_user(world: World) -> None:
    """Otherwise a thief would hide a new passkey behind new recovery codes."""
    world.send(*(new_notice(number, "recovery_codes_replaced") for number in range(20)))
    world.sent.clear()

    world.send(new_notice(20, "passkey_added"), new_notice(21, "recovery_codes_replaced", BOB_ID), challenge())
    assert [tags["mail"] for tags in world.tags[-3:]] == ["passkey_added", "recovery_codes_replaced", "reset"]
    assert len(world.sent) == 3


def test_a_notice_that_comes_again_counts_once(world: World) -> None:
    """While SES is in trouble, Lambda passes the same record on again and again."""
    world.faults = [down] * 50
    record = new_notice(1)
    assert [world.send(record) for _ in range(50)] == ["1"] * 50

    assert [world.send(new_notice(number)) for number in range(1, 6)] == [""] * 5
    assert len(world.sent) == NOTICE_RATE.burst
    world.send(new_notice(6))
    assert len(world.sent) == NOTICE_RATE.burst


def test_a_notice_that_is_sent_twice_counts_twice(world: World) -> None:
    """Lambda may pass a record on again though it was sent. Each mail takes from the quota."""
    for _ in range(6):
        world.send(new_notice(1))

    assert len(world.sent) == NOTICE_RATE.burst


def test_a_notice_that_cannot_be_counted_comes_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """No mail is lost by an outage of the counters."""

    def fails(*_arguments: object, **_named: object) -> None:
        raise TemporarilyUnavailable("no answer")

    with monkeypatch.context() as patch:
        patch.setattr(MemoryAttempts, "book", fails)
        assert world.send(new_notice(1)) == "1"
    assert world.told() == [(EventName.MAIL_DELAYED, "no answer")]
    assert world.send(new_notice(1)) == ""
    assert len(world.sent) == 1
