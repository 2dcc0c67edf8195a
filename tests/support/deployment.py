"""A deployment in memory: stores, a clock that the test sets, recorded events, and failures on request."""

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, TypeVar, cast

from edge_auth.accounts.identity import ACTIVE, Identity
from edge_auth.accounts.passkey import RegisteredPasskey
from edge_auth.credentials.password_rules import PasswordRules
from edge_auth.credentials.passwords import hash_password, password_bytes
from edge_auth.credentials.profiles import checked_profiles
from edge_auth.errors import InvalidGrant, TemporarilyUnavailable
from edge_auth.events.security_event import EventName, SecurityEvent
from edge_auth.flows.accounts.administration import Administration, OperatorNotices
from edge_auth.flows.accounts.change_password import ChangePassword
from edge_auth.flows.accounts.factor_administration import FactorAdministration
from edge_auth.flows.accounts.own_factors import FactorNotices, FactorStores, OwnFactors
from edge_auth.flows.accounts.rights_administration import RightsAdministration
from edge_auth.flows.factors.factor_check import FactorCheck
from edge_auth.flows.factors.factor_policy import FactorPolicy
from edge_auth.flows.grant import AccessTokenPolicy, TokenGrant
from edge_auth.flows.limits.dead_tokens import DeadTokenLimit
from edge_auth.flows.limits.password_attempts import PasswordAttemptLimit
from edge_auth.flows.limits.rates import Rates
from edge_auth.flows.ports.key_ring import KeyRingSource
from edge_auth.flows.sessions.end_sessions import EndSessions
from edge_auth.flows.sessions.logout import Logout
from edge_auth.flows.sessions.own_sessions import OwnSessions
from edge_auth.flows.sessions.refresh import Refresh
from edge_auth.flows.sessions.revoke_access_token import RevokeAccessToken
from edge_auth.flows.sessions.session_limit import SessionLimit
from edge_auth.flows.sign_in.login import BringUser, Login
from edge_auth.flows.sign_in.new_session import SessionPolicy
from edge_auth.flows.sign_in.passkey_check import PasskeyCheck
from edge_auth.flows.sign_in.passkey_request import PasskeyRequests
from edge_auth.flows.sign_in.replace_session import ReplaceSession
from edge_auth.flows.sign_in.second_step import LoginSecondStep
from edge_auth.flows.sign_in.start_session import StartSession
from edge_auth.flows.sign_in.step_up import StepUp, StepUpStores
from edge_auth.flows.sign_in.step_up_proofs import ProofCheck
from edge_auth.keys.jwk import verification_key
from edge_auth.keys.mac_key import MacKey
from edge_auth.keys.ring import KeysInForce, TimedKey
from edge_auth.keys.sealing_key import sealing_keys_from
from edge_auth.sessions.client_description import UNKNOWN_CLIENT, ClientDescription
from edge_auth.sessions.rotation_rule import RotationLimits
from edge_auth.sessions.session import BODY, COOKIE, SESSION, EndedSession, Session
from edge_auth.tokens import refresh_token as refresh_tokens
from edge_auth.tokens.claims import AccessClaims
from edge_auth.tokens.refresh_token import RefreshToken
from edge_auth.tokens.verifier import Verifier
from tests.support.access_tokens import AUDIENCE, ISSUER, NOW, key
from tests.support.fakes.attempts import MemoryAttempts
from tests.support.fakes.factors import FixedSealingKeys, MemoryFactors
from tests.support.fakes.revocations import MemoryRevocations
from tests.support.fakes.stores import (
    FixedKeyRing,
    MemoryIdentities,
    MemorySessionOpening,
    MemorySessionReplacement,
    MemorySessions,
    MemoryStore,
)
from tests.support.password_login import PasswordLogin
from tests.support.software_passkeys import PARTY, RP_ID

if TYPE_CHECKING:
    from edge_auth.flows.ports.factors import SecondStep
    from edge_auth.flows.ports.revocations import Revocations
    from edge_auth.flows.tell_user import TellUser

S = TypeVar("S")

