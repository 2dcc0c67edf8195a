"""The import budget: the exact names of the packages that each function loads when it starts.

Imports take most of a cold start. A new import fails here until it is added to the budget with its reason. The test
compares names and not milliseconds, so the result is the same on every machine.
"""

import sys
from collections.abc import Set as AbstractSet
from functools import cache
from pathlib import Path

import pytest

from tests.support.certificates import certificate
from tests.support.cold_start import FUNCTIONS, in_new_interpreter, unconnected
from tests.support.table_server import TableServer, items

# Parts of the standard library and of packages that take a millisecond or more, and that Lambda's own runtime does not
# load. A package outside the standard library always counts, as a whole.
HEAVY = {
    *("ast", "asyncio", "concurrent", "ctypes", "dataclasses", "email", "hashlib", "html", "http"),
    *("importlib.metadata", "inspect", "multiprocessing", "socket", "sqlite3", "ssl", "subprocess", "tempfile"),
    *("unittest", "urllib", "urllib.request", "uuid", "xml", "zipfile"),
    "cryptography.hazmat.primitives.ciphers",
    *("cryptography.hazmat.primitives.serialization", "cryptography.x509"),
    "botocore.client",
}

# For signatures and MACs of tokens, and Argon2id.
CRYPTOGRAPHY = {"cryptography", "_cffi_backend", "_openssl"}
# Powertools' Logger. It adds its name to botocore's user agent, and loads no other part of botocore.
LOGGER = {"aws_lambda_powertools", "jmespath", "typing_extensions", "botocore", "urllib", "inspect", "ast"}
# The SDK's clients, and the modules that the SDK always loads.
SDK = {
    *("botocore", "botocore.client", "dateutil", "six", "jmespath", "urllib3"),
    *("concurrent", "dataclasses", "email", "hashlib", "html", "http", "importlib.metadata", "socket", "ssl"),
    *("subprocess", "tempfile", "urllib.request", "uuid", "xml", "zipfile"),
}
# PyJWT issues access tokens. It also loads the formats of all keys, which edge-auth does not use.
PYJWT = {
    "jwt",
    "cryptography.hazmat.primitives.ciphers",
    "cryptography.hazmat.primitives.serialization",
    "cryptography.x509",
}
# The list of common passwords.
ZXCVBN = {"zxcvbn"}

# Signed requests to one table. `http`, `email`, `hashlib` and `pathlib` would take 20 ms more.
SIGNED_REQUESTS = {"socket", "ssl"}

BUDGET = {
    "authorizer": CRYPTOGRAPHY | SIGNED_REQUESTS,
    "email": LOGGER | SDK | CRYPTOGRAPHY,
    "email_proofs": LOGGER | SDK | CRYPTOGRAPHY,
    "ended_sessions": LOGGER | SDK,
    # segno draws the picture for an app, and the ciphers seal its secret.
    "factors": LOGGER | SDK | CRYPTOGRAPHY | {"segno", "cryptography.hazmat.primitives.ciphers"},
    "step_up": LOGGER | SDK | CRYPTOGRAPHY | PYJWT,
    "jwks": LOGGER | SDK | CRYPTOGRAPHY,
    "login": LOGGER | SDK | CRYPTOGRAPHY | PYJWT,
    "logout": LOGGER | SDK | CRYPTOGRAPHY,
    "mail_feedback": LOGGER | SDK,
    "mailer": LOGGER | SDK | CRYPTOGRAPHY,
    "passkey_sign_in": LOGGER | SDK | CRYPTOGRAPHY | PYJWT,
    "passkeys": LOGGER | SDK | CRYPTOGRAPHY,
    "password": LOGGER | SDK | CRYPTOGRAPHY | ZXCVBN,
    "preflight": set(),  # no log and no call
    "refresh": LOGGER | SDK | CRYPTOGRAPHY | PYJWT,
    "register": LOGGER | SDK | CRYPTOGRAPHY | ZXCVBN,
    "reset": LOGGER | SDK | CRYPTOGRAPHY | ZXCVBN,
    "reset_link": LOGGER | SDK | CRYPTOGRAPHY,
    "rotate_keys": LOGGER | SDK | CRYPTOGRAPHY,
    "session_authorizer": set(),  # no browser uses the API by default; the test below has what it loads for them
    "sessions": LOGGER | SDK,
    "site_password": LOGGER | SDK | CRYPTOGRAPHY | ZXCVBN,
    "strict_authorizer": CRYPTOGRAPHY | SIGNED_REQUESTS,
    "whoami": set(),  # it has no layer
}
OURS = {"edge_auth", "functions"}
# The SDK uses certifi's certificates if certifi is installed. It is installed for the tests, but not in the layer.
TESTS_ONLY = {"certifi"}

