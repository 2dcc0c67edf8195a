"""The import budget: exactly what each function loads when it starts, by name.

A cold start is imports: who adds one sees it here, and writes it down with its reason or does without. Names are
counted and not milliseconds, so that the test says the same on every machine.
"""

import sys

import pytest

from tests.support.cold_start import FUNCTIONS, in_new_interpreter, unconnected

# Parts of the standard library, and of packages, that take a millisecond or more and that Lambda's own runtime does
# not load anyway. What is not of the standard library counts always, as a whole package.
HEAVY = {
    *("ast", "asyncio", "concurrent", "ctypes", "dataclasses", "email", "hashlib", "html", "http"),
    *("importlib.metadata", "inspect", "multiprocessing", "socket", "sqlite3", "ssl", "subprocess", "tempfile"),
    *("unittest", "urllib", "urllib.request", "uuid", "xml", "zipfile"),
    "cryptography.hazmat.primitives.ciphers",
    *("cryptography.hazmat.primitives.serialization", "cryptography.x509"),
    "botocore.client",
}

# Signatures and MACs of tokens, Argon2id.
CRYPTOGRAPHY = {"cryptography", "_cffi_backend", "_openssl"}
# Powertools' Logger. It tells botocore's package its name for the user agent, and loads nothing more of it.
LOGGER = {"aws_lambda_powertools", "jmespath", "typing_extensions", "botocore", "urllib", "inspect", "ast"}
# The SDK's clients, and what the SDK loads whether it is needed or not.
SDK = {
    *("botocore", "botocore.client", "dateutil", "six", "jmespath", "urllib3"),
    *("concurrent", "dataclasses", "email", "hashlib", "html", "http", "importlib.metadata", "socket", "ssl"),
    *("subprocess", "tempfile", "urllib.request", "uuid", "xml", "zipfile"),
}
# Issues access tokens; it loads the formats of all keys, which we do not use.
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
    "jwks": LOGGER | SDK | CRYPTOGRAPHY,
    "login": LOGGER | SDK | CRYPTOGRAPHY | PYJWT,
    "logout": LOGGER | SDK | CRYPTOGRAPHY,
    "password": LOGGER | SDK | CRYPTOGRAPHY | ZXCVBN,
    "refresh": LOGGER | SDK | CRYPTOGRAPHY | PYJWT,
    "register": LOGGER | SDK | CRYPTOGRAPHY | ZXCVBN,
    "rotate_keys": LOGGER | SDK | CRYPTOGRAPHY,
    "sessions": LOGGER | SDK,
    "whoami": LOGGER,
}
OURS = {"edge_auth", "functions"}
# The SDK takes its authorities from certifi where that is installed, as it is for these tests and not in the layer.
TESTS_ONLY = {"certifi"}

# All of our own that the authorizer loads. A cold authorizer is what a client waits for on any call.
AUTHORIZER_MODULES = {
    "edge_auth",
    *("edge_auth.authorizer", "edge_auth.authorizer.event", "edge_auth.authorizer.issuer_keys"),
    *("edge_auth.base64url", "edge_auth.strict_json", "edge_auth.errors", "edge_auth.settings"),
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
    """Return what of these has to be in the budget: packages of others, and the heavy parts."""
    packages = {name.partition(".")[0] for name in modules}
    return packages - sys.stdlib_module_names - OURS - TESTS_ONLY | modules & HEAVY


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_loads_what_its_budget_names_and_nothing_else(function: str) -> None:
    """Both ways: what it has stopped to load leaves the budget, or it could come back unseen."""
    assert accountable(loaded_by(function)) == BUDGET[function]


def test_the_authorizer_loads_these_modules_of_ours_and_no_other() -> None:
    """Whatever room is added to the layer, the authorizer does not load it by accident."""
    assert {name for name in loaded_by("authorizer") if name.partition(".")[0] == "edge_auth"} == AUTHORIZER_MODULES


@pytest.mark.parametrize("name", ["rsa", "padding", "ed25519"])
def test_the_authorizer_loads_no_algorithm_that_it_has_no_key_of(name: str) -> None:
    """ES256 is the default; RSA alone loads eight modules more."""
    assert f"cryptography.hazmat.primitives.asymmetric.{name}" not in loaded_by("authorizer")


@pytest.mark.parametrize("name", ["boto3", "s3transfer", "aws_xray_sdk", "multiprocessing", "asyncio"])
def test_what_is_known_to_be_slow_is_in_no_budget(name: str) -> None:
    """25 ms and more for boto3, 236 for the X-Ray SDK: whoever needs one has to change this test, too."""
    assert all(name not in budget for budget in BUDGET.values())


def test_a_package_and_a_heavy_part_are_both_counted() -> None:
    """Of what is loaded, others' packages count as one each, and the standard library only where it is heavy."""
    modules = {"boto3", "boto3.session", "asyncio", "json", "edge_auth.errors", "cryptography.x509", "certifi"}

    assert accountable(modules) == {"boto3", "asyncio", "cryptography", "cryptography.x509"}


def test_what_the_sdk_loads_is_not_searched_for_garbage() -> None:
    """It stays for good: it is out of the collector's sight, which watches over everything that comes after."""
    script = "import functions.refresh.app, gc; print(gc.get_freeze_count(), gc.isenabled())"

    frozen, is_enabled = in_new_interpreter(script, environ=unconnected("refresh")).split()

    assert int(frozen) > 10_000
    assert is_enabled == "True"
