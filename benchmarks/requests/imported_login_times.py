"""The times of refused logins where users were imported: they must not reveal who was (P18).

As `login_times`, in a deployment that has declared two kinds of hashes of other systems.
"""

from benchmarks.frame.results import Figures
from benchmarks.requests import login_times
from benchmarks.requests.deployment import deployed
from benchmarks.requests.engine import running_engine
from benchmarks.requests.login_times import WARM_UP, Kinds, compared, refused
from edge_auth.credentials.foreign_hashes import declared_kind

ROUNDS, QUICK_ROUNDS = 500, 20
BCRYPT, PBKDF2, OTHER = "bcrypt:c=8", "pbkdf2-sha256:i=100000,l=32", "scrypt:ln=14,r=8,p=1,l=64"
DECLARED = {"PasswordProfiles": f"{BCRYPT};{PBKDF2}"}
# The members of each kind's users. A hash that no known password has takes as long as any other of its kind.
KINDS: Kinds = {
    "wrong password, not imported": {},
    "no such user": None,
    "imported with bcrypt": {"password_hash": declared_kind(BCRYPT).unmatchable},
    "imported with PBKDF2": {"password_hash": declared_kind(PBKDF2).unmatchable},
    "imported with a kind that is not declared": {"password_hash": declared_kind(OTHER).unmatchable},
}

table = login_times.table


def measure(*, quick: bool) -> Figures:
    """Refuse logins of each kind. Return milliseconds, and the rank test of each kind against the first.

    Raises MissingTool: this machine has no engine.
    """
    with running_engine() as engine, deployed(engine.endpoint) as deployment:
        measured = refused(deployment, WARM_UP + (QUICK_ROUNDS if quick else ROUNDS), KINDS, DECLARED)
    return compared(measured)
