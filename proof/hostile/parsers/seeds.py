"""What each reader reads in good times, as the beginning of a search. Most are what the product itself has written."""

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from edge_auth.accounts.challenge import Challenge
from edge_auth.accounts.passkey import RegisteredPasskey
from edge_auth.adapters.dynamodb.challenge_items import challenge_item
from edge_auth.adapters.dynamodb.ended_items import ended_item
from edge_auth.adapters.dynamodb.identity_items import login_item
from edge_auth.adapters.dynamodb.session_items import session_item
from edge_auth.credentials.enrolment import Enrolment, write
from edge_auth.credentials.profiles import PROFILE
from edge_auth.keys.ring_document import to_secret_json
from edge_auth.keys.sealing_key import sealing_keys_from
from edge_auth.sessions.client_description import ClientDescription
from edge_auth.sessions.session import SESSION, Session
from edge_auth.tokens import device_token, passkey_challenge, proof_token, refresh_token
from edge_auth.tokens.passkey_challenge import Purpose
from edge_auth.tokens.proof_token import BINDING_BYTES, Kind, Proof
from edge_auth.tokens.refresh_token import RefreshToken
from edge_auth.tokens.token_form import REFRESH
from edge_auth.tokens.token_form import SESSION as SESSION_KIND
from proof.hostile.parsers.readers import KEY, NOW, SEALING_KEYS
from tests.support import mail_records
from tests.support.access_tokens import ALGORITHMS, CLAIMS, signed_token
from tests.support.people import ADA_ID, BOB_ID, ada, key_ring
from tests.support.sample_events import names, sample
from tests.support.second_factor import with_app
from tests.support.seeded_keys import seeded_key
from tests.support.software_passkeys import Ceremony, as_json, cose_key

_BCRYPT = "$2b$10$abcdefghijklmnopqrstuuO3Q5tVvLHx4Qd9QmZyk2bJt1tYf2k3a"
_SALT, _DIGEST = "c2FsdHNhbHRzYWx0c2FsdA", base64.b64encode(bytes(32)).rstrip(b"=").decode()
_ARGON2 = f"{PROFILE.phc_prefix}{_SALT}${_DIGEST}"
_PBKDF2 = f"pbkdf2_sha256$1000$KuLzWY4QyJwh${_DIGEST}="
_USER = {"id": "7", "username": "ada", "password_hash": _ARGON2, "email": "ada@example.com", "roles": ["admin"]}


