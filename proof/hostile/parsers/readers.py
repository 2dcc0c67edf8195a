"""Each reader of what others wrote, as a function of bytes, with the errors that it may raise.

A reader that takes a text gets any text, with lone surrogates too, as JSON can bring them. A reader that takes a
structure gets it from JSON, as Lambda and the SDK make it. Bytes that are no JSON are no input of it.

Only the product and its keys for tests are imported here, so the fuzzer's environment needs no packages of the tests.
"""

import tempfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from admin.imports.file import UserFile
from admin.imports.hash_texts import NotAHash, read_hash
from admin.imports.records import UnreadableFile
from admin.imports.sources import FirebaseProject, sources
from edge_auth import base64url
from edge_auth.accounts.usernames import canonical_username
from edge_auth.adapters.dynamodb.challenge_items import challenge_from
from edge_auth.adapters.dynamodb.ended_items import ended_from
from edge_auth.adapters.dynamodb.identity_items import identity_from
from edge_auth.adapters.dynamodb.session_items import age_order, seen_from, session_from
from edge_auth.authorizer.event import bearer_token
from edge_auth.authorizer.event_headers import cookie_values, method_of
from edge_auth.authorizer.feed_reads import read_feed
from edge_auth.authorizer.http_answer import RequestFailed, read_answer
from edge_auth.authorizer.signed_requests import Reply
from edge_auth.authorizer.stored_session import stored_session
from edge_auth.caller import CallerRefused, caller
from edge_auth.credentials import enrolment
from edge_auth.credentials.foreign_hashes import declared_kind
from edge_auth.credentials.passwords import check_form, needs_rehash, password_bytes
from edge_auth.credentials.profiles import checked_profiles
from edge_auth.errors import AccountError, AuthError, InvalidGrant, InvalidProof, InvalidToken, TemporarilyUnavailable
from edge_auth.keys.jwk import VerificationKey, verification_key
from edge_auth.keys.mac_key import MacKey
from edge_auth.keys.ring_document import from_secret_json
from edge_auth.keys.sealing_key import sealing_keys_from
from edge_auth.mail.feedback import UnreadableFeedback, feedback_from
from edge_auth.mail.stream_record import UnreadableRecord, request_from, sequence_number
from edge_auth.mail_address import canonical_address
from edge_auth.tokens import device_token, passkey_challenge, proof_token, refresh_token, session_token, token_form
from edge_auth.tokens.device_token import NoDeviceToken
from edge_auth.tokens.passkey_challenge import NoChallenge, Purpose
from edge_auth.tokens.proof_token import Kind
from edge_auth.tokens.verifier import Verifier, keys_from_jwks
from edge_auth.web.body import form_parameters, json_parameters
from edge_auth.web.caller import caller_of
from edge_auth.web.cookies import cookies, one_cookie
from edge_auth.web.passkeys import new_passkey, presented_passkey
from edge_auth.web.proxy import TrustedProxy
from edge_auth.web.request import Headers, Request, headers_of
from edge_auth.web.request import request_from as http_request_from
from edge_auth.webauthn.authenticator_data import authenticator_data
from edge_auth.webauthn.cbor import read_map
from edge_auth.webauthn.ceremonies import RelyingParty, verify_registration
from edge_auth.webauthn.client_data import GET, challenge_of, check_client_data
from edge_auth.webauthn.public_key import public_key
from edge_auth.webauthn.refusal import NotVerified
from proof.hostile.parsers.inputs import Reader, of_item, of_json, of_text, text_of
from tests.support.seeded_keys import seeded_key

