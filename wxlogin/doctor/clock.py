"""Our clock against the Date header of WeChat's API host (RFC 9110 6.6.1).

A state lives for ten minutes and certificates have dates; tokens are refreshed by our
clock. The header counts whole seconds and took some time on its way, so nothing under
half a minute is worth a word.
"""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from wxlogin.doctor.finding import Finding, note, ok, warning, wrong

_CHECK = "clock"
_WARNING_SECONDS = 30
_WRONG_SECONDS = 120


def check(date: str, now: datetime) -> Finding:
    """`date` is the header, `now` our time when it came."""
    theirs = _parsed(date)
    if theirs is None:
        return note(_CHECK, "not compared: the answer had no usable Date header")
    off = round((now - theirs).total_seconds())
    if abs(off) < _WARNING_SECONDS:
        return ok(_CHECK, "agrees with WeChat's")
    say = wrong if abs(off) >= _WRONG_SECONDS else warning
    return say(
        _CHECK,
        f"This machine's clock is {_words(abs(off))} {'ahead' if off > 0 else 'behind'}"
        " of WeChat's.",
        todo="Let NTP set it (timedatectl set-ntp true).",
    )


def _parsed(date: str) -> datetime | None:
    try:
        theirs = parsedate_to_datetime(date)
    except ValueError:
        return None
    return theirs.replace(tzinfo=UTC) if theirs.tzinfo is None else theirs


def _words(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
