"""Faults that are put into the product on purpose. The machine has to find each of them.

A fault is an edit of a module's source. The edited functions take the place of the others where they are, so everything
that has imported one of them has the fault. An edited expression uses every value that is sent with it: DynamoDB would
refuse a value that nothing uses, and that would be another fault.
"""

import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from types import FunctionType, ModuleType
from typing import NamedTuple

import pytest


class Edit(NamedTuple):
    """A text in a module of the layer, and what stands in its place."""

    module: str
    before: str
    after: str


RULE, SESSIONS = "sessions.rotation_rule", "adapters.dynamodb.sessions"
ENDS, REFRESH = "flows.sessions.end_sessions", "flows.sessions.refresh"
STEP_UP = "flows.sign_in.step_up"

MUTANTS: Mapping[str, tuple[Edit, ...]] = {
    "the grace window ends a moment early": (
        Edit(RULE, "age_ms <= limits.grace_seconds * 1000 and", "age_ms < limits.grace_seconds * 1000 and"),
    ),
    "the token before the newest is redeemable, and not the base": (
        Edit(RULE, "if found.base == generation and", "if found.generation - 1 == generation and"),
    ),
    "the base is redeemable in the grace window alone": (
        Edit(RULE, "if found.base == generation and", "if False and"),
    ),
    "a late retry moves the base": (
        Edit(SESSIONS, '":base": number(seen.base),', '":base": number(seen.generation),'),
    ),
    "a token is rotated again within the grace window": (
        Edit(
            SESSIONS,
            '_IS_OUT_OF_GRACE = "rotated_at_ms <= :rotated_before_ms"',
            '_IS_OUT_OF_GRACE = "(rotated_at_ms <= :rotated_before_ms OR rotated_at_ms <= :now_ms)"',
        ),
    ),
    "an idle session is not expired": (
        Edit(SESSIONS, "AND absolute_expires_at > :now AND idle_expires_at > :now", "AND absolute_expires_at > :now"),
    ),
    "no transport is compared": (
        Edit(SESSIONS, "AND {has_transport} AND {condition}", "AND ({has_transport} OR {_IS_LIVE}) AND {condition}"),
    ),
    "a reuse ends nothing": (
        Edit(REFRESH, "self._end_sessions.reused(token, found)", "self._tell(token, found, outcome)"),
    ),
    "an outage is taken for a dead token": (
        Edit(
            "adapters.aws",
            "raise TemporarilyUnavailable(type(error).__name__) from error",
            "raise ConditionFailed({}, ()) from error",
        ),
    ),
    "no epoch is compared when a session opens": (
        Edit(
            "adapters.dynamodb.session_opening",
            '"ConditionExpression": IS_ACTIVE_AS_READ,',
            '"ConditionExpression": '
            '"user_id = :user_id AND (epoch = :epoch OR #status = :active OR attribute_exists(user_id))",',
        ),
    ),
    "a logout is answered before the feed has it": (
        Edit(ENDS, "        self._publish(session.user_id, [session.session_id])\n", "        pass\n"),
    ),
    "an end of all sessions does not reach the feed": (
        Edit(ENDS, "published_at_ms = self._publish(user_id, ids)", "published_at_ms = self._clock()"),
    ),
    "a logout of all leaves the sessions": (
        Edit(
            "flows.sessions.logout",
            "self._end_sessions.all(token.user_id, reason=reach, last=token.session_id)",
            "pass",
        ),
    ),
    "a new password leaves the other sessions": (
        Edit(
            "flows.accounts.change_password",
            "self._end_sessions.all(user_id, reason=PASSWORD_CHANGED, keep=session_id)",
            "pass",
        ),
    ),
    "strangers make a user wait on a known device": (
        Edit(
            "flows.sign_in.login",
            "self._limit.admit(device_limit(user.user_id, device.device_id), stranger)",
            "self._limit.admit(stranger)",
        ),
    ),
    "a device is known after a new password": (
        Edit(
            "flows.limits.known_device",
            "return hmac.compare_digest(device_of(user, device.device_id).binding, device.binding)",
            "return True",
        ),
    ),
    "a disabled user logs in": (
        Edit("flows.sign_in.login", "is_disabled = identity is not None and", "is_disabled = False and"),
        Edit(
            "adapters.dynamodb.session_opening",
            '"ConditionExpression": IS_ACTIVE_AS_READ,',
            '"ConditionExpression": "user_id = :user_id AND epoch = :epoch AND (#status = :active OR epoch = :epoch)",',
        ),
    ),
    "the limit ends the newest sessions": (
        Edit(
            "flows.sessions.session_limit", "oldest_first[: -self._max_sessions]", "oldest_first[self._max_sessions :]"
        ),
    ),
    "a step-up keeps the old session": (
        Edit("adapters.dynamodb.session_replacement", '"Delete": {', '"ConditionCheck": {'),
    ),
    "a step-up takes an old token": (
        Edit(
            STEP_UP,
            "(token.seed_hash, token.generation, holder.transport)",
            "(token.seed_hash, session.generation, holder.transport)",
        ),
    ),
    "a step-up makes a session weaker": (
        Edit(STEP_UP, "if LEVELS.index(reached) < LEVELS.index(old.acr or ONE_FACTOR):", "if False:"),
    ),
    "a code of the app is taken twice": (
        Edit("flows.factors.factor_check", "after_step=factors.totp_step", "after_step=-1"),
        Edit("adapters.dynamodb.factor_use", "totp_step < :step AND ", ""),
    ),
    "a recovery code is taken twice": (
        Edit("adapters.dynamodb.factor_use", 'clause = " DELETE recovery :codes"', 'clause = " ADD recovery :codes"'),
    ),
    "older recovery codes stay good": (
        Edit(
            "flows.accounts.own_factors",
            "replace_codes(identity, kept)",
            "replace_codes(identity, kept | identity.factors.recovery)",
        ),
    ),
    "a wrong code is not counted": (
        Edit(
            "adapters.dynamodb.factors",
            "factor_failures = factor_failures + :one",
            "factor_failures = if_not_exists(factor_failures, :one)",
        ),
    ),
    "a locked app logs in": (
        Edit("flows.factors.factor_check", "        if factors.is_locked:\n", "        if False:\n"),
        Edit(
            "adapters.dynamodb.factor_use",
            "factor_failures < :limit",
            "(factor_failures < :limit OR factor_failures >= :forgiven)",
        ),
    ),
    "an old login changes a factor": (Edit("flows.factors.freshness", " or not is_recent:", ":"),),
    "a weak login changes a factor": (
        Edit(
            "flows.factors.freshness",
            "if LEVELS.index(shown) < LEVELS.index(needed) or not is_recent:",
            "if not is_recent:",
        ),
    ),
    "a user who must have a factor logs in without": (
        Edit("flows.sign_in.second_step", "if self._policy.demands_of(identity):", "if False:"),
    ),
    "a user who must have a factor removes it": (
        Edit(
            "flows.accounts.own_factors",
            "if self._policy.demands_of(identity) and not identity.passkeys:",
            "if False:",
        ),
    ),
    "an enrolment is good after a new password": (
        Edit(
            "flows.factors.factor_token",
            "if not hmac.compare_digest(proof.binding, binding_of(user)):",
            "if proof.kind is not Kind.ENROL and not hmac.compare_digest(proof.binding, binding_of(user)):",
        ),
        Edit(
            "flows.accounts.own_factors",
            "if (pending.epoch, pending.factors_version) != (identity.epoch, identity.factors_version):",
            "if False:",
        ),
    ),
    "a login leaves a weak hash": (
        Edit("flows.sign_in.login", "if needs_rehash(identity.password_hash) else identity", "if False else identity"),
    ),
    "a user who was deleted comes again from the earlier system": (
        Edit(
            "flows.sign_in.migrate_user",
            'self._imported.add([Imported(identity, f"login:{name}")])',
            'self._imported.add([Imported(identity, f"login:{identity.user_id}")])',
        ),
    ),
    "the refusal of the earlier system makes an account": (
        Edit("adapters.migration_function", "    if not valid:\n", "    if valid is None:\n"),
    ),
    "the authorizer reads the feed once a minute": (
        Edit("authorizer.ended_sessions", "<= self._revocation_seconds", "<= 60"),
    ),
    "an authorizer forgets in an outage what it knows": (
        Edit(
            "authorizer.ended_sessions",
            "        self._failures += 1\n",
            "        self._failures, self._entries = 1, {}\n",
        ),
    ),
    "a closed authorizer decides without the feed": (
        Edit("authorizer.ended_sessions", "        if self._is_closed:\n", "        if False:\n"),
    ),
    "an authorizer does not try again after an outage": (
        Edit("authorizer.ended_sessions", "return age_seconds(self._failed, now) >= wait", "return False"),
    ),
    "the strict authorizer takes a session that is not there": (
        Edit(
            "authorizer.strict_sessions",
            '    if item is None:\n        raise InvalidToken("ended session")\n',
            "    if item is None:\n        return\n",
        ),
    ),
    "no route demands a factor": (
        Edit("authorizer.login_demand", 'raise self._refusal("acr")', 'self._refusal("acr")'),
    ),
    "a replacement of keys at once tells nobody": (
        Edit("flows.keys.rotate_keys", "self._withdraw(self._revocations, stored.ring, now_seconds)", "pass"),
    ),
}