# All modules of edge-auth that an authorizer loads. On any call, a client may wait for a cold authorizer.
EVENT_MODULES = {
    *("edge_auth", "edge_auth.errors", "edge_auth.settings", "edge_auth.settings.reading", "edge_auth.request_ids"),
    *("edge_auth.authorizer", "edge_auth.authorizer.event", "edge_auth.authorizer.event_headers"),
    *("edge_auth.tokens", "edge_auth.tokens.issuer_address", "edge_auth.tokens.own_claims", "edge_auth.strict_json"),
}
STATELESS_MODULES = EVENT_MODULES | {
    *("edge_auth.authorizer.issuer_keys", "edge_auth.base64url"),
    *("edge_auth.keys", "edge_auth.keys.jwk", "edge_auth.keys.timing"),
    *("edge_auth.tokens.claims", "edge_auth.tokens.verifier"),
}
CLIENT_MODULES = {
    *("edge_auth.authorizer.signed_requests", "edge_auth.authorizer.signature", "edge_auth.authorizer.dates"),
    *("edge_auth.authorizer.http_answer", "edge_auth.authorizer.two_clocks", "edge_auth.trusted_roots"),
}
FEED_MODULES = {
    *("edge_auth.authorizer.ended_sessions", "edge_auth.authorizer.feed_reads", "edge_auth.tokens.ended_feed"),
    "edge_auth.authorizer.token_age",
}
COOKIE_MODULES = {
    *("edge_auth.authorizer.cookie_sessions", "edge_auth.authorizer.page_check"),
    *("edge_auth.authorizer.stored_session", "edge_auth.base64url"),
    *("edge_auth.tokens.session_token", "edge_auth.tokens.token_form"),
}
FOR_BROWSERS = {"ALLOWED_ORIGINS": "https://app.example.com"}
WITHOUT_FEED = {"REVOCATION_SECONDS": "0", "REVOCATIONS_TABLE": ""}

READ = """
import sys
import functions.authorizer.app as app
before = {*sys.modules}
print(app.ended.read(), *sys.modules.keys() - before)
"""
CALLER = """
import sys
before = {*sys.modules}
import edge_auth.caller
print(*sys.modules.keys() - before)
"""
SCRIPT = """
import sys
before = {*sys.modules}
import functions.{function}.app
print(*sys.modules.keys() - before)
"""


def loaded_by(function: str, **environ: str) -> frozenset[str]:
    """Return the names of all modules that a new interpreter loads for a function with these variables."""
    return loaded_with(function, frozenset({**unconnected(function), **environ}.items()))


@cache
def loaded_with(function: str, environ: frozenset[tuple[str, str]]) -> frozenset[str]:
    """Return the same. All variables are given, so that one interpreter is enough where a test gives the default."""
    return frozenset(in_new_interpreter(SCRIPT.replace("{function}", function), environ=dict(environ)).split())


def ours_loaded_by(function: str, **environ: str) -> set[str]:
    """Return the names of the modules of edge-auth among them, without the record of the function's own settings."""
    ours = {name for name in loaded_by(function, **environ) if name.partition(".")[0] == "edge_auth"}
    return ours - {f"edge_auth.settings.{function}"}


def accountable(modules: AbstractSet[str]) -> set[str]:
    """Return the modules that must be in the budget: third-party packages, and the heavy parts."""
    packages = {name.partition(".")[0] for name in modules}
    return packages - sys.stdlib_module_names - OURS - TESTS_ONLY | modules & HEAVY


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_loads_what_its_budget_names_and_nothing_else(function: str) -> None:
    """The budget also names no module that is not loaded any more. Otherwise it could come back unseen."""
    assert accountable(loaded_by(function)) == BUDGET[function]


