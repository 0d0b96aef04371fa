"""What WeChat's own page says of an app: its kind, its approval, its domain.

The doctor asks for the page with the QR code and does not show it to anybody. WeChat
never sends a mistake back to the site: it answers HTTP 200 and a small page with one
sentence, in an element of class weui_msg_title. Sources: reports on
developers.weixin.qq.com/community, collected for the texts below; the guide for
website login says that the domain must match.

    Scope 参数错误或没有 Scope 权限   not a website app, or 微信登录 not granted
    redirect_uri 参数错误            the callback domain is another host
    AppID 参数错误                   unknown appid

Mistakes of pages inside WeChat are shown inside WeChat only, so of an official
account this can tell no more than that it is not a website app.
"""

import re
from collections.abc import Iterator

from wxlogin.config import App, AppKind, Settings
from wxlogin.doctor.asking import Asking
from wxlogin.doctor.console import ABILITIES_PAGE, DOMAIN_PAGES, SECRET_PAGES
from wxlogin.doctor.finding import Finding, note, ok, warning, wrong
from wxlogin.errors import WeChatUnavailable
from wxlogin.service import hosts_of
from wxlogin.wechat.endpoints import QRCODE, qrconnect_url

_CHECK = "page"
_TITLE = re.compile(r'class="weui[-_]msg_+title[^>]*>\s*([^<]{1,200}?)\s*<')
# No state of ours: a code that came back with it would be refused.
_STATE = "doctor"


def check(settings: Settings, app: App, ask: Asking) -> Iterator[Finding]:
    """At most one line for this app."""
    url = qrconnect_url(
        hosts_of(settings),
        appid=app.appid,
        redirect_uri=f"{settings.public_url}/login/callback/{app.name}",
        state=_STATE,
    ).partition("#")[0]
    try:
        body = ask.get(url).content.decode("utf-8", "replace")
    except WeChatUnavailable as error:
        yield warning(_CHECK, f"{app.name}: not seen. {error.operator}")
        return
    title = _TITLE.search(body)
    problem = title[1] if title else ""
    if app.kind is AppKind.website:
        yield _website(settings, app, problem, shown=f"{QRCODE}/" in body)
    elif f"{QRCODE}/" in body:
        yield _other_kind(app)


def _website(settings: Settings, app: App, problem: str, *, shown: bool) -> Finding:
    if problem.startswith("Scope"):
        return wrong(
            _CHECK,
            f"{app.name}: WeChat answers “{problem}”: it is not a website app, or "
            "微信登录 is not granted.",
            todo="Set its kind to what it is in the console, or apply for 微信登录.",
            console=ABILITIES_PAGE,
        )
    if problem.startswith("redirect_uri"):
        return wrong(
            _CHECK,
            f"{app.name}: WeChat answers “{problem}”: its callback domain is not "
            f"{settings.public.hostname}.",
            todo=f"Enter {settings.public.hostname}, or mend PUBLIC_URL.",
            console=DOMAIN_PAGES[app.kind],
        )
    if problem.startswith("AppID"):
        return wrong(
            _CHECK,
            f"{app.name}: WeChat answers “{problem}”: it knows no such website app.",
            todo="Compare the appid with the console, letter by letter.",
            console=SECRET_PAGES[app.kind],
        )
    if shown and not problem:
        return ok(_CHECK, f"{app.name}: WeChat shows its QR code for our callback")
    return note(_CHECK, f"{app.name}: WeChat shows a page unknown to this version")


def _other_kind(app: App) -> Finding:
    return wrong(
        _CHECK,
        f"{app.name}: WeChat shows a QR code for it, so it is a website app and no "
        f"{app.kind.value}.",
        todo="Set its kind to website.",
        console=SECRET_PAGES[AppKind.website],
    )
