"""All that is asked of WeChat: first whether it is there, then the rest at once.

The server needs api.weixin.qq.com only; open.weixin.qq.com is for people's browsers,
so not to reach it from here is no more than a hint.

Our clock goes against the Date header of the API host (RFC 9110 6.6.1): a state lives
for ten minutes and certificates have dates; tokens are refreshed by our clock. The
header counts whole seconds and took some time on its way, so nothing under half a
minute is worth a word.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from urllib.parse import urlsplit

from wxlogin.config import App, Settings
from wxlogin.config.host_names import is_loopback
from wxlogin.config.outbound import proxy_of
from wxlogin.db import now
from wxlogin.doctor import own_calls, verdicts
from wxlogin.doctor.findings import (
    SECONDS,
    Asking,
    Finding,
    Job,
    asking,
    note,
    ok,
    side_by_side,
    warning,
    wrong,
)
from wxlogin.errors import WeChatUnavailable
from wxlogin.flows import doors
from wxlogin.service import hosts_of
from wxlogin.wechat.answers import errcode, read_json
from wxlogin.wechat.client import WeChat
from wxlogin.wechat.endpoints import API_HOST, OPEN_HOST, QRCONNECT, SNS_AUTH

_CHECK, _CLOCK = "wechat", "clock"
_WARNING_SECONDS = 30
_WRONG_SECONDS = 120


def check(settings: Settings) -> Iterator[Finding]:
    """Hosts, clock, then secret and page of each app. What is not reached is not
    asked again: one line says so, not one for each app."""
    with asking(proxy_of(settings)) as ask:
        reached = reach(settings, ask)
        yield from reached.found
        if reached.api:
            yield clock(reached.date, now())
        jobs = []
        if reached.api:
            wechat = WeChat(hosts_of(settings), budget=SECONDS, pool=ask.transport)
            jobs += _each(settings, "secret", partial(verdicts.secret, wechat=wechat))
            jobs += own_calls.jobs(settings, wechat)
            jobs += [
                Job("codes", partial(verdicts.account_codes, app, wechat))
                for app in settings.apps
                if app.kind is doors.FOLLOW.kind and doors.FOLLOW.takes(app)
                # Of others APPS says it already.
                if app.verified_service is not False
            ]
            jobs += [
                Job("must follow", partial(verdicts.followers, app, wechat))
                for app in settings.accounts_to_follow
            ]
        if reached.open:
            jobs += _each(settings, "page", partial(_page, settings, ask))
        # The client of a login may pause half a second before it asks once more.
        yield from side_by_side(jobs, seconds=SECONDS + 1)


def _page(settings: Settings, ask: Asking, app: App) -> Iterator[Finding]:
    return verdicts.page(settings, app, ask)


def _each(
    settings: Settings, check: str, look: Callable[[App], Iterator[Finding]]
) -> list[Job]:
    return [Job(check, partial(look, app)) for app in settings.apps]


@dataclass
class Reached:
    """What answered: `date` is the API host's Date header, if it sent one."""

    api: bool = False
    open: bool = False
    date: str = ""
    found: list[Finding] = field(default_factory=list)


def reach(settings: Settings, ask: Asking) -> Reached:
    """Asks both hosts, one after the other."""
    reached, hosts = Reached(), hosts_of(settings)
    reached.found += _plain(settings, hosts.api)
    reached.found.append(_api(settings, ask, hosts.api, reached))
    if hosts.open == hosts.api:
        # The simulator: one origin stands for all of them.
        reached.open = reached.api
    else:
        reached.found.append(_open(ask, hosts.open, reached))
    return reached


def _plain(settings: Settings, api: str) -> Iterator[Finding]:
    if urlsplit(api).scheme == "http" and not is_loopback(urlsplit(api).hostname):
        yield wrong(
            _CHECK,
            f"WECHAT_API_URL is {api}: the AppSecret travels where all can read it.",
            todo=f"Use https, or leave the setting out for {API_HOST}.",
        )


def _api(settings: Settings, ask: Asking, api: str, reached: Reached) -> Finding:
    try:
        # Without parameters WeChat answers with an errcode: it is there.
        answer = ask.get(f"{api}{SNS_AUTH}")
        code = errcode(read_json(answer.content))
    except WeChatUnavailable as error:
        return _unreached(settings, api, error)
    reached.api, reached.date = True, answer.headers.get("Date", "")
    if not code:
        return warning(_CHECK, f"{api} answers, but not as WeChat does.")
    kind = "the simulator" if settings.simulated else "WeChat"
    return ok(_CHECK, f"{kind} answers at {api}")


def _unreached(settings: Settings, api: str, error: WeChatUnavailable) -> Finding:
    if settings.simulated:
        todo = "Start it: `make run`, `wxlogin demo`, or alone `wxlogin simulator`."
        return wrong(_CHECK, f"The simulator does not answer at {api}.", todo=todo)
    if error.facts.get("fault") == "garbage":
        text = f"{api} answers, but not as WeChat does: something stands between."
        todo = "Look for a proxy, a portal, or a mistake in WECHAT_API_URL."
        return wrong(_CHECK, text, todo=todo)
    return wrong(_CHECK, error.operator, todo=_own(api, API_HOST))


def _open(ask: Asking, place: str, reached: Reached) -> Finding:
    try:
        ask.get(f"{place}{QRCONNECT}")
    except WeChatUnavailable as error:
        browsers = "People's browsers need it, this machine does not."
        todo = f"{browsers} {_own(place, OPEN_HOST)}".strip()
        return warning(_CHECK, error.operator, todo=todo)
    reached.open = True
    return ok(_CHECK, f"{place} answers")


def _own(place: str, real: str) -> str:
    return "" if place == real else f"WeChat's own address is {real}."


def clock(date: str, now: datetime) -> Finding:
    """`date` is the header, `now` our time when it came."""
    theirs = _moment(date)
    if theirs is None:
        return note(_CLOCK, "not compared: the answer had no usable Date header")
    off = round((now - theirs).total_seconds())
    if abs(off) < _WARNING_SECONDS:
        return ok(_CLOCK, "agrees with WeChat's")
    say = wrong if abs(off) >= _WRONG_SECONDS else warning
    return say(
        _CLOCK,
        f"This machine's clock is {_words(abs(off))} {'ahead' if off > 0 else 'behind'}"
        " of WeChat's.",
        todo="Let NTP set it (timedatectl set-ntp true).",
    )


def _moment(date: str) -> datetime | None:
    try:
        theirs = parsedate_to_datetime(date)
    except ValueError:
        return None
    return theirs.replace(tzinfo=UTC) if theirs.tzinfo is None else theirs


def _words(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
