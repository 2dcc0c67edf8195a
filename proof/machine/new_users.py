"""How users come to be: an operator creates or imports them, or they register. Whoever gets no answer does it again."""

from collections.abc import Callable
from typing import TypeAlias

from edge_auth.accounts.identity import ACTIVE, Identity
from edge_auth.credentials.passwords import hash_password
from edge_auth.flows.ports.imported_identities import Imported
from proof.machine.administrators import Administrators
from proof.machine.deployment import GUARDED, WEAK_PROFILE
from proof.machine.model import Account, Contradiction, Expected, User
from proof.machine.seen import Seen
from proof.machine.troubles import Happening
from proof.machine.world import PASSWORD, World
from tests.support.sample_events import with_json

CREATED, GUARDED_CREATED, IMPORTED, REGISTERED = (
    "operator: create",
    "operator: create, guarded",
    "import",
    "registration",
)
OF_COMMAND, TAKEN_BEFORE = Expected(1), Expected(400, "UsernameTaken")
OF_REGISTRATION, REGISTERED_BEFORE = Expected(201), Expected(409, "username_taken")

Way: TypeAlias = Callable[[World, str, Happening | None], Seen]


def add_user(world: World, way: str = CREATED, happening: Happening | None = None) -> Seen:
    """Add a user in one of the ways, and return the first answer.

    Whoever got none tries again, and may learn that the name is taken, by this same user.
    """
    name = world.new_name()
    first = WAYS[way](world, name, happening)
    last = WAYS[way](world, name, None) if first.is_trouble else first
    made, made_before = (OF_REGISTRATION, REGISTERED_BEFORE) if way == REGISTERED else (OF_COMMAND, TAKEN_BEFORE)
    if Expected(last.status, last.error) not in ((made, made_before) if first.is_trouble else (made,)):
        raise Contradiction(f"a new user: {first}, then {last}")
    user = User(world.product.user_id(name), name, frozenset({Account(PASSWORD)}))
    user.is_reachable = way != REGISTERED
    user.must_have_factor = way == GUARDED_CREATED
    user.is_imported = user.has_weak_hash = way == IMPORTED
    world.users.append(user)
    return first


def _create(world: World, name: str, during: Happening | None, roles: tuple[str, ...] = ()) -> Seen:
    def create(act: Administrators) -> object:
        return act.accounts.create(name, PASSWORD, roles=roles, email=_address(name), is_confirmed=True)

    return world.product.operate(create, during)


def _create_guarded(world: World, name: str, during: Happening | None) -> Seen:
    return _create(world, name, during, roles=(GUARDED,))


def _import(world: World, name: str, during: Happening | None) -> Seen:
    def bring(act: Administrators) -> object:
        user = Identity(
            user_id=act.new_id(),
            username=name,
            password_hash=hash_password(PASSWORD.encode(), entropy=bytes, profile=WEAK_PROFILE),
            status=ACTIVE,
            epoch=0,
            created_at_seconds=world.now,
            email=_address(name),
            email_verified_at_seconds=world.now,
        )
        return act.import_users([Imported(user, f"earlier:{name}")])

    return world.product.operate(bring, during)


def _register(world: World, name: str, during: Happening | None) -> Seen:
    event = with_json("register", {"username": name, "password": PASSWORD, "email": _address(name)})
    return world.product.call("register", event, during)


def _address(name: str) -> str:
    return f"{name}@mail.example"


WAYS: dict[str, Way] = {
    CREATED: _create,
    GUARDED_CREATED: _create_guarded,
    IMPORTED: _import,
    REGISTERED: _register,
}
