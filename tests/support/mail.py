"""The use cases of mail on a deployment in memory, and what a user finds in a mailbox."""

from dataclasses import replace
from typing import TYPE_CHECKING

from edge_auth.accounts.challenge import Challenge
from edge_auth.accounts.identity import Identity
from edge_auth.flows.accounts.ask_reset import AskReset
from edge_auth.flows.accounts.change_address import ChangeAddress
from edge_auth.flows.accounts.confirm_address import ConfirmAddress
from edge_auth.flows.accounts.confirm_new_user import ConfirmNewUser
from edge_auth.flows.accounts.new_challenge import NewChallenge
from edge_auth.flows.accounts.register import Register
from edge_auth.flows.accounts.reset_link import ResetLink
from edge_auth.flows.accounts.reset_password import ResetPassword
from edge_auth.flows.accounts.shown_proof import Shown, ShownProofs
from edge_auth.flows.accounts.undo_address import UndoAddress
from edge_auth.flows.limits.rates import Rates
from edge_auth.tokens import proof_token
from edge_auth.tokens.proof_token import Kind
from tests.support.deployment import PASSWORD_RULES, USERNAME, Deployment, deployment_of_alice, troubled
from tests.support.fakes.challenges import MemoryChallenges, MemoryRedemptions

if TYPE_CHECKING:
    from edge_auth.flows.ports.challenges import RemovedFactors

EMAIL = "alice@mail.example"
NEW_EMAIL = "alice@new.example"
THIRD_EMAIL = "alice@third.example"


class MailDeployment:
    """A deployment with mail. Its user alice has a confirmed address."""

    def __init__(self) -> None:
        """Begin with alice, and without challenges."""
        self.core: Deployment = deployment_of_alice()
        self.told_of_new_password: list[Identity] = []
        self.told_of_new_address: list[Identity] = []
        self.told_of_removed: list[tuple[Identity, RemovedFactors]] = []
        self.change_alice(email=EMAIL, email_verified_at_seconds=self.core.clock() // 1000 - 100)
        self.challenges = troubled(MemoryChallenges(self.core.store), self.core.trouble, find="find_challenge")
        self.redemptions = troubled(MemoryRedemptions(self.core.store), self.core.trouble)
        self.rates = Rates(self.core.attempts)
        self.new_challenge = NewChallenge(key_ring=self.core.key_ring, clock=self.core.clock, entropy=self.core.entropy)
        self.shown_proofs = ShownProofs(
            rates=self.rates,
            identities=self.core.identities,
            challenges=self.challenges,
            key_ring=self.core.key_ring,
            clock=self.core.clock,
        )

    @property
    def ask_reset(self) -> AskReset:
        """The use case."""
        return AskReset(
            rates=self.rates,
            identities=self.core.identities,
            challenges=self.challenges,
            new_challenge=self.new_challenge,
            key_ring=self.core.key_ring,
            clock=self.core.clock,
            pause=self.core.clock.pause,
            record=self.core.events.append,
        )

    @property
    def reset_link(self) -> ResetLink:
        """The use case of operators."""
        return ResetLink(
            identities=self.core.identities,
            challenges=self.challenges,
            new_challenge=self.new_challenge,
            key_ring=self.core.key_ring,
            pages_url="https://app.example.com/account",
        )

    @property
    def reset_password(self) -> ResetPassword:
        """The use case."""
        return ResetPassword(
            shown_proofs=self.shown_proofs,
            redemptions=self.redemptions,
            password_rules=PASSWORD_RULES,
            attempts=self.core.attempts,
            limit=self.core.password_limit,
            end_sessions=self.core.end_sessions,
            clock=self.core.clock,
            entropy=self.core.entropy,
            record=self.core.events.append,
            tell_new_password=self.told_of_new_password.append,
        )

    @property
    def confirm_address(self) -> ConfirmAddress:
        """The use case."""
        return ConfirmAddress(
            shown_proofs=self.shown_proofs,
            challenges=self.challenges,
            redemptions=self.redemptions,
            new_challenge=self.new_challenge,
            clock=self.core.clock,
            record=self.core.events.append,
            tell_new_address=self.told_of_new_address.append,
        )

    @property
    def undo_address(self) -> UndoAddress:
        """The use case."""
        return UndoAddress(
            shown_proofs=self.shown_proofs,
            challenges=self.challenges,
            redemptions=self.redemptions,
            new_challenge=self.new_challenge,
            rates=self.rates,
            limit=self.core.password_limit,
            profiles=self.core.profiles,
            end_sessions=self.core.end_sessions,
            clock=self.core.clock,
            record=self.core.events.append,
            tell_removed=lambda user, removed: self.told_of_removed.append((user, removed)),
        )

    @property
    def change_address(self) -> ChangeAddress:
        """The use case."""
        return ChangeAddress(
            limit=self.core.password_limit,
            rates=self.rates,
            profiles=self.core.profiles,
            identities=self.core.identities,
            sessions=self.core.sessions,
            challenges=self.challenges,
            new_challenge=self.new_challenge,
            clock=self.core.clock,
            record=self.core.events.append,
        )

    def register(self, *, must_confirm: bool) -> Register:
        """Return the use case, with or without the parameter ConfirmAddress."""
        return Register(
            rates=self.rates,
            identities=self.core.identities,
            password_rules=PASSWORD_RULES,
            clock=self.core.clock,
            entropy=self.core.entropy,
            record=self.core.events.append,
            confirmation=ConfirmNewUser(
                rates=self.rates,
                challenges=self.challenges,
                new_challenge=self.new_challenge,
                must_confirm=must_confirm,
            ),
        )

    @property
    def alice(self) -> Identity:
        """The user as it is now."""
        return self.core.alice

    def change_alice(self, **changes: object) -> None:
        """Set any fields of the user."""
        user = replace(self.core.alice, **changes)  # type: ignore[arg-type]  # each test names its own fields
        self.core.store.identities[USERNAME] = user

    def challenge(self, kind: Kind, user_id: str = "") -> Challenge:
        """Return the newest challenge, by default of alice."""
        return self.core.store.challenges[kind.value, user_id or self.alice.user_id]

    def mailed(self, kind: Kind, user_id: str = "") -> tuple[Shown, Shown]:
        """Return what the mailer writes for the newest challenge: the token of the link, and the code."""
        challenge = self.challenge(kind, user_id)
        key = self.core.key_ring.keys.mac_keys[challenge.mac_key_id]
        token, code = proof_token.mint(challenge.proof, key), proof_token.code(challenge.proof, key)
        return Shown(proof=token), Shown(username=challenge.username, code=code)
