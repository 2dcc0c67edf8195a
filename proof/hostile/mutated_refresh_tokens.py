"""Edits of refresh tokens, at each way to present one: none is accepted, and each is refused without a call to AWS."""

from collections.abc import Callable
from functools import partial

from proof.frame.results import Figures
from proof.frame.run import Run
from proof.hostile import opaque_tokens
from proof.hostile.functions import deployed
from proof.hostile.opaque_tokens import MALFORMED, Place, Said, edit_all, exact, form, said, stripped
from tests.support.browser import APP, REFRESH_COOKIE, jar, page_login, page_logout, page_refresh, site_login, token_in
from tests.support.people import PASSWORD, ada
from tests.support.sample_events import login_event, logout_event, refresh_event
from tests.support.stack import Answer, Stack

__all__ = ["broken", "prove", "table"]

broken, table = opaque_tokens.broken, opaque_tokens.table

Send = Callable[[str], Answer]
_LOGINS = 3  # for each way to present a token


def prove(run: Run) -> Figures:
    """Edit tokens of sessions that live."""
    with deployed(run.chance("draws"), AllowedOrigins=APP) as stack:
        stack.add_user(ada(), PASSWORD)
        login = stack.function("login")
        in_bodies = [login(login_event("ada", PASSWORD)).json["refresh_token"] for _ in range(_LOGINS)]
        in_cookies = [token_in(jar(login(page_login()))[0]) for _ in range(_LOGINS)]
        of_sites_and_devices = [token_in(cookie) for cookie in jar(login(site_login()))]
        others = [*in_bodies, *in_cookies, *of_sites_and_devices]
        places = _places(stack, in_bodies, in_cookies)
        return edit_all(run, places, stack, size=run.amount(short=126, long=180_000), others=others)


def _places(stack: Stack, in_bodies: list[str], in_cookies: list[str]) -> list[Place]:
    refresh, logout = stack.function("refresh"), stack.function("logout")
    sent: dict[str, Send] = {
        "refresh, JSON": lambda text: refresh(refresh_event(text)),
        "refresh, form": lambda text: refresh(form("refresh-form", refresh_token=text, grant_type="refresh_token")),
        "refresh, cookie": lambda text: refresh(page_refresh(f"{REFRESH_COOKIE}={text}")),
        "logout, JSON": lambda text: logout(logout_event(text)),
        "logout, form": lambda text: logout(form("logout-form", token=text)),
        "logout, cookie": lambda text: logout(page_logout(f"{REFRESH_COOKIE}={text}")),
    }
    places, authentic = [], [*in_bodies, *in_cookies]  # one in the wrong place is known only by the item of its session
    for name, send in sent.items():
        is_of_page = name.endswith("cookie")
        good = in_cookies if is_of_page else in_bodies
        done = (204, "") if name in {"logout, JSON", "logout, cookie"} else (200, "")
        # A logout answers an unknown token as a known one.
        refusals = {MALFORMED, done if name.startswith("logout") else (400, "invalid_grant")}
        is_same = stripped(authentic) if is_of_page else exact(authentic)
        places.append(Place(name, good, partial(_said, send), done, refusals, is_same))
    return places


def _said(send: Send, text: str) -> Said:
    return said(send(text))
