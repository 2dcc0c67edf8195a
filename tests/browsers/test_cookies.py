"""The cookies in a real browser: what it keeps of them, and that no script gets or changes them."""

import pytest

from tests.browsers.conftest import World
from tests.browsers.visitor import Visitor, call, login
from tests.support.browser import DEVICE_COOKIE, REFRESH_COOKIE

DAY_SECONDS = 86_400
LIFETIMES = {REFRESH_COOKIE: 14 * DAY_SECONDS, DEVICE_COOKIE: 400 * DAY_SECONDS}
FORGED = "Path=/; Secure; SameSite=Strict; Max-Age=1000"


def test_a_login_leaves_two_cookies_that_only_the_browser_reads(world: World, visitor: Visitor) -> None:
    """B1: each has exactly its attributes, and no answer has a refresh token in its body."""
    tab = visitor.open()
    before = tab.evaluate("Date.now() / 1000")
    login(tab)
    tab.reload()
    tab.wait_for_function("window.auth")
    assert call(tab, "auth.restore()") == {"value": True}

    cookies = visitor.cookies()
    assert cookies.keys() == LIFETIMES.keys()
    for name, cookie in cookies.items():
        assert cookie["expires"] == pytest.approx(before + LIFETIMES[name], abs=60)
        kept = {part: cookie[part] for part in ("domain", "path", "secure", "httpOnly", "sameSite")}
        assert kept == {"domain": "127.0.0.1", "path": "/", "secure": True, "httpOnly": True, "sameSite": "Strict"}
    assert tab.evaluate("document.cookie") == ""
    assert [answer.status for answer in world.api.answers] == [200, 200]
    assert [
        answer for answer in world.api.answers if "edgeauth_" in answer.text or "refresh_token" in answer.text
    ] == []


def test_a_script_neither_makes_nor_changes_the_cookie(visitor: Visitor) -> None:
    """B3: the browser refuses a name with `__Host-Http-` from a script, before the login and after it."""
    tab = visitor.open()
    write = f"document.cookie = '{REFRESH_COOKIE}=forged; {FORGED}'"
    tab.evaluate(write)
    assert visitor.cookies() == {}
    login(tab)
    before = visitor.cookies()

    tab.evaluate(write)
    tab.evaluate(f"document.cookie = '{REFRESH_COOKIE}=; Path=/; Secure; Max-Age=0'")
    tab.evaluate(f"cookieStore.set('{REFRESH_COOKIE}', 'forged').catch(() => 0)")
    tab.evaluate(f"cookieStore.delete('{REFRESH_COOKIE}').catch(() => 0)")

    assert visitor.cookies() == before
    tab.evaluate("document.cookie = '__Host-other=made; Path=/; Secure'")
    assert "__Host-other" in visitor.cookies(), "a name without Http can be made"


@pytest.mark.parametrize(
    "write",
    [
        "localStorage.kept = SECRET",
        "sessionStorage.kept = SECRET",
        "document.cookie = 'kept=' + SECRET",
        "caches.open('c').then((cache) => cache.put('/kept', new Response(SECRET)))",
        "history.replaceState(null, '', '#' + SECRET)",
        "console.log(SECRET)",
        "fetch('/lost?' + SECRET)",
        """new Promise((done) => {
          const request = indexedDB.open('d');
          request.onupgradeneeded = () => request.result.createObjectStore('s').put(SECRET, 'kept');
          request.onsuccess = done;
        })""",
    ],
    ids=["localStorage", "sessionStorage", "cookie", "CacheStorage", "URL", "console", "request", "IndexedDB"],
)
def test_the_watch_of_every_test_finds_a_token_in_each_place(visitor: Visitor, write: str) -> None:
    """B2: at the end of each test nothing is found. A secret that is really there is found."""
    tab = visitor.open()
    assert visitor.leaked(["planted"]) == []

    tab.evaluate(f"async () => {{ await ({write.replace('SECRET', repr('planted'))}) }}")

    assert visitor.leaked(["planted"]) != []