def seeds() -> dict[str, list[bytes]]:
    """Return the seeds of each reader. Keys that are drawn differ from run to run; nothing depends on them."""
    ceremony = Ceremony(seeded_key("ES256").private_key)
    client_data, attestation = ceremony.registration()
    assertion = ceremony.assertion()
    signed_in = {
        "clientDataJSON": assertion.client_data, "authenticatorData": assertion.authenticator_data,
        "signature": assertion.signature, "userHandle": assertion.user_handle,
    }  # fmt: skip
    new = as_json(ceremony, {"clientDataJSON": client_data, "attestationObject": attestation})
    tokens = [signed_token(CLAIMS.payload(), signed_by=seeded_key(alg)) for alg in ALGORITHMS]
    events = [json.dumps(sample(name)).encode() for name in names()]
    return {
        "body, JSON": [b'{"username":"ada","password":"x","more":{"a":[1,null,true]}}', b'{"refresh_token":"x"}'],
        "body, form": [b"grant_type=refresh_token&refresh_token=x&scope=read+write", b"token=%65&token_type_hint=x"],
        "body, passkey sign-in": [_json({"credential": as_json(ceremony, signed_in)})],
        "body, new passkey": [_json({"credential": new, "name": "phone"})],
        "cookies": [b"__Host-Http-refresh=x; __Host-Http-device=y", b"a=b; __Host-Http-session=z"],
        "event of a route": [event for event in events if b"httpMethod" in event],
        "event of an authorizer": [event for event in events if b"authorization" in event.lower()],
        "caller": [event for event in events if b"authorizer" in event],
        "headers of a proxy": [b"secret\n203.0.113.7:443", b"secret\n2001:db8::1:443"],
        "access token": [token.encode() for token in tokens],
        "claims": [_json(CLAIMS.payload()), _json({**CLAIMS.payload(), "acme:tenant": ["a"], "acr": "2fa", "nbf": 1})],
        "refresh token": [_refresh(REFRESH)],
        "session token": [_refresh(SESSION_KIND)],
        "token form": [_refresh(REFRESH)],
        "proof token": [proof_token.mint(_proof(kind), KEY).encode() for kind in (Kind.RESET, Kind.MFA)],
        "device token": [_device()],
        "passkey challenge": [
            passkey_challenge.mint(purpose, KEY, now_seconds=NOW, entropy=bytes).encode() for purpose in Purpose
        ],
        "enrolment": [write(Enrolment(NOW + 9, 0, 0, bytes(20)), SEALING_KEYS, user_id="u", entropy=bytes).encode()],
        "CBOR": [attestation, cose_key(seeded_key("ES256").private_key)],
        "authenticator data": [
            ceremony.authenticator_data(with_key=True),
            assertion.authenticator_data,
            ceremony.edited(extensions={"a": 1}).authenticator_data(with_key=True),
        ],
        "attestation object": [attestation],
        "client data": [assertion.client_data.replace(b'challenge":"', b'challenge":"c')],
        "COSE key": [cose_key(seeded_key(alg).private_key) for alg in ALGORITHMS],
        "user name": [b"ada", b"Ada.Lovelace@Example.com", "\u00e9\u0301\u0430\u03b1'x".encode()],
        "mail address": [b"ada@example.com", b"a.b+c@x-y.example.co", b"a@" + b"a-" * 60 + b"b.example"],
        "password": ["a fine long passphrase \u00e9e\u0301".encode()],
        "HTTP answer of the store": [
            size
            + b"HTTP/1.1 200 OK\r\nDate: Thu, 26 Nov 2026 11:20:47 GMT\r\nContent-Length: 12\r\n\r\n"
            + b'{"Items":[]}'
            for size in (b"\xff", b"\x05")
        ],
        "feed of ended sessions": [
            _json(
                {"Items": [{"slot": {"N": "17"}, "sids": {"SS": ["a"]}}, {"slot": {"N": "0"}, "kids": {"SS": ["k"]}}]}
            )
        ],
        "item of a session, authorizer": [_item(session_item(_session()))],
        "item of a session": [_item(session_item(_session()))],
        "item of a user": [_item(login_item(_user()))],
        "item of a challenge": [_item(challenge_item(_challenge()))],
        "item of an end": [
            _item(ended_item(_session(), reason="logout", end_id="e", now_seconds=NOW, is_published=True))
        ],
        "record of the mail stream": [_json(mail_records.challenge()), _json(mail_records.notice())],
        "feedback of SES": [_json(sample("mail-feedback"))],
        **_imports(),
        "foreign hash": [
            text.encode()
            for text in (
                _ARGON2,
                f"argon2{_ARGON2}",
                _BCRYPT,
                f"bcrypt${_BCRYPT}",
                f"bcrypt_sha256${_BCRYPT}",
                _PBKDF2,
                f"scrypt$16384$salt12345$8$1${_DIGEST}=",
                f"$pbkdf2-sha256$1000${_SALT}${_DIGEST}",
                f"$scrypt$ln=14,r=8,p=1${_SALT}${_DIGEST}",
                f"$pbkdf2-sha256$i=1000,l=32${_SALT}${_DIGEST}",
                f"$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk={'A' * 86}==${_SALT}==${'B' * 86}==",
            )
        ],
        "kind of hashes": [b"bcrypt:c=10", b"scrypt:ln=14,r=8,p=1,l=32", b"pbkdf2-sha256:i=600000,l=32"],
        "profiles": [b"m=102400,t=2,p=8 bcrypt:c=10", b"m=19456,t=3,p=1;scrypt:ln=14,r=8,p=1,l=64"],
        "PHC string": [_ARGON2.encode()],
        "key ring": [to_secret_json(key_ring()).encode()],
        "sealing keys": [b"sealingkey" * 6 + b"\n" + b"anotherkey" * 6],
        "JWK Set": [_json({"keys": [{**seeded_key(alg).public_jwk(), "exp": NOW} for alg in ALGORITHMS]})],
    }


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def _item(item: Mapping[str, Any]) -> bytes:
    """Write an item as it is on the wire: bytes are base64."""
    return json.dumps(item, default=lambda data: base64.b64encode(data).decode()).encode()


def _refresh(kind: Any) -> bytes:  # noqa: ANN401 - a kind of token
    return refresh_token.mint(RefreshToken(ADA_ID, BOB_ID, 3, bytes(16)), KEY, kind).encode()


