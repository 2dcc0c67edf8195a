"""Requests that are generated from docs/openapi.yaml, with headers, cookies and tokens, through the gateway's routes.

No answer is a 5xx, each has a documented status, header and body, and each says `no-store`, but for the public
documents and the answers to preflights, which have no secret. The hostile bodies of the tests go to each route too.
"""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.core.failures import FailureGroup
from werkzeug.test import Client

from benchmarks.frame.results import markdown
from proof.frame.results import Figures
from proof.frame.run import Run, added
from proof.hostile.functions import deployed
from proof.hostile.good_tokens import NEW_PASSWORD, WITH_ALL, add_users, good_tokens
from tests.support.browser import APP, DEVICE_COOKIE, REFRESH_COOKIE, SESSION_COOKIE, jar, page_login, token_in
from tests.support.documented import CHECKS, read_document
from tests.support.hostile_bodies import DAMAGED_FORMS, DAMAGED_JSON
from tests.support.http_gateway import HttpGateway
from tests.support.people import PASSWORD
from tests.support.sample_events import FORM, JSON, STAGE, login_event
from tests.support.second_factor import shown_by_app
from tests.support.stack import Stack

SECRET_MEMBERS = {
    *("access_token", "refresh_token", "device_token", "mfa_token", "enrolment_token"),
    *("secret", "enrolment", "recovery_codes", "challenge"),
}
_NAMES = ("requests", "2xx", "4xx", "with a credential", "5xx", "not in the document", "without no-store")
_FAULTS = _NAMES[-3:]
_RESTORED_AFTER = 25  # requests: so that some find what others have left, and counters of attempts do not stop all


def prove(run: Run) -> Figures:
    """Send requests of each operation, and the hostile bodies to each that takes a body."""
    document = read_document()
    operations = [(method.upper(), path) for path, methods in document["paths"].items() for method in methods]
    size = run.amount(short=1, long=424)
    with deployed(run.chance("draws"), **WITH_ALL) as without_mail:
        visitor = _Visitor(without_mail.with_mail(), document)

        def act(part: str) -> dict[str, int]:
            method, path, what = part.split()
            if what == "bodies":
                return visitor.send_bodies(method, path, run.amount(short=29, long=1))
            return visitor.send(method, path, size, run.chance(part))

        parts = [f"{method} {path} generated" for method, path in operations]
        parts += [f"{method} {path} bodies" for method, path in operations if visitor.has_body(method, path)]
        counted = run.parts(parts, act)
    counts = {
        what: added(found for part, found in counted.items() if part.endswith(what)) for what in ("generated", "bodies")
    }
    return Figures({"operations": len(operations), **counts})


def broken(figures: Figures) -> list[str]:
    """Return a line for each promise that does not hold."""
    both = {what: figures.counts[what] for what in ("generated", "bodies")}
    lines = [f"{what}: {counts[fault]} {fault}" for what, counts in both.items() for fault in _FAULTS if counts[fault]]
    if not all(both["generated"][name] for name in _NAMES[:4]):
        lines.append("a kind of answer has never come, so the requests show little")
    return lines


def table(figures: Figures) -> str:
    """Return a row for each kind of request."""
    rows = [
        (what, *(f"{counts[name]:,}" for name in _NAMES))
        for what, counts in figures.counts.items()
        if isinstance(counts, Mapping)
    ]
    return markdown((f"requests to {figures.counts['operations']} operations", *_NAMES), rows)


