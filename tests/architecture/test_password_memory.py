"""The memory of Argon2id, within the memory of a function."""

import pytest

from edge_auth.credentials import profiles
from tests.support.cold_start import in_new_interpreter, unconnected
from tests.support.template import ROOT, functions

HASHING = ["email", "email_proofs", "login", "password", "register", "reset", "site_password", "step_up"]
# A shell forks the process, because a process that is started from here would inherit this one's peak.
FORKED = ("sh", "-c", '"$@"; exit $?', "sh")
SCRIPT = """
import resource, sys
import functions.{function}.app
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
Argon2id(salt=bytes(16), length=32, iterations=1, lanes=1, memory_cost=int(sys.argv[1])).derive_phc_encoded(b"x")
print(before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def peak_mib(function: str, memory_kib: int) -> tuple[float, float]:
    """Return a function's peak memory in MiB, after it is loaded and after one hash of this cost."""
    script = SCRIPT.format(function=function)
    printed = in_new_interpreter(script, str(memory_kib), environ=unconnected(function), command=FORKED)
    before, after = (int(kib) / 1024 for kib in printed.split())
    return before, after


def test_those_that_hash_are_known() -> None:
    """They are all functions that run Argon2, so a new one must be measured here too."""
    apps = ROOT.glob("functions/*/app.py")
    hashing = {app.parent.name for app in apps if "edge_auth.credentials" in app.read_text()}
    assert sorted(hashing) == HASHING


@pytest.mark.parametrize("function", HASHING)
def test_the_costliest_hash_fits_the_functions_memory(function: str) -> None:
    """P17: an instance serves one request at a time, and with the costliest stored hash it uses less than 60 %."""
    before, after = peak_mib(function, profiles.MAX_MEMORY_KIB)

    assert after - before > 0.8 * profiles.MAX_MEMORY_KIB / 1024, "the measured memory is not Argon2's"
    assert after < 0.6 * functions()[function]["MemorySize"]


def test_what_is_hashed_today_is_within_the_bound() -> None:
    """P17: the profile costs no more than the costliest hash that is checked, and runs in one lane: p=1."""
    assert profiles.PROFILE.memory_kib <= profiles.MAX_MEMORY_KIB
    assert profiles.PROFILE.lanes == 1
