"""The codes that a browser holds: one cookie with the secret of each.

The newest comes first, and four are the most: one for each tab with a wish of its own.
Without its secret an address that names a ticket leads nowhere (security rows 67, 75).
"""

import re
from contextlib import suppress

from flask import request
from werkzeug.wrappers import Response

from wxlogin.errors import ScanUnknown
from wxlogin.flows import pairing
from wxlogin.flows.pairing import Begun
from wxlogin.flows.pairing_ticket import Pairing
from wxlogin.security.cookies import read_cookie, set_cookie
from wxlogin.service import running
from wxlogin.web import limits

_COOKIE = "scan"
_MOST = 4
_HELD = re.compile(r"([\w-]{22})~([\w-]{22})", re.ASCII)


def of_browser(ticket: str, *, door: str) -> Pairing:
    """The ticket of this door, where this browser has its secret. Raises ScanUnknown,
    or TooManyRequests for who guesses."""
    with limits.guessing():
        found = pairing.of_browser(ticket, held_secrets().get(ticket, ""))
        if found.door != door:
            raise ScanUnknown("the ticket is of another door")
    return found


def codes_of_browser() -> list[Pairing]:
    """The codes of this browser that are still known, the newest first."""
    found = []
    for ticket, secret in held_secrets().items():
        with suppress(ScanUnknown):
            found.append(pairing.of_browser(ticket, secret))
    return found


def held_secrets() -> dict[str, str]:
    """The secrets of this browser's codes by their tickets, the newest first."""
    text = read_cookie(request, running().settings, _COOKIE) or ""
    return dict(_HELD.findall(text)[:_MOST])


def hold_code(response: Response, begun: Begun) -> None:
    """Gives the browser the secret of a new code."""
    held = [(begun.scene, begun.secret), *held_secrets().items()][:_MOST]
    text = ".".join(f"{scene}~{secret}" for scene, secret in held)
    settings = running().settings
    age = settings.scan_ttl + pairing.GRACE_SECONDS + pairing.CLAIM_SECONDS
    set_cookie(response, settings, _COOKIE, text, max_age=age)
