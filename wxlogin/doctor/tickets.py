"""Redis, where the settings name one: reachable, and lets us write."""

import secrets
from collections.abc import Iterator
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from wxlogin.config import Settings
from wxlogin.doctor.finding import Finding, ok, wrong
from wxlogin.errors import ConfigurationError, Unready
from wxlogin.security.sealing import Sealer
from wxlogin.tickets import store_for

if TYPE_CHECKING:
    # Only those who use Redis have its client.
    from wxlogin.tickets.redis import RedisTickets

_CHECK = "redis"
_SECONDS = 5


def check(settings: Settings) -> Iterator[Finding]:
    """Puts a ticket into Redis and takes it out again."""
    if not settings.redis_url:
        yield ok(_CHECK, "not used; short-lived state is in the database")
        return
    try:
        # What is written here is read here only: any key will do.
        store = store_for(settings, Sealer([secrets.token_bytes(32)]))
    except ConfigurationError as error:
        yield wrong(_CHECK, f"{error.operator}.")
        return
    yield _tried(cast("RedisTickets", store), _place(settings.redis_url))


def _tried(store: "RedisTickets", place: str) -> Finding:
    key = secrets.token_hex(16)
    try:
        store.add("doctor", key, "here", ttl=_SECONDS)
        back = store.take("doctor", key)
    except Unready as error:
        return wrong(
            _CHECK,
            f"Redis at {place} cannot be used ({error.facts.get('fault')}).",
            todo="Start it, or mend REDIS_URL (address, password, TLS); nobody can "
            "sign in until then.",
        )
    finally:
        store.close()
    if back != "here":
        return wrong(_CHECK, f"Redis at {place} forgets at once what it was told.")
    return ok(_CHECK, f"{place} answers and keeps what it is told")


def _place(url: str) -> str:
    """The address without the password that may stand in front of it."""
    return urlsplit(url).netloc.rpartition("@")[2] or "its socket"
