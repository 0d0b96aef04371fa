"""Who calls, by what name that is counted, and what each may still do.

An address, a browser, a program, a site: a name holds an address, the name of a site or
a hash, never a secret. What is counted, and how often it may be: web/limits.py.
"""

import hashlib
from typing import cast

from flask import current_app, request
from werkzeug.exceptions import RequestEntityTooLarge

from wxlogin import metrics
from wxlogin.errors import TooManyRequests
from wxlogin.oidc.clients import basic_credentials
from wxlogin.security.networks import group_of, is_inner
from wxlogin.service import running
from wxlogin.tickets.counters import Counters
from wxlogin.web.attempts import browser_of_attempts
from wxlogin.web.edge import bearer_token, mark_of_view
from wxlogin.web.first_visit import held_key
from wxlogin.web.visitors import client_address, former_secret

MINUTE = 60


def address() -> str:
    """Everybody who may be the same as this visitor, by address. What a proxy says
    counts as far as TRUSTED_PROXIES believes it, and no further."""
    return group_of(client_address())


def is_at_a_proxys() -> bool:
    """Is this the address of our own machine or network, where a proxy would be?"""
    return is_inner(client_address())


def place() -> str:
    """The visitor's address, for whom it says where somebody is. Empty where it is the
    address of a proxy that is not believed: then everybody would be in one place."""
    hidden = "X-Forwarded-For" in request.headers and is_at_a_proxys()
    trusts = running().settings.trusted_proxies
    return "" if hidden and not trusts else client_address()


def browser() -> str | None:
    """This browser, by a session that we gave it or by the logins it has begun. A
    program's call has no browser: no cookie of it is looked at."""
    if mark_of_view() == "programs":
        return None
    return browser_of_session() or _hashed("attempts", browser_of_attempts())


def browser_of_session() -> str | None:
    """A browser that has signed in here, whether that session still lives or not."""
    if mark_of_view() == "programs":
        return None
    return _hashed("session", former_secret())


def program() -> str | None:
    return _hashed("bearer", bearer_token())


def first_visit() -> str | None:
    return _hashed("registration", held_key())


def _hashed(kind: str, secret: str | None) -> str | None:
    if not secret:
        return None
    digest = hashlib.sha256(f"limit\x1f{kind}\x1f{secret}".encode()).hexdigest()
    return f"{kind}-{digest[:32]}"


def client() -> str:
    """The site that this call says it is of; empty where there is no such site, so
    that made-up names are one."""
    basic = basic_credentials(request.headers.get("Authorization"))
    given = basic.client_id if basic else _form_client()
    return given if running().settings.site_of(given) else ""


def _form_client() -> str:
    """Empty where the form is larger than we read; its view says so."""
    try:
        return request.form.get("client_id", "")
    except RequestEntityTooLarge:
        return ""


def are_counted() -> bool:
    """Is anything counted? LIMITS may be off."""
    return "wxlogin.counters" in current_app.extensions


def count(name: str, who: str, *, amount: int = 1, seconds: int = MINUTE) -> int:
    """The count of this name and visitor, with `amount` added."""
    return _counters().add(f"{name}:{who}", seconds=seconds, amount=amount)


def held(name: str, who: str) -> int:
    """The count as it is."""
    return _counters().get(f"{name}:{who}")


def spend(name: str, who: str, most: int, *, seconds: int = MINUTE) -> None:
    """Counts one more. Raises TooManyRequests where that is more than `most`, and takes
    it back: what is refused shall not make the wait longer."""
    if count(name, who, seconds=seconds) <= most:
        return
    count(name, who, amount=-1, seconds=seconds)
    raise used_up(name, who)


def used_up(name: str, who: str) -> TooManyRequests:
    """The refusal, with the seconds until the count begins anew; a minute at most,
    because others may give back before that."""
    metrics.LIMITS_REACHED.at(name).inc()
    wait = min(MINUTE, _counters().seconds_left(f"{name}:{who}"))
    return TooManyRequests(
        f"the limit {name} of this caller is used up", wait=wait, limit=name
    )


def _counters() -> Counters:
    return cast(Counters, current_app.extensions["wxlogin.counters"])