@contextmanager
def planted(name: str) -> Iterator[None]:
    """Put a fault into the product, and take it out after the block."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        for edit in MUTANTS[name]:
            _plant(edit, monkeypatch)
        yield


def _plant(edit: Edit, monkeypatch: pytest.MonkeyPatch) -> None:
    module = import_module(f"edge_auth.{edit.module}")
    source = inspect.getsource(module)
    if edit.before not in source:
        raise LookupError(f"{edit.module} has no such text: {edit.before}")
    edited = ModuleType(module.__name__)
    vars(edited).update(__name__=module.__name__, __file__=module.__file__, __package__=module.__package__)
    exec(compile(source.replace(edit.before, edit.after, 1), str(module.__file__), "exec"), vars(edited))  # noqa: S102
    for one, other in _pairs(vars(module), vars(edited)):
        monkeypatch.setattr(one, "__code__", other.__code__)
    for constant, value in vars(edited).items():
        if isinstance(value, str | int) and not constant.startswith("__"):
            monkeypatch.setattr(module, constant, value)


def _pairs(old: Mapping[str, object], new: Mapping[str, object]) -> Iterator[tuple[FunctionType, FunctionType]]:
    """Return each function of a module or of its classes, with its edited form."""
    for name, value in new.items():
        before = old.get(name)
        if getattr(value, "__module__", None) != getattr(before, "__module__", None):
            continue
        if isinstance(value, FunctionType) and isinstance(before, FunctionType):
            one, other = inspect.unwrap(before), inspect.unwrap(value)
            if one.__code__.co_freevars == other.__code__.co_freevars:
                yield one, other
        elif isinstance(value, type) and isinstance(before, type):
            yield from _pairs(vars(before), vars(value))