NOW = 1_800_000_000
KEY = MacKey(b"mac-1", bytes(range(32)))
KEYS = {KEY.key_id: KEY}
SEALING_KEYS = sealing_keys_from("sealingkey" * 6)
PARTY = RelyingParty("example.org", frozenset({"https://example.org"}))
PROJECT = FirebaseProject("A" * 86 + "==", "Bw==", 8, 14)
AUDIENCE, ISSUER = "https://api.example.com", "https://auth.example.com"
_PROXY = TrustedProxy(f"CloudFront-Viewer-Address:{sha256(b'secret').hexdigest()}")
_VERIFIER = Verifier(
    [verification_key(seeded_key(alg).public_jwk()) for alg in ("ES256", "RS256", "EdDSA")], audience=AUDIENCE
)
_UNCHECKED = VerificationKey("k", "ES256", lambda _signature, _signed: None)


def _request(body: bytes, media_type: str) -> Request:
    return Request(
        "POST",
        "/auth/login",
        body[:8192],
        {},
        Headers({"content-type": (media_type,)}, {"content-type": (media_type,)}),
    )


def _headers(data: bytes) -> Headers:
    value = text_of(data)
    return Headers({"cookie": (value,)}, {"cookie": (value,), "user-agent": (value,)})


def _cookie_header(data: bytes) -> object:
    headers = _headers(data)
    cookies("__Host-Http-session", headers)
    cookie_values({"headers": {"Cookie": text_of(data)}}, "__Host-Http-session")
    return one_cookie("__Host-Http-refresh", headers)


def _event(event: object) -> object:
    headers_of(event)
    members = event if isinstance(event, dict) else {}
    method_of(members)
    cookie_values(members, "a")
    return caller_of(http_request_from(event))


def _proxy(data: bytes) -> object:
    secret, _, address = text_of(data).partition("\n")
    return _PROXY.viewer_address(
        Headers({}, {"edge-auth-proxy-secret": (secret,), "cloudfront-viewer-address": (address,)})
    )


def _access_token(data: bytes) -> object:
    return _VERIFIER.verify(text_of(data), issuer=ISSUER, now_seconds=NOW)


def _claims(data: bytes) -> object:
    """Read the payload of a token whose signature was good."""
    token = f"{_UNCHECKED.header_segment}.{base64url.encode(data[:1400])}.AAAA"
    return Verifier([_UNCHECKED], audience=AUDIENCE).verify(token, issuer=ISSUER, now_seconds=NOW)


def _registration(data: bytes) -> object:
    client_data = b'{"type":"webauthn.create","challenge":"c","origin":"https://example.org"}'
    return verify_registration(client_data, data, challenge="c", party=PARTY)


def _client_data(data: bytes) -> object:
    check_client_data(data, kind=GET, challenge="c", origins=PARTY.origins)
    return challenge_of(data)


def _public_key(data: bytes) -> object:
    return public_key(data)(b"s" * 64, b"signed")


def _answer(data: bytes) -> object:
    """Read an answer that comes in parts, whose size the first byte says."""
    size, at = (data[0] if data else 0) + 1, 1

    def receive(most: int) -> bytes:
        nonlocal at
        part = data[at : at + min(size, most)]
        at += len(part)
        return part

    return read_answer(receive)


def _feed(document: object) -> object:
    members = document if isinstance(document, dict) else {}
    return read_feed(lambda _operation, _parameters: Reply(members, None), NOW)


def _import(format_name: str) -> Callable[[bytes], object]:
    source = sources(PROJECT, now_seconds=NOW)[format_name]

    def read_import(data: bytes) -> object:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "users"
            path.write_bytes(data)
            users = UserFile(path, format_name, source, "", source.name, may_lack_password=True, now_seconds=NOW)
            return list(users.users(lambda _place, _reason: None))

    return read_import


def _phc(data: bytes) -> object:
    text = text_of(data)
    check_form(text)
    return needs_rehash(text)


def _stream_record(document: object) -> object:
    record = document if isinstance(document, dict) else {}
    sequence_number(record)
    return request_from(record)


