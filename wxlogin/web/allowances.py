"""What a visitor may still do of something, by counting it (see web/limits.py)."""

from typing import cast

from flask import current_app

from wxlogin.errors import TooManyRequests
from wxlogin.tickets.counters import Counters

MINUTE = 60


def are_on() -> bool:
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
    wait = min(MINUTE, _counters().seconds_left(f"{name}:{who}"))
    return TooManyRequests(
        f"the limit {name} of this caller is used up", wait=wait, limit=name
    )


def _counters() -> Counters:
    return cast(Counters, current_app.extensions["wxlogin.counters"])
