"""The cookies of pending logins: one each, so that tabs do not kill each other.

They last as long as a state, and together they stay small: at most ten, at most
3 kB, the oldest goes first (security rows 7 and 8).
"""

import re
from dataclasses import replace

from flask import redirect, request
from werkzeug.wrappers import Response

from wxlogin.flows.redirect.attempt import Attempt, attempt_from_cookie
from wxlogin.flows.redirect.begin import Begun
from wxlogin.security.cookies import clear_cookie, cookie_name, set_cookie
from wxlogin.security.signing import STATE_SECONDS
from wxlogin.service import running

_MOST = 10
_BYTES = 3000
# As `new_nonce` makes them.
_NONCE = re.compile(r"[A-Za-z0-9_-]{22}")


def held_attempt(nonce: str) -> Attempt | None:
    """The attempt with this nonce that the browser holds, if it is genuine."""
    settings = running().settings
    text = request.cookies.get(cookie_name(settings, _name(nonce)))
    attempt = attempt_from_cookie(settings, text) if text else None
    return attempt if attempt and attempt.nonce == nonce else None


def hold_attempt(response: Response, attempt: Attempt) -> None:
    """Gives the browser the attempt's cookie and takes back what is too much."""
    settings = running().settings
    known = replace(attempt, browser=browser_of_attempts() or attempt.nonce)
    value = known.to_cookie(settings)
    _make_room(response, len(value))
    name = _name(attempt.nonce)
    set_cookie(response, settings, name, value, max_age=STATE_SECONDS)


def to_wechat(begun: Begun) -> Response:
    """Sends the browser to WeChat with the attempt's cookie."""
    response = redirect(begun.url, 302)
    hold_attempt(response, begun.attempt)
    return response


def browser_of_attempts() -> str:
    """What names this browser among others while its logins wait; "" for none."""
    genuine, _others = _sorted(_held())
    return max(genuine, key=lambda one: one.begun).browser if genuine else ""


def _held() -> dict[str, str]:
    """Cookies by nonce. Whoever shares our host may plant a name; what cannot be ours
    is let be."""
    start = cookie_name(running().settings, "at-")
    return {
        name.removeprefix(start): value
        for name, value in request.cookies.items()
        if name.startswith(start) and _NONCE.fullmatch(name.removeprefix(start))
    }


def _sorted(held: dict[str, str]) -> tuple[list[Attempt], list[str]]:
    """The attempts that are genuine, and the nonces of those that are not."""
    settings = running().settings
    found = {nonce: attempt_from_cookie(settings, text) for nonce, text in held.items()}
    genuine = [one for nonce, one in found.items() if one and one.nonce == nonce]
    good = {one.nonce for one in genuine}
    return genuine, [nonce for nonce in held if nonce not in good]


def _make_room(response: Response, needed: int) -> None:
    settings, held = running().settings, _held()
    attempts, others = _sorted(held)
    for nonce in others:
        clear_cookie(response, settings, _name(nonce))
    genuine = [(one.begun, one.nonce, len(held[one.nonce])) for one in attempts]
    genuine.sort(reverse=True)
    total = needed
    for place, (_begun, nonce, size) in enumerate(genuine, start=2):
        total += size
        if place > _MOST or total > _BYTES:
            clear_cookie(response, settings, _name(nonce))


def _name(nonce: str) -> str:
    return f"at-{nonce}"
