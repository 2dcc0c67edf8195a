"""Users of an earlier system come at their first login. One who is deleted or renamed since does not come again."""

from dataclasses import dataclass, field

from proof.machine.logins import Login
from proof.machine.model import GONE, Account, Contradiction, User
from proof.machine.seen import Seen
from proof.machine.troubles import Happening, Meanwhile
from proof.machine.world import PASSWORD, World


@dataclass(eq=False)
class Arrival:
    """A user of the earlier system. `user` is the account here, since the first login. The system knows one password.

    `stranger` has the attempts with the name while no user has it.
    """

    name: str
    stranger: User
    user: User | None = None

    @property
    def judged(self) -> User:
        """Who a login with the name is of."""
        return self.user if self.user and self.user.name == self.name else self.stranger


def new_arrival(world: World) -> Arrival:
    """Add a user to the earlier system."""
    name = world.new_name()
    world.product.earlier_system.passwords[name] = PASSWORD
    arrival = Arrival(name, User("", name, frozenset({Account(PASSWORD)})))
    world.arrivals.append(arrival)
    return arrival


@dataclass
class Arrive:
    """A login with the name and a password. The first one with the password of the earlier system makes the account."""

    world: World
    arrival: Arrival
    password: str
    transport: str
    _login: Login = field(init=False)

    def __post_init__(self) -> None:
        """Make the login of whoever has the name."""
        self._login = Login(self.world, self.arrival.judged, self.password, self.transport)

    def send(self, during: Happening | Meanwhile | None = None) -> Seen:
        """Send it."""
        return self._login.send(during)

    def learn(self, seen: Seen) -> None:
        """Keep the account, if it is there now, and what the login brings."""
        arrival = self.arrival
        if arrival.user is None and (user_id := self.world.product.user_id(arrival.name)):
            if self.password != PASSWORD:
                raise Contradiction("a wrong password makes an account")
            stranger = arrival.stranger
            arrival.user = User(user_id, arrival.name, stranger.may, wrong=dict(stranger.wrong))
            stranger.may = frozenset({Account("", GONE)})
            self.world.users.append(arrival.user)
        self._login.user = arrival.judged
        self._login.learn(seen)

    def judge(self, seen: Seen, *, has_trouble: bool) -> None:
        """As of any login."""
        self._login.judge(seen, has_trouble=has_trouble)
