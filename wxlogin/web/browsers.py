"""What we keep of a browser: its address and a name a person recognises."""

import re

from flask import request

_SYSTEMS = (
    ("HarmonyOS", r"HarmonyOS|OpenHarmony"),
    ("iPhone", r"iPhone"),
    ("iPad", r"iPad"),
    ("Android", r"Android"),
    ("Windows", r"Windows NT"),
    ("macOS", r"Macintosh"),
    ("ChromeOS", r"CrOS"),
    ("Linux", r"Linux"),
)
# Order matters: most browsers also name the one they descend from.
_BROWSERS = (
    ("WeCom", r"wxwork"),
    ("WeChat", r"MicroMessenger"),
    ("Edge", r"Edg[A-Z]?\w*/"),
    ("Opera", r"OPR/|Opera"),
    ("QQ", r"QQBrowser"),
    ("UC", r"UCBrowser"),
    ("Firefox", r"Firefox/|FxiOS/"),
    ("Chrome", r"Chrome/|CriOS/"),
    ("Safari", r"Safari/"),
)


def client_address() -> str:
    """The visitor's address, behind as many proxies as are believed."""
    return (request.remote_addr or "")[:45]


def browser_name() -> str:
    """Such as `Chrome · Windows`; empty for a stranger."""
    agent = request.headers.get("User-Agent", "")[:400]
    found = (_first(_BROWSERS, agent), _first(_SYSTEMS, agent))
    return " · ".join(name for name in found if name)


def _first(table: tuple[tuple[str, str], ...], agent: str) -> str:
    return next((name for name, sign in table if re.search(sign, agent)), "")