READERS: dict[str, Reader] = {
    "body, JSON": Reader(lambda data: json_parameters(_request(data, "application/json")), (AuthError,)),
    "body, form": Reader(
        lambda data: form_parameters(_request(data, "application/x-www-form-urlencoded")), (AuthError,)
    ),
    "body, passkey sign-in": Reader(
        lambda data: presented_passkey(json_parameters(_request(data, "application/json"))), (AuthError,)
    ),
    "body, new passkey": Reader(
        lambda data: new_passkey(json_parameters(_request(data, "application/json"))), (AuthError,)
    ),
    "cookies": Reader(_cookie_header, (AuthError,)),
    "event of a route": Reader(of_json(_event), (AuthError,)),
    "event of an authorizer": Reader(
        of_json(lambda event: bearer_token(event if isinstance(event, dict) else {})), (InvalidToken,)
    ),
    "caller": Reader(of_json(caller), (CallerRefused,)),
    "headers of a proxy": Reader(_proxy),
    "access token": Reader(_access_token, (InvalidToken,)),
    "claims": Reader(_claims, (InvalidToken,)),
    "refresh token": Reader(of_text(lambda text: refresh_token.parse(text, KEYS)), (InvalidGrant,)),
    "session token": Reader(of_text(session_token.read), (InvalidToken,)),
    "token form": Reader(of_text(lambda text: token_form.read(text, token_form.REFRESH)), (ValueError,)),
    "proof token": Reader(
        of_text(lambda text: proof_token.parse(text, KEYS, Kind.RESET, now_seconds=NOW)), (InvalidProof,)
    ),
    "device token": Reader(of_text(lambda text: device_token.parse(text, KEYS, username="ada")), (NoDeviceToken,)),
    "passkey challenge": Reader(
        of_text(lambda text: passkey_challenge.parse(text, KEYS, Purpose.SIGN_IN, now_seconds=NOW)), (NoChallenge,)
    ),
    "enrolment": Reader(
        of_text(lambda text: enrolment.read(text, SEALING_KEYS, user_id="u", now_seconds=NOW)), (InvalidProof,)
    ),
    "CBOR": Reader(read_map, (NotVerified,)),
    "authenticator data": Reader(authenticator_data, (NotVerified,)),
    "attestation object": Reader(_registration, (NotVerified,)),
    "client data": Reader(_client_data, (NotVerified,)),
    "COSE key": Reader(_public_key, (NotVerified,)),
    "user name": Reader(of_text(canonical_username), (AccountError,)),
    "mail address": Reader(of_text(canonical_address), (AccountError,)),
    "password": Reader(of_text(password_bytes), (AuthError,)),
    "HTTP answer of the store": Reader(_answer, (RequestFailed,)),
    "feed of ended sessions": Reader(of_json(_feed), (RequestFailed,)),
    "item of a session, authorizer": Reader(
        of_json(lambda item: stored_session(item if isinstance(item, dict) else {})), (RequestFailed,)
    ),
    "item of a session": Reader(
        of_item(lambda item: (age_order(item), seen_from(item), session_from(item))), (TemporarilyUnavailable,)
    ),
    "item of a user": Reader(of_item(identity_from), (TemporarilyUnavailable,)),
    "item of a challenge": Reader(of_item(challenge_from), (TemporarilyUnavailable,)),
    "item of an end": Reader(of_item(ended_from), (TemporarilyUnavailable,)),
    "record of the mail stream": Reader(of_json(_stream_record), (UnreadableRecord,)),
    "feedback of SES": Reader(
        of_json(lambda event: feedback_from(event if isinstance(event, dict) else {})), (UnreadableFeedback,)
    ),
    **{f"import, {name}": Reader(_import(name), (UnreadableFile,)) for name in sources(PROJECT, now_seconds=NOW)},
    "foreign hash": Reader(of_text(read_hash), (NotAHash,)),
    "kind of hashes": Reader(of_text(declared_kind), (ValueError,)),
    "profiles": Reader(of_text(checked_profiles), (ValueError,)),
    "PHC string": Reader(_phc, (ValueError,)),
    "key ring": Reader(of_text(from_secret_json), (ValueError,)),
    "sealing keys": Reader(of_text(sealing_keys_from), (ValueError,)),
    "JWK Set": Reader(of_text(keys_from_jwks), (ValueError,)),
}
