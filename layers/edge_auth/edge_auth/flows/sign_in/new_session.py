"""A session as it begins, for every way to sign in. It is not stored here."""

from typing import NamedTuple

from edge_auth.accounts.identity import Identity
from edge_auth.flows.ports.time_and_randomness import Entropy
from edge_auth.sessions.client_description import ClientDescription
from edge_auth.sessions.session import NEVER_ROTATED_MS, Session
from edge_auth.tokens.refresh_token import RefreshToken, new_id
from edge_auth.tokens.token_form import SEED_BYTES

FIRST_PARTY_CLIENT_ID = "first-party"  # RFC 9068 §2.2 requires a client_id; a login has no registered client


class SessionPolicy(NamedTuple):
    """The idle timeout and the absolute timeout of a session."""

    idle_seconds: int
    absolute_seconds: int


def new_session(
    identity: Identity,
    client: ClientDescription,
    transport: str,
    policy: SessionPolicy,
    *,
    amr: tuple[str, ...],
    acr: str,
    now_ms: int,
    entropy: Entropy,
) -> tuple[Session, RefreshToken]:
    """Return a new session of this user on this client, with its first token.

    Its tokens travel by `transport`, and by no other. `amr` and `acr` say how the user has signed in.
    """
    now_seconds = now_ms // 1000
    token = RefreshToken(
        user_id=identity.user_id,
        session_id=new_id(entropy),
        generation=0,
        seed=entropy(SEED_BYTES),
    )
    session = Session(
        user_id=identity.user_id,
        session_id=token.session_id,
        seed_hash=token.seed_hash,
        generation=token.generation,
        rotated_at_ms=NEVER_ROTATED_MS,
        rotation_id="",
        created_at_ms=now_ms,
        auth_time_seconds=now_seconds,
        idle_expires_at_seconds=now_seconds + policy.idle_seconds,
        absolute_expires_at_seconds=now_seconds + policy.absolute_seconds,
        client_id=FIRST_PARTY_CLIENT_ID,
        scope=identity.scope,
        roles=identity.roles,
        amr=amr,
        client=client,
        transport=transport,
        acr=acr,
        claims=identity.claims,
    )
    return session, token
