"""The pages as answers of a Lambda function (payload 2.0). No cache keeps them, because they show one user's data."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from edge_auth.web.session import SignedIn

HERE = Path(__file__).parent
FILES = {
    "/static/site.css": ("text/css; charset=utf-8", (HERE / "static" / "site.css").read_text()),
    "/static/sign-in.js": ("text/javascript; charset=utf-8", (HERE / "static" / "sign-in.js").read_text()),
}
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
}

environment = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined)
environment.filters["time"] = lambda seconds: datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def sign_in() -> dict[str, object]:
    """Return the page that signs in."""
    return _page(200, "sign_in.html")


def account(
    user: SignedIn, *, notice: str = "", problem: str = "", cookies: Sequence[str] = (), status: int = 200
) -> dict[str, object]:
    """Return the page of the account."""
    return _page(status, "account.html", cookies, user=user, notice=notice, problem=problem)


def sessions(found: list[dict[str, Any]], *, problem: str = "") -> dict[str, object]:
    """Return the page of the sessions: those of GET /auth/sessions."""
    return _page(200, "sessions.html", sessions=found, problem=problem)


def message(status: int, text: str) -> dict[str, object]:
    """Return a page with one sentence."""
    return _page(status, "message.html", text=text)


def redirect(path: str, *, cookies: Sequence[str] = ()) -> dict[str, object]:
    """Lead the browser to a page of this site, with GET (RFC 9110 §15.4.4)."""
    return _answer(303, {"Location": path}, "", cookies)


def file(path: str) -> dict[str, object]:
    """Return a file of FILES."""
    media_type, text = FILES[path]
    return _answer(200, {"Content-Type": media_type, "Cache-Control": "max-age=300"}, text)


def _page(status: int, template: str, cookies: Sequence[str] = (), **values: object) -> dict[str, object]:
    html = environment.get_template(template).render(**values)
    return _answer(status, {"Content-Type": "text/html; charset=utf-8"}, html, cookies)


def _answer(status: int, headers: dict[str, str], body: str, cookies: Sequence[str] = ()) -> dict[str, object]:
    kept = {"Cache-Control": "no-store", **SECURITY_HEADERS, **headers}
    return {"statusCode": status, "headers": kept, "cookies": list(cookies), "body": body}
