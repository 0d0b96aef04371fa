"""All that is asked of WeChat: first whether it is there, then the rest at once."""

from collections.abc import Callable, Iterator
from functools import partial

from wxlogin.config import App, Settings
from wxlogin.db import now
from wxlogin.doctor import app_secrets, clock, pages
from wxlogin.doctor.asking import SECONDS, Asking, asking
from wxlogin.doctor.finding import Finding
from wxlogin.doctor.hosts import reach
from wxlogin.doctor.side_by_side import Job, side_by_side
from wxlogin.service import hosts_of
from wxlogin.wechat.client import WeChat


def check(settings: Settings) -> Iterator[Finding]:
    """Hosts, clock, then secret and page of each app. What is not reached is not
    asked again: one line says so, not one for each app."""
    with asking() as ask:
        reached = reach(settings, ask)
        yield from reached.found
        if reached.api:
            yield clock.check(reached.date, now())
        jobs = []
        if reached.api:
            wechat = WeChat(hosts_of(settings), budget=SECONDS, pool=ask.transport)
            jobs += _each(settings, "secret", partial(app_secrets.check, wechat=wechat))
        if reached.open:
            jobs += _each(settings, "page", partial(_page, settings, ask))
        # The client of a login may pause half a second before it asks once more.
        yield from side_by_side(jobs, seconds=SECONDS + 1)


def _page(settings: Settings, ask: Asking, app: App) -> Iterator[Finding]:
    return pages.check(settings, app, ask)


def _each(
    settings: Settings, check: str, look: Callable[[App], Iterator[Finding]]
) -> list[Job]:
    return [Job(check, partial(look, app)) for app in settings.apps]