class _Visitor:
    """Sends requests to one stack, with all that a client may have, and judges the answers."""

    def __init__(self, stack: Stack, document: dict[str, Any]) -> None:
        self._stack, self._document = stack, document
        self._schema = schemathesis.openapi.from_dict(document)
        self._gateway = HttpGateway(stack)
        add_users(stack)
        login = stack.function("login")
        tokens = login(login_event("ada", PASSWORD)).json
        of_page = [token_in(cookie) for cookie in jar(login(page_login()))]
        of_site = token_in(jar(login(page_login(transport="session")))[0])
        good = good_tokens(stack)  # it gives ada a passkey, so her sessions come before
        self._bearer = f"Bearer {tokens['access_token']}"
        self._cookies = {REFRESH_COOKIE: of_page[0], DEVICE_COOKIE: of_page[1], SESSION_COOKIE: of_site}
        self._values = {
            "username": "ada", "password": PASSWORD, "current_password": PASSWORD, "new_password": NEW_PASSWORD,
            "refresh_token": tokens["refresh_token"], "token": tokens["refresh_token"], "mfa_token": good["mfa"][0],
            "enrolment_token": good["enrolment"][0], "device_token": good["device"][0],
            "otp": shown_by_app(stack.clock.now_seconds), "code": "12345678", "transport": "cookie",
        }  # fmt: skip
        self._proofs = {"/auth/password/reset/confirm": "reset", "/auth/email/confirm": "confirm"}
        self._good = good
        self._stored = stack.tables.contents()

    def has_body(self, method: str, path: str) -> bool:
        """Return whether an operation takes a body."""
        return "requestBody" in self._operation(method, path)

    def send(self, method: str, path: str, size: int, chance: random.Random) -> dict[str, int]:
        """Send as many generated requests, half of them invalid ones if there is a body."""
        counts = Counter(dict.fromkeys(_NAMES, 0))
        modes = list(GenerationMode) if self.has_body(method, path) else [GenerationMode.POSITIVE]
        for mode in modes:
            cases = self._schema[path][method].as_strategy(generation_mode=mode)

            @seeded(chance.getrandbits(64))
            @settings(
                max_examples=max(1, size // len(modes)),
                deadline=None,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(case=cases, dress=st.integers(0, 2**64))
            def each(case: schemathesis.Case[Any], dress: int) -> None:
                self._send_case(case, random.Random(dress), counts)  # noqa: S311 - to repeat a run

            self._stack.tables.restore(self._stored)
            each()
        return dict(counts)

    def send_bodies(self, method: str, path: str, step: int) -> dict[str, int]:
        """Send the hostile bodies, or each of so many."""
        counts = Counter(dict.fromkeys(_NAMES, 0))
        client = Client(self._gateway)
        url = f"/{STAGE}{path}".replace("{passkey_id}", "x")
        self._stack.tables.restore(self._stored)
        for media_type, bodies in ((JSON, DAMAGED_JSON), (FORM, DAMAGED_FORMS)):
            for body in bodies[::step]:
                headers = {**self._credentials(method, path), "Content-Type": media_type}
                answer = client.open(url, method=method, data=body.encode("utf-8", "surrogatepass"), headers=headers)
                documented = str(answer.status_code) in self._operation(method, path)["responses"]
                self._count(counts, path, answer.status_code, dict(answer.headers), answer.get_json(silent=True))
                counts["not in the document"] += not documented
        return dict(counts)

    def _send_case(self, case: "schemathesis.Case[Any]", chance: random.Random, counts: Counter[str]) -> None:
        if counts["requests"] % _RESTORED_AFTER == 0:
            self._stack.tables.restore(self._stored)
        case.operation.app = self._gateway
        method, path = case.method, case.path
        if isinstance(case.body, dict):
            self._fill(case.body, path, chance)
        response = case.call(headers={**self._credentials(method, path, chance), **_odd_headers(chance)})
        try:
            case.validate_response(response, checks=CHECKS)
        except FailureGroup:
            counts["not in the document"] += 1
        body = response.json() if response.content and "json" in str(response.headers.get("content-type")) else None
        headers = {name: values[0] for name, values in response.headers.items()}
        self._count(counts, path, response.status_code, headers, body)

    def _fill(self, body: dict[str, Any], path: str, chance: random.Random) -> None:
        """Put values in a body that a user could have, in a part of the requests."""
        values = {**self._values, "proof": self._good[self._proofs.get(path, "undo")][0]}
        for name in sorted(body.keys() & values.keys()):  # the order of a set differs from run to run
            if chance.random() < 0.6:  # noqa: PLR2004 - the larger part gets further than the first check
                body[name] = values[name]

    def _credentials(self, method: str, path: str, chance: random.Random | None = None) -> dict[str, str]:
        """Return the credentials that an operation wants, or in a part of the requests other ones."""
        page = {"Origin": APP, "Sec-Fetch-Site": "same-site", "X-Edge-Auth": "1"}
        is_of_site = self._operation(method, path).get("security") == [{"sessionCookie": []}]
        wanted = {"Cookie": f"{SESSION_COOKIE}={self._cookies[SESSION_COOKIE]}", **page} if is_of_site else {}
        if not is_of_site:
            wanted = {"Authorization": self._bearer}
        if chance is None or chance.random() < 0.6:  # noqa: PLR2004 - as above
            return wanted
        named = [f"{name}={chance.choice((token, token[:-1], 'x', ''))}" for name, token in self._cookies.items()]
        cookie = "; ".join(chance.sample(named, k=chance.randrange(1, 4)))
        return chance.choice(
            [
                {},
                {**page, "Cookie": cookie},
                {"Cookie": cookie},
                {**wanted, "Cookie": cookie, "Origin": chance.choice(("https://evil.example", "null", "", APP))},
                {"Authorization": chance.choice((self._bearer[:-1], "Bearer x", "Basic eDp5", "Bearer", ""))},
                {"Authorization": self._bearer.replace("Bearer", "bearer"), **page, "Cookie": cookie},
            ]
        )

    def _count(self, counts: Counter[str], path: str, status: int, headers: Mapping[str, str], body: object) -> None:
        lower = {name.lower(): value for name, value in headers.items()}
        counts["requests"] += 1
        counts[f"{status // 100}xx"] += 1
        counts["with a credential"] += "set-cookie" in lower or (
            isinstance(body, dict) and not SECRET_MEMBERS.isdisjoint(body)
        )
        is_public = path.startswith("/.well-known/") or path == "/{proxy+}"
        counts["without no-store"] += not is_public and lower.get("cache-control") != "no-store"

    def _operation(self, method: str, path: str) -> dict[str, Any]:
        operation: dict[str, Any] = self._document["paths"][path][method.lower()]
        return operation


def _odd_headers(chance: random.Random) -> dict[str, str]:
    """Return headers that a client may send to make a function stumble, in a half of the requests."""
    odd: Sequence[dict[str, str]] = [
        *({} for _ in range(8)),
        {"User-Agent": "x" * chance.randrange(9000)},
        {"User-Agent": "\u00e9\u00ff{}<script>"},
        {"X-Forwarded-For": chance.choice(("", "1.2.3.4, x", "::1", "a" * 5000))},
        {"If-None-Match": chance.choice(("*", '"x"', 'W/"x"', "x", ""))},
        {"Content-Type": chance.choice(("text/plain", "", "application/json; charset=utf-8", FORM, "x" * 3000))},
        {"Sec-Fetch-Site": chance.choice(("cross-site", "none", "x"))},
        {"X-Amzn-Trace-Id": "x" * 500, "X-Request-Id": "\u00ff"},
        {"Accept-Language": "x," * 2000, "Accept": "text/html"},
    ]
    return chance.choice(odd)