IDLE_SECONDS = 14 * 86_400
ABSOLUTE_SECONDS = 30 * 86_400
REFRESHED = SessionPolicy(IDLE_SECONDS, ABSOLUTE_SECONDS)
OF_SITES = SessionPolicy(idle_seconds=1800, absolute_seconds=43_200)
GRACE_SECONDS = 10
LATE_RETRY_SECONDS = 7 * 86_400
MAX_SESSIONS = 100
ACCESS_SECONDS = 900
MAC_KEY = MacKey(b"mac-1", b"1" * 32)
POLICY = AccessTokenPolicy(issuer=ISSUER, audience=AUDIENCE, ttl_seconds=ACCESS_SECONDS)

SEALING_KEY = "sealingkey" * 6

USERNAME = "alice"
PASSWORD = "correct horse battery"
ADDRESS = "203.0.113.7"
PASSKEY = RegisteredPasskey(
    b"id", b"key", sign_count=0, is_backup_eligible=False, is_backed_up=False, name="phone", created_at_seconds=NOW
)
PASSWORD_RULES = PasswordRules(15, common={"qwerty123456789"}, service_names={"api.example.com"})


class Clock:
    """A clock that moves only when the test moves it."""

    def __init__(self) -> None:
        """Begin at a fixed time."""
        self.now_ms = NOW * 1000

    def __call__(self) -> int:
        """Return the milliseconds since 1970."""
        return self.now_ms

    def advance(self, *, seconds: int = 0, ms: int = 0) -> None:
        """Move the clock forward, or back for negative values."""
        self.now_ms += seconds * 1000 + ms

    def pause(self, seconds: float) -> None:
        """Move on instead of waiting."""
        self.now_ms += round(seconds * 1000)


class CountingEntropy:
    """A source of bytes that never repeat and are the same in every run."""

    def __init__(self) -> None:
        """Begin at zero."""
        self.drawn = 0

    def __call__(self, size: int) -> bytes:
        """Return the next number as `size` bytes."""
        self.drawn += 1
        return self.drawn.to_bytes(size)


@dataclass
class Trouble:
    """The acts that fail, and all acts that were called. An act in `failing` fails before it has an effect."""

    failing: dict[str, int] = field(default_factory=dict)
    acts: list[str] = field(default_factory=list)

    def fail(self, act: str, *, times: int = 1_000_000, after: int = 0) -> None:
        """Let an act fail `times` times, after `after` more successes."""
        self.failing[act] = times
        self._spared = {act: after}

    def heal(self) -> None:
        """Let all acts succeed again."""
        self.failing.clear()

    def on(self, act: str) -> None:
        """Record an act, and fail if it has to."""
        self.acts.append(act)
        spared = getattr(self, "_spared", {})
        if spared.get(act, 0) > 0:
            spared[act] -= 1
        elif self.failing.get(act, 0) > 0:
            self.failing[act] -= 1
            raise TemporarilyUnavailable(f"injected: {act}")


class _Troubled:
    """A store whose acts may fail before they reach it."""

    def __init__(self, store: object, trouble: Trouble, names: Mapping[str, str]) -> None:
        """Stand in front of this store. `names` maps a method to the name of its act."""
        self._store = store
        self._trouble = trouble
        self._names = names

    def __getattr__(self, method: str) -> object:
        """Return an act that fails if it has to, and otherwise calls the store."""
        value = getattr(self._store, method)
        if not callable(value):
            return value

        def act(*arguments: object, **named: object) -> object:
            self._trouble.on(self._names.get(method, method))
            return value(*arguments, **named)

        return act


def troubled(store: S, trouble: Trouble, **names: str) -> S:
    """Return the store with injected failures in front of it."""
    return cast("S", _Troubled(store, trouble, names))


