"""A short name of the device that a user agent tells of.

The name is made of words that are listed here, or it is one word. A client chooses its user agent: no sentence and no
address of a stranger may get into a mail that users trust.
"""

import re

# Each with the word that only its user agents have. Browsers name their ancestors too, so the order decides.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
UNKNOWN = "?"
_FIRST_WORD = re.compile(r"([A-Za-z0-9_-]{1,32})(?=/|$)")


def device_name(user_agent: str) -> str:
    """Return the browser and the system, or the first word of another client's user agent."""
    known = [next((name for mark, name in names if mark in user_agent), "") for names in (BROWSERS, SYSTEMS)]
    if any(known):
        return ", ".join(filter(None, known))
    word = _FIRST_WORD.match(user_agent)
    return word[1] if word else UNKNOWN
