"""What a refusal of WeChat's was about, by the rid in a log line.

WeChat tells it for a week, to the app that was refused, and nothing of calls below
/sns/ (sign-ins). So each app with an access token asks, all at the same time. What the
call had sent is shown with its secrets masked (wechat/maintenance.py).
"""

import re
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from wxlogin.config import App, AppKind
from wxlogin.config.outbound import proxy_of
from wxlogin.doctor import configuration, verdicts
from wxlogin.doctor.findings import (
    SECONDS,
    Finding,
    Job,
    Level,
    asking,
    note,
    ok,
    side_by_side,
    warning,
)
from wxlogin.errors import WxloginError
from wxlogin.net.deadline import Deadline
from wxlogin.service import hosts_of
from wxlogin.wechat import maintenance
from wxlogin.wechat.client import WeChat
from wxlogin.wechat.errcodes import lookup
from wxlogin.wechat.errors import errcode_of

_CHECK = "rid"
_SHAPE = re.compile("[0-9a-f]{8}(-[0-9a-f]{8}){2}")
_WITH_TOKENS = (AppKind.official_account, AppKind.mini_program)
_UNTOLD = {
    maintenance.RID_UNKNOWN: "WeChat knows no refusal with this rid in the last week",
    maintenance.RID_UNTOLD: "it is of a call below /sns/, of which WeChat tells "
    "nothing; the log line says what there is to know",
}


def is_rid(text: str) -> bool:
    """Has it the shape of one: three times eight hexadecimal digits?"""
    return _SHAPE.fullmatch(text) is not None


def explain(rid: str, folder: Path | None = None) -> list[Finding]:
    """What WeChat says of the refusal; the settings as `examine` reads them."""
    settings, found = configuration.read(folder)
    if settings is None:
        return found
    apps = [app for app in settings.apps if app.kind in _WITH_TOKENS]
    with asking(proxy_of(settings)) as ask:
        wechat = WeChat(hosts_of(settings), budget=SECONDS, pool=ask.transport)
        jobs = [Job(_CHECK, partial(_ask, app, wechat, rid)) for app in apps]
        told = side_by_side(jobs, seconds=SECONDS + 1)
    said = [one for one in told if one.level is not Level.note]
    return said or told or [note(_CHECK, "no app here has an access token to ask with")]


def _ask(app: App, wechat: WeChat, rid: str) -> Iterator[Finding]:
    deadline = Deadline(SECONDS)
    why, token = verdicts.access_token(app, wechat, deadline)
    if not token:
        text = f"{app.name}: WeChat gives no access token to ask with"
        yield from why or [note(_CHECK, text)]
        return
    try:
        found = maintenance.refusal(wechat, app, token, rid, deadline=deadline)
    except WxloginError as error:
        yield _not_told(app, error)
        return
    yield from _told(app, found)


def _not_told(app: App, error: WxloginError) -> Finding:
    code = errcode_of(error)
    if code == maintenance.RID_FOREIGN:
        return note(_CHECK, f"{app.name}: it was not refused to this app")
    if code in _UNTOLD:
        return note(_CHECK, f"{app.name}: {_UNTOLD[code]}")
    return warning(_CHECK, f"{app.name}: WeChat did not say. {error.operator}")


def _told(app: App, found: maintenance.Refusal) -> Iterator[Finding]:
    at = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(found.at))
    yield ok(_CHECK, f"{app.name}: refused at {at}, asked from {found.address}")
    yield ok(_CHECK, f"{app.name}: sent {found.query or 'no query'}")
    if found.body:
        yield ok(_CHECK, f"{app.name}: and in the body {found.body}")
    meaning = lookup(found.errcode).meaning if found.errcode else "no errcode"
    yield warning(_CHECK, f"{app.name}: answered {found.answer}: {meaning}.")
