"""Codes of an app, and recovery codes in their place: what each leads to, and how wrong ones are counted."""

from edge_auth.credentials.totp import STEP_SECONDS, code_of
from proof.machine.model import Account, Expected, Option
from proof.machine.world import World

NO_CODE, WRONG_CODE = "", "000000"
MAX_WRONG_CODES = 100
SENDS = 2  # of one request by the SDK, so a lost answer may count a wrong code this often


def shown(code: str) -> dict[str, str]:
    """Return the parameter with which a code is sent. Recovery codes have a hyphen."""
    if not code:
        return {}
    return {"recovery_code": code} if "-" in code else {"otp": code}


def with_code(world: World, account: Account, code: str, expected: Expected) -> Option:
    """Return what a code leads to: each recovery code is taken once, and each step of the app, and none before it.

    After too many wrong codes only a recovery code is taken. A code of the app takes back one wrong code, a recovery
    code all of them.
    """
    if "-" in code:
        if code not in account.codes:
            return _wrong(account)
        return Option(expected, account._replace(codes=account.codes - {code}, wrong_codes=0))
    if account.wrong_codes >= MAX_WRONG_CODES:
        return Option(Expected(401, "factor_locked"), account)
    step = world.now // STEP_SECONDS
    steps = (each for each in (step - 1, step, step + 1) if code == code_of(account.secret, each))
    matched = next((each for each in steps if each > account.step), None)
    if matched is None:
        return _wrong(account)
    return Option(expected, account._replace(step=matched, wrong_codes=max(0, account.wrong_codes - 1)))


def _wrong(account: Account) -> Option:
    counted, *more = (account._replace(wrong_codes=account.wrong_codes + times) for times in range(1, SENDS + 1))
    return Option(Expected(401, "invalid_otp"), counted, repeated=tuple(more))
