"""The import budget: the exact names of the packages that each function loads when it starts.

Imports take most of a cold start. A new import fails here until it is added to the budget with its reason. The test
compares names and not milliseconds, so the result is the same on every machine.
"""

import sys

import pytest

from tests.support.cold_start import FUNCTIONS, in_new_interpreter, unconnected

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

BUDGET = {
    "authorizer": CRYPTOGRAPHY,
    "ended_sessions": LOGGER | SDK,
    "jwks": LOGGER | SDK | CRYPTOGRAPHY,
    "login": LOGGER | SDK | CRYPTOGRAPHY | PYJWT,
    "logout": LOGGER | SDK | CRYPTOGRAPHY,
    "password": LOGGER | SDK | CRYPTOGRAPHY | ZXCVBN,
    "refresh": LOGGER | SDK | CRYPTOGRAPHY | PYJWT,
    "register": LOGGER | SDK | CRYPTOGRAPHY | ZXCVBN,
    "rotate_keys": LOGGER | SDK | CRYPTOGRAPHY,
    "sessions": LOGGER | SDK,
    "whoami": set(),  # it has no layer
}
OURS = {"edge_auth", "functions"}
# The SDK uses certifi's certificates if certifi is installed. It is installed for the tests, but not in the layer.
TESTS_ONLY = {"certifi"}

# All modules of edge-auth that the authorizer loads. On any call, a client may wait for a cold authorizer.
AUTHORIZER_MODULES = {
    "edge_auth",
    *("edge_auth.authorizer", "edge_auth.authorizer.event", "edge_auth.authorizer.issuer_keys"),
    *("edge_auth.base64url", "edge_auth.strict_json", "edge_auth.errors", "edge_auth.settings"),
    "edge_auth.request_ids",
    *("edge_auth.keys", "edge_auth.keys.jwk", "edge_auth.keys.timing"),
    *("edge_auth.tokens", "edge_auth.tokens.claims", "edge_auth.tokens.issuer_address", "edge_auth.tokens.verifier"),
}

SCRIPT = """
import sys
before = {*sys.modules}
import functions.{function}.app
print(*sys.modules.keys() - before)
"""


def loaded_by(function: str) -> set[str]:
    """Return the names of all modules that a new interpreter loads for a function."""
    script = SCRIPT.replace("{function}", function)
    return set(in_new_interpreter(script, environ=unconnected(function)).split())


def accountable(modules: set[str]) -> set[str]:
    """Return the modules that must be in the budget: third-party packages, and the heavy parts."""
    packages = {name.partition(".")[0] for name in modules}
    return packages - sys.stdlib_module_names - OURS - TESTS_ONLY | modules & HEAVY


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_loads_what_its_budget_names_and_nothing_else(function: str) -> None:
    """The budget also names no module that is not loaded any more. Otherwise it could come back unseen."""
    assert accountable(loaded_by(function)) == BUDGET[function]


def test_the_authorizer_loads_these_modules_of_ours_and_no_other() -> None:
    """So the authorizer does not load a new module of the layer by accident."""
    assert {name for name in loaded_by("authorizer") if name.partition(".")[0] == "edge_auth"} == AUTHORIZER_MODULES


@pytest.mark.parametrize("name", ["rsa", "padding", "ed25519"])
def test_the_authorizer_loads_no_algorithm_that_it_has_no_key_of(name: str) -> None:
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


def test_what_the_sdk_loads_is_not_searched_for_garbage() -> None:
    """The SDK's objects are frozen, because they are never freed. The collector stays on for all later objects."""
    script = "import functions.refresh.app, gc; print(gc.get_freeze_count(), gc.isenabled())"

    frozen, is_enabled = in_new_interpreter(script, environ=unconnected("refresh")).split()

    assert int(frozen) > 10_000
    assert is_enabled == "True"


def test_the_sample_of_a_protected_route_needs_no_layer() -> None:
    """It is the example of a user's own function, which imports what it likes."""
    assert "edge_auth" not in loaded_by("whoami")
