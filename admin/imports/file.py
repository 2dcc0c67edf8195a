"""One file of users: what is in it, checked, in the order of the file."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from admin.imports.new_user import NewUser, NotTaken, new_user
from admin.imports.sources import EMAIL, USERNAME, Source

NO_PASSWORD = "without a password"

Refuse = Callable[[str, str], None]
"""Takes the place of a record and the reason why it is not taken."""


class UserFile(NamedTuple):
    """A file and how to read it.

    `system` names where it comes from, empty if the operator did not say. `may_lack_password` takes users without a
    password too. The users whose hashes are of a kind in `skipped` are not taken.
    """

    path: Path
    format_name: str
    source: Source
    system: str
    name: str  # which member becomes the user name
    may_lack_password: bool
    now_seconds: int
    skipped: frozenset[str] = frozenset()

    def users(self, refuse: Refuse) -> Iterator[tuple[str, NewUser]]:
        """Yield each user with the place of its record, no name and no id twice. Tell the reason for each other record.

        Raises:
            UnreadableFile: the file is not of this format.
            OSError: it cannot be read.

        """
        names, sources = dict[str, str](), dict[str, str]()
        for place, members in self.source.read(self.path):
            try:
                user = self._user(members)
                _once(names, user.identity.username, place, "the user name")
                _once(sources, self.source_of(user), place, "the id")
            except NotTaken as error:
                refuse(place, str(error))
            else:
                yield place, user

    def source_of(self, user: NewUser) -> str:
        """Return what names the user of the other system, the same at each run.

        Small ids, such as Django's, are those of other users in another project. So unless the operator has named the
        system, the user name belongs to it.
        """
        if self.system or (self.source.ids_are_unique and user.source_id):
            return f"{self.system or self.format_name}:{user.source_id or user.identity.username}"
        return f"{self.format_name}:{user.source_id}:{user.identity.username}"

    def _user(self, members: dict[str, object] | None) -> NewUser:
        if members is None:
            raise NotTaken("it cannot be read")
        converted = self.source.convert(members)
        if self.name != USERNAME:
            converted[USERNAME] = converted.get(EMAIL)
        elif self.source.name == EMAIL and not converted.get(USERNAME):
            raise NotTaken("the user has no name there; give --username-from email")
        user = new_user(converted, now_seconds=self.now_seconds, may_lack_password=self.may_lack_password)
        if user.declaration in self.skipped:
            raise NotTaken(f"PasswordProfiles does not have {user.declaration}")
        return user


@dataclass
class Survey:
    """What is in a file: how many users, and how many password hashes of each kind."""

    users: int = 0
    kinds: Counter[str] = field(default_factory=Counter)

    def add(self, user: NewUser) -> None:
        """Count a user."""
        self.users += 1
        self.kinds[user.declaration or NO_PASSWORD] += 1


def _once(seen: dict[str, str], value: str, place: str, what: str) -> None:
    first = seen.setdefault(value, place)
    if first != place:
        raise NotTaken(f"{what} is that of {first} too")