def test_an_authorizer_loads_these_modules_of_ours_and_no_other() -> None:
    """So no authorizer loads a new module of the layer by accident."""
    assert ours_loaded_by("authorizer") == STATELESS_MODULES | CLIENT_MODULES | FEED_MODULES
    strict_modules = {"edge_auth.authorizer.strict_sessions", "edge_auth.authorizer.token_age"}
    strict = STATELESS_MODULES | CLIENT_MODULES | strict_modules
    assert ours_loaded_by("strict_authorizer") == strict
    assert ours_loaded_by("session_authorizer") == EVENT_MODULES


@pytest.mark.parametrize("demand", [{"REQUIRED_ACR": "2fa"}, {"MAX_AUTH_AGE_SECONDS": "300"}])
def test_a_demand_of_logins_is_one_module_more(demand: dict[str, str]) -> None:
    """Without one, the strict authorizer loads nothing for it. With one, it loads no package and no heavy part more."""
    extra = ours_loaded_by("strict_authorizer", **demand) - ours_loaded_by("strict_authorizer")

    assert extra == {"edge_auth.authorizer.login_demand"}
    assert accountable(loaded_by("strict_authorizer", **demand)) == BUDGET["strict_authorizer"]


@pytest.mark.parametrize("function", ["login", "password", "site_password", "factors", "step_up", "passkeys"])
def test_only_where_mail_is_on_a_function_loads_what_tells_users(function: str) -> None:
    """And no function but those of the mailer ever loads the texts."""
    notices = {"edge_auth.adapters.dynamodb.notices", "edge_auth.flows.ports.notices", "edge_auth.flows.tell_user"}

    off = ours_loaded_by(function, CHALLENGES_TABLE="")
    on = ours_loaded_by(function, CHALLENGES_TABLE="challenges")
    assert on - off == notices
    assert not any(name.startswith("edge_auth.mail") for name in on)


def test_the_authorizer_of_session_cookies_loads_no_keys() -> None:
    """The table decides about a cookie. `hashlib` has the hash of its seed, and the comparison in constant time."""
    assert accountable(loaded_by("session_authorizer", **FOR_BROWSERS)) == CRYPTOGRAPHY | SIGNED_REQUESTS | {"hashlib"}
    assert ours_loaded_by("session_authorizer", **FOR_BROWSERS) == EVENT_MODULES | CLIENT_MODULES | COOKIE_MODULES


def test_without_the_feed_the_authorizer_loads_nothing_for_it() -> None:
    """With RevocationSeconds=0 it loads no socket, no TLS, and no module of ours that reads."""
    loaded = loaded_by("authorizer", **WITHOUT_FEED)

    assert accountable(loaded) == CRYPTOGRAPHY
    assert ours_loaded_by("authorizer", **WITHOUT_FEED) == STATELESS_MODULES


def test_a_read_loads_nothing_more(tmp_path: Path) -> None:
    """A function's first read over TLS loads no module that its start did not, such as the tables of IDNA."""
    context, authority = certificate(tmp_path, host="localhost")
    with TableServer(items(), context) as server:
        environ = {
            **unconnected("authorizer"),
            "AWS_ENDPOINT_URL": f"https://localhost:{server.port}",
            "AWS_CA_BUNDLE": str(authority),
        }
        loaded = in_new_interpreter(READ, environ=environ).split()

    assert len(server.requests) == 1
    assert loaded == ["True"]


FOREIGN = {
    *("edge_auth.credentials.foreign_hashes", "bcrypt", "cryptography.hazmat.primitives.kdf.pbkdf2"),
    "cryptography.hazmat.primitives.kdf.scrypt",
}


@pytest.mark.parametrize("function", ["login", "password", "site_password"])
def test_only_a_deployment_with_hashes_of_another_system_loads_what_checks_them(function: str) -> None:
    """What checks them is loaded at the start, and not at a login: its time would tell who was imported."""
    assert not FOREIGN & loaded_by(function)
    assert not FOREIGN & loaded_by(function, PASSWORD_PROFILES="m=102400,t=2,p=8")
    assert loaded_by(function, PASSWORD_PROFILES="bcrypt:c=10") >= FOREIGN


