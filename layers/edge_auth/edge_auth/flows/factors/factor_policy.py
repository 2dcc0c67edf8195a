"""Who must have a second factor."""

from typing import NamedTuple

from edge_auth.accounts.identity import Identity


class FactorPolicy(NamedTuple):
    """Everybody must have one, or whoever has this role. Everyone may have one."""

    is_for_everybody: bool
    role: str

    @classmethod
    def of(cls, setting: str) -> "FactorPolicy":
        """Read the setting: `optional`, `everybody`, or `role:` with the role of those who must have one."""
        kind, _, role = setting.partition(":")
        return cls(kind == "everybody", role if kind == "role" else "")

    def demands_of(self, identity: Identity) -> bool:
        """Whether this user must have one."""
        return self.is_for_everybody or (self.role != "" and self.role in identity.roles)
