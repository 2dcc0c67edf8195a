"""How the product is deployed for the machine: the times that it promises, its parameters and its functions."""

from edge_auth.credentials.profiles import Argon2idProfile
from tests.support.browser import APP
from tests.support.passkey_visitor import PARAMETERS as PASSKEYS

DAY_SECONDS = 86_400
GRACE_SECONDS = 30  # RotationGraceSeconds
LATE_SECONDS = 336 * 3600  # LateRetryHours
IDLE_SECONDS = 14 * DAY_SECONDS  # RefreshIdleDays
ABSOLUTE_SECONDS = 30 * DAY_SECONDS  # RefreshAbsoluteDays
SITE_IDLE_SECONDS = 30 * 60  # SessionIdleMinutes
SITE_ABSOLUTE_SECONDS = 12 * 3600  # SessionAbsoluteHours
ACCESS_SECONDS = 900  # AccessTokenSeconds
REVOCATION_SECONDS = 5  # RevocationSeconds
MAX_SESSIONS = 6  # MaxSessionsPerUser
GUARDED = "guarded"  # the role of users who must have a second factor
WEAK_PROFILE = Argon2idProfile(memory_kib=8192, iterations=1, lanes=1)  # of imported hashes
PARAMETERS = {
    "AllowedOrigins": APP,
    "MaxSessionsPerUser": str(MAX_SESSIONS),
    "MailFrom": "login@example.com",
    "PagesUrl": "https://app.example.com/account",
    "SecondFactor": f"role:{GUARDED}",
    "SelfRegistration": "true",
    "PasswordProfiles": WEAK_PROFILE.declaration,
    "MigrationFunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:MigrationFunctionArn",
    **PASSKEYS,
}
FUNCTIONS = (
    "login",
    "refresh",
    "logout",
    "password",
    "sessions",
    "factors",
    "step_up",
    "passkeys",
    "passkey_sign_in",
    "register",
    "reset",
)