def test_only_a_deployment_that_asks_another_system_loads_what_asks_it() -> None:
    """Without MigrationFunctionArn, a login loads none of it."""
    asks = {"edge_auth.adapters.migration_function", "edge_auth.flows.sign_in.migrate_user"}
    arn = "arn:aws:lambda:us-east-1:123456789012:function:ask"

    assert not asks & loaded_by("login")
    assert loaded_by("login", MIGRATION_FUNCTION=arn) >= asks


def test_without_mail_a_registration_loads_nothing_for_it() -> None:
    """A deployment without MailFrom loads no challenge, no proof and no key ring."""
    with_mail = {"CHALLENGES_TABLE": "ChallengesTable", "KEY_RING_SECRET": "KeyRingSecret"}
    parts = ("challenge", "proof", "key_ring", "confirm")

    assert [name for name in ours_loaded_by("register") if any(part in name for part in parts)] == []
    assert "edge_auth.adapters.dynamodb.challenges" in ours_loaded_by("register", **with_mail)


@pytest.mark.parametrize("name", ["rsa", "padding", "ed25519"])
def test_an_authorizer_loads_no_algorithm_that_it_has_no_key_of(name: str) -> None:
    """With ES256, the default, it does not load RSA, which needs eight more modules, nor EdDSA."""
    assert f"cryptography.hazmat.primitives.asymmetric.{name}" not in loaded_by("authorizer")


@pytest.mark.parametrize("name", ["boto3", "s3transfer", "aws_xray_sdk", "multiprocessing", "asyncio"])
def test_what_is_known_to_be_slow_is_in_no_budget(name: str) -> None:
    """boto3 takes 25 ms or more, the X-Ray SDK 236 ms. To use one, this test must change too."""
    assert all(name not in budget for budget in BUDGET.values())


def test_a_package_and_a_heavy_part_are_both_counted() -> None:
    """A third-party package counts as one name. A module of the standard library counts only if it is heavy."""
    modules = {"boto3", "boto3.session", "asyncio", "json", "edge_auth.errors", "cryptography.x509", "certifi"}

    assert accountable(modules) == {"boto3", "asyncio", "cryptography", "cryptography.x509"}


def test_a_users_function_pays_nothing_for_its_caller() -> None:
    """`edge_auth.caller` loads one module of ours, no package, and no heavy part of the standard library."""
    loaded = set(in_new_interpreter(CALLER, environ={}).split())

    assert accountable(loaded) == set()
    assert {name for name in loaded if name.partition(".")[0] == "edge_auth"} == {"edge_auth", "edge_auth.caller"}


def test_what_the_sdk_loads_is_not_searched_for_garbage() -> None:
    """The SDK's objects are frozen, because they are never freed. The collector stays on for all later objects."""
    script = "import functions.refresh.app, gc; print(gc.get_freeze_count(), gc.isenabled())"

    frozen, is_enabled = in_new_interpreter(script, environ=unconnected("refresh")).split()

    assert int(frozen) > 10_000
    assert is_enabled == "True"


def test_the_sample_of_a_protected_route_needs_no_layer() -> None:
    """It is the example of a user's own function, which imports what it likes."""
    assert "edge_auth" not in loaded_by("whoami")


@pytest.mark.parametrize("function", ["login", "password", "refresh", "register", "reset"])
def test_a_deployment_without_second_factors_loads_nothing_of_them(function: str) -> None:
    """A feature that is off costs no import. The one module is the port that a login knows."""
    of_factors = ("factor", "totp", "recovery_codes", "enrolment", "seal", "step_up", "second_step", "freshness")
    off = {name for name in ours_loaded_by(function) if any(part in name for part in of_factors)}
    assert off <= {"edge_auth.flows.ports.factors"}


def test_a_login_with_second_factors_loads_them() -> None:
    """The test above would see a module if it were loaded."""
    loaded = ours_loaded_by("login", SECOND_FACTOR="optional")
    assert {"edge_auth.credentials.totp", "edge_auth.flows.sign_in.second_step", "edge_auth.factor_errors"} <= loaded
    assert "edge_auth.credentials.enrolment" not in loaded