def _proof(kind: Kind) -> Proof:
    return Proof(kind, BOB_ID, ADA_ID, NOW + 1800, bytes(BINDING_BYTES))


def _device() -> bytes:
    token = device_token.bound(ADA_ID, BOB_ID, epoch=0, password_hash="x")
    return device_token.mint(token, KEY, username="ada").encode()


def _session() -> Session:
    return Session(
        user_id=ADA_ID, session_id=BOB_ID, seed_hash=bytes(32), generation=3, rotated_at_ms=NOW * 1000,
        rotation_id="r", created_at_ms=NOW * 1000, auth_time_seconds=NOW, idle_expires_at_seconds=NOW + 9,
        absolute_expires_at_seconds=NOW + 99, client_id="first-party", scope="read write", roles=("admin",),
        amr=("pwd",), client=ClientDescription("phone", "agent", "203.0.113.0/24"), transport=SESSION, base=1,
        used_at_seconds=NOW, mac_hash=bytes(32), earlier_mac_hash=bytes(32), acr="2fa", claims={"acme:tenant": "t"},
    )  # fmt: skip


def _user() -> Any:  # noqa: ANN401 - a user
    passkey = RegisteredPasskey(
        b"id", b"key", sign_count=1, is_backup_eligible=True, is_backed_up=False, name="phone", created_at_seconds=NOW
    )
    user = with_app(ada(), sealing_keys_from("sealingkey" * 6))
    return replace(user, email="ada@example.com", email_verified_at_seconds=NOW, passkeys=(passkey,), claims={"a:b": 1})


def _challenge() -> Challenge:
    return Challenge(_proof(Kind.RESET), KEY.key_id, "ada", "ada@example.com", "en", is_delivered=True)


def _imports() -> dict[str, list[bytes]]:
    auth0 = {
        "_id": {"$oid": "5dea"},
        "email": "ada@example.com",
        "email_verified": True,
        "passwordHash": _BCRYPT,
        "identifiers": [{"type": "email", "value": "a@example.com", "verified": True}],
        "blocked": False,
    }
    firebase = {
        "localId": "1",
        "email": "ada@example.com",
        "emailVerified": True,
        "passwordHash": "B" * 86 + "==",
        "salt": "c2FsdHNhbHQ=",
        "createdAt": "1500000000000",
        "disabled": False,
    }
    secret = json.dumps({"value": _DIGEST + "=", "salt": _SALT + "=="})
    data = json.dumps({"hashIterations": 1000, "algorithm": "pbkdf2-sha512", "additionalParameters": {}})
    parameters = {"type": ["id"], "version": ["1.3"], "memory": ["19456"], "parallelism": ["1"]}
    argon2 = json.dumps({"hashIterations": 2, "algorithm": "argon2", "additionalParameters": parameters})
    keycloak = {
        "id": "1",
        "username": "ada",
        "email": "ada@example.com",
        "enabled": True,
        "createdTimestamp": 15 * 10**11,
        "credentials": [{"type": "password", "secretData": secret, "credentialData": data}],
    }
    other = {
        **keycloak,
        "username": "bob",
        "credentials": [{"type": "password", "secretData": secret, "credentialData": argon2}],
    }
    fields = {"username": "ada", "password": _PBKDF2, "email": "ada@example.com", "is_active": True,
              "date_joined": "2020-01-01T00:00:00Z"}  # fmt: skip
    supabase = "id,email,email_confirmed_at,encrypted_password,created_at,banned_until,is_anonymous,deleted_at\n"
    row = f"1,ada@example.com,2020-01-01,{_BCRYPT},2020-01-01 00:00:00+00,2099-01-01,f,\n"
    exported = {"user_id": "u", "username": "ada", "password_hash": _ARGON2, "created": 1500000000, "status": "active"}
    return {
        "import, jsonl": [_json(_USER) + b"\n" + _json({**_USER, "username": "bob", "created_at": "1500000000"})],
        "import, csv": [f'id,username,password_hash,claims\n7,ada,"{_ARGON2}","{{""a:b"":1}}"\n'.encode()],
        "import, edge-auth": [_json(exported)],
        "import, supabase": [(supabase + row).encode()],
        "import, auth0": [_json(auth0)],
        "import, firebase": [_json({"users": [firebase]})],
        "import, keycloak": [_json({"realm": "r", "users": [keycloak, other]})],
        "import, django": [_json({"model": "auth.user", "pk": 1, "fields": fields})],
    }