class Deployment:
    """The use cases, and everything that they need."""

    def __init__(self) -> None:
        """Begin with a key ring and without users."""
        self.store = MemoryStore()
        self.trouble = Trouble()
        self.clock = Clock()
        self.entropy = CountingEntropy()
        self.events: list[SecurityEvent] = []
        self.key_ring = FixedKeyRing(
            KeysInForce(
                verifying=(TimedKey(key("ES256"), NOW, NOW), TimedKey(key("ES256", "next"), NOW, NOW + 86_400)),
                mac=MAC_KEY,
                mac_keys={MAC_KEY.key_id: MAC_KEY},
            )
        )
        self.identities = troubled(MemoryIdentities(self.store), self.trouble, find="find_identity")
        self.sessions = troubled(MemorySessions(self.store), self.trouble, find="find_session")
        self.feed = MemoryRevocations()
        self.revocations: Revocations | None = None
        self.session_opening = troubled(MemorySessionOpening(self.store), self.trouble)
        self.session_replacement = troubled(MemorySessionReplacement(self.store), self.trouble)
        self.attempts = troubled(MemoryAttempts(), self.trouble)
        self.dead_tokens = DeadTokenLimit(self.attempts, self.clock, self.events.append)
        self.limits = RotationLimits(GRACE_SECONDS, LATE_RETRY_SECONDS, late_retry_elsewhere=True)
        self.max_sessions = MAX_SESSIONS
        self.second_step: SecondStep | None = None
        self.factor_policy = FactorPolicy.of("optional")
        self.factors = troubled(MemoryFactors(self.store), self.trouble)
        self.sealing_keys = FixedSealingKeys(sealing_keys_from(SEALING_KEY))
        self.profiles = checked_profiles("")
        self.tell_user: TellUser | None = None
        self.bring_user: BringUser | None = None

    @property
    def end_sessions(self) -> EndSessions:
        """The acts that end sessions."""
        return EndSessions(
            sessions=self.sessions,
            revocations=self.revocations,
            clock=self.clock,
            entropy=self.entropy,
            record=self.events.append,
        )

    @property
    def password_limit(self) -> PasswordAttemptLimit:
        """The limit of password attempts."""
        return PasswordAttemptLimit(
            attempts=self.attempts,
            clock=self.clock,
            entropy=self.entropy,
            pause=self.clock.pause,
            record=self.events.append,
        )

    @property
    def replace_session(self) -> ReplaceSession:
        """The act that ends the session of a browser's earlier login."""
        return ReplaceSession(key_ring=self.key_ring, end_sessions=self.end_sessions, record=self.events.append)

    @property
    def login(self) -> PasswordLogin:
        """A login by password, with the tokens that it answers with."""
        return PasswordLogin(self.password_login, self.entropy)

    @property
    def password_login(self) -> Login:
        """The use case."""
        return Login(
            limit=self.password_limit,
            profiles=self.profiles,
            identities=self.identities,
            start_session=StartSession(
                self.session_opening,
                {BODY: REFRESHED, COOKIE: REFRESHED, SESSION: OF_SITES},
                clock=self.clock,
                entropy=self.entropy,
            ),
            replace_session=self.replace_session,
            session_limit=self.session_limit,
            second_step=self.second_step,
            key_ring=self.key_ring,
            entropy=self.entropy,
            record=self.events.append,
            tell_new_device=self.tell_user.new_device if self.tell_user else None,
            tell_code_used=self.tell_user.recovery_code_used if self.tell_user else None,
            bring_user=self.bring_user,
        )

    @property
    def change_password(self) -> ChangePassword:
        """The use case."""
        return ChangePassword(
            limit=self.password_limit,
            profiles=self.profiles,
            identities=self.identities,
            sessions=self.sessions,
            end_sessions=self.end_sessions,
            password_rules=PASSWORD_RULES,
            clock=self.clock,
            entropy=self.entropy,
            record=self.events.append,
            tell_new_password=self.tell_user.new_password if self.tell_user else None,
        )

    @property
    def session_limit(self) -> SessionLimit:
        """The limit of sessions."""
        return SessionLimit(
            sessions=self.sessions,
            max_sessions=self.max_sessions,
            end_sessions=self.end_sessions,
            clock=self.clock,
            record=self.events.append,
        )

    @property
    def refresh(self) -> Refresh:
        """The use case."""
        return Refresh(
            sessions=self.sessions,
            end_sessions=self.end_sessions,
            dead_tokens=self.dead_tokens,
            key_ring=self.key_ring,
            idle_seconds=IDLE_SECONDS,
            limits=self.limits,
            clock=self.clock,
            entropy=self.entropy,
            record=self.events.append,
        )

    @property
    def logout(self) -> Logout:
        """The use case."""
        return Logout(
            identities=self.identities,
            sessions=self.sessions,
            key_ring=self.key_ring,
            end_sessions=self.end_sessions,
            dead_tokens=self.dead_tokens,
            limits=self.limits,
            clock=self.clock,
        )

    @property
    def revoke_access_token(self) -> RevokeAccessToken:
        """The use case."""
        return RevokeAccessToken(
            audience=AUDIENCE,
            key_ring=self.key_ring,
            sessions=self.sessions,
            end_sessions=self.end_sessions,
            clock=self.clock,
        )

    @property
    def own_sessions(self) -> OwnSessions:
        """The use cases."""
        return OwnSessions(sessions=self.sessions, end_sessions=self.end_sessions, clock=self.clock)

    @property
    def alice(self) -> Identity:
        """The user as it is now, for an act of an operator."""
        return self.store.identities[USERNAME]

    @property
    def administration(self) -> Administration:
        """The acts of operators."""
        tell = self.tell_user
        return Administration(
            identities=self.identities,
            sessions=self.sessions,
            attempts=self.attempts,
            end_sessions=self.end_sessions,
            password_rules=PASSWORD_RULES,
            clock=self.clock,
            entropy=self.entropy,
            record=self.events.append,
            notices=OperatorNotices(tell.new_password, tell.new_address, tell.factors_reset) if tell else None,
        )

    @property
    def rights(self) -> RightsAdministration:
        """The acts of operators on rights and own claims."""
        return RightsAdministration(
            identities=self.identities, end_sessions=self.end_sessions, record=self.events.append
        )

    @property
    def factor_administration(self) -> FactorAdministration:
        """The acts of operators on second factors."""
        return FactorAdministration(
            identities=self.identities,
            factors=self.factors,
            attempts=self.attempts,
            end_sessions=self.end_sessions,
            record=self.events.append,
            tell_factors_reset=self.tell_user.factors_reset if self.tell_user else None,
        )

    @property
    def factor_check(self) -> FactorCheck:
        """The check of a second factor."""
        return FactorCheck(
            store=self.factors,
            sealing_keys=troubled(self.sealing_keys, self.trouble, load="unseal"),
            clock=self.clock,
            entropy=self.entropy,
            record=self.events.append,
            tell_locked=self.tell_user.account_locked if self.tell_user else None,
        )

    @property
    def own_factors(self) -> OwnFactors:
        """The use cases."""
        stores = FactorStores(
            identities=self.identities,
            sessions=self.sessions,
            factors=self.factors,
            sealing_keys=self.sealing_keys,
            key_ring=self.key_ring,
            end_sessions=self.end_sessions,
            service="auth.example.com",
        )
        tell = self.tell_user
        return OwnFactors(
            stores,
            policy=self.factor_policy,
            clock=self.clock,
            entropy=self.entropy,
            record=self.events.append,
            notices=FactorNotices(tell.factor_changed, tell.recovery_codes_replaced) if tell else None,
        )

    @property
    def passkey_check(self) -> PasskeyCheck:
        """The check of a passkey at a step-up."""
        return PasskeyCheck(
            party=PARTY,
            rates=Rates(self.attempts),
            identities=self.identities,
            clock=self.clock,
            record=self.events.append,
            failed=EventName.STEP_UP_FAILED,
        )

    @property
    def step_up(self) -> StepUp:
        """The use case."""
        return StepUp(
            StepUpStores(self.identities, self.sessions, self.session_replacement, self.revocations),
            check=ProofCheck(
                limit=self.password_limit,
                profiles=self.profiles,
                codes=self.factor_check,
                record=self.events.append,
                passkeys=self.passkey_check,
            ),
            key_ring=self.key_ring,
            clock=self.clock,
            entropy=self.entropy,
            record=self.events.append,
            tell_code_used=self.tell_user.recovery_code_used if self.tell_user else None,
        )

    def with_second_factor(self, setting: str = "optional", *, has_passkeys: bool = True) -> "Deployment":
        """Turn second factors on, by default with passkeys."""
        self.factor_policy = FactorPolicy.of(setting)
        self.second_step = LoginSecondStep(
            check=self.factor_check,
            policy=self.factor_policy,
            clock=self.clock,
            record=self.events.append,
            passkeys=PasskeyRequests(RP_ID, clock=self.clock, entropy=self.entropy) if has_passkeys else None,
        )
        return self

    def with_feed(self) -> "Deployment":
        """Turn the feed of ended sessions on."""
        self.revocations = troubled(self.feed, self.trouble)
        return self

    def with_key_ring(self, key_ring: KeyRingSource) -> "Deployment":
        """Return the same deployment with another source of keys."""
        other = copy(self)
        other.key_ring = cast("FixedKeyRing", key_ring)  # any source has the one method of the port
        return other

    def log_in(
        self, username: str = USERNAME, password: str = PASSWORD, address: str = ADDRESS, device_token: str = ""
    ) -> TokenGrant:
        """Log a user in."""
        return self.login(username, password, POLICY, address=address, device_token=device_token)

    def refreshed(self, refresh_token: str, scope: str = "", client: ClientDescription = UNKNOWN_CLIENT) -> TokenGrant:
        """Present a refresh token and ask for a scope."""
        return self.refresh(refresh_token, POLICY, scope=scope, client=client)

    def claims_of(self, granted: TokenGrant) -> AccessClaims:
        """Read an access token as the authorizer does."""
        verifier = Verifier([verification_key(jwk) for jwk in self.key_ring.keys.jwks()["keys"]], audience=AUDIENCE)
        return verifier.verify(granted.access_token, issuer=ISSUER, now_seconds=self.clock() // 1000)

    def token_of(self, granted: TokenGrant) -> RefreshToken:
        """Read a refresh token."""
        return refresh_tokens.parse(granted.refresh_token, self.key_ring.keys.mac_keys)

    def session_of(self, granted: TokenGrant) -> Session:
        """Return the session in the table."""
        token = self.token_of(granted)
        return self.store.sessions[token.user_id, token.session_id]

    def end_of(self, granted: TokenGrant) -> EndedSession:
        """Return what the table keeps of a session that has ended."""
        token = self.token_of(granted)
        return self.store.ended[token.user_id, token.session_id]

    def has_ended(self, granted: TokenGrant) -> bool:
        """Return whether a session has left the table."""
        token = self.token_of(granted)
        return (token.user_id, token.session_id) not in self.store.sessions

    def is_dead(self, granted: TokenGrant) -> bool:
        """Return whether a refresh token is refused."""
        try:
            self.refreshed(granted.refresh_token)
        except InvalidGrant:
            return True
        return False

    def living(self) -> int:
        """Count the living sessions of all users."""
        return sum(session.is_live(self.clock() // 1000) for session in self.store.sessions.values())

    def session_ids(self) -> list[str]:
        """Return the ids of all sessions in the table, in the order of their logins."""
        return [session_id for _, session_id in self.store.sessions]

    def change_session(self, granted: TokenGrant, **changes: object) -> None:
        """Set any fields of a session."""
        session = self.session_of(granted)
        changed = session._replace(**changes)  # type: ignore[arg-type]  # each test names its own fields
        self.store.sessions[session.user_id, session.session_id] = changed

    def names(self) -> list[EventName]:
        """Return the names of the events so far and forget them."""
        names = [event.name for event in self.events]
        self.events.clear()
        return names


@cache
def _password_hash() -> str:
    return hash_password(password_bytes(PASSWORD), entropy=lambda size: b"s" * size)


def deployment_of_alice() -> Deployment:
    """Return a deployment with one user, alice."""
    deployed = Deployment()
    deployed.store.identities[USERNAME] = Identity(
        user_id="QWxpY2UncyB1c2VyIGlkIA",
        username=USERNAME,
        password_hash=_password_hash(),
        status=ACTIVE,
        epoch=0,
        created_at_seconds=NOW - 1000,
        scope="orders:read",
        roles=("admin",),
    )
    return deployed
