"""Are WeChat's hosts there? And what time is it there?

The server needs api.weixin.qq.com only; open.weixin.qq.com is for people's browsers,
so not to reach it from here is no more than a hint.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from wxlogin.config import Settings
from wxlogin.config.host_names import is_loopback
from wxlogin.doctor.asking import Asking
from wxlogin.doctor.finding import Finding, ok, warning, wrong
from wxlogin.errors import WeChatUnavailable
from wxlogin.service import hosts_of
from wxlogin.wechat.endpoints import API_HOST, OPEN_HOST, QRCONNECT, SNS_AUTH
from wxlogin.wechat.reading import errcode, read_json

_CHECK = "wechat"


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
