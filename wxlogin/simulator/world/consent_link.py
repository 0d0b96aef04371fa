"""The consent link of a page inside WeChat, and what WeChat checks in it.

Source of rules and codes: developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/
Wechat_webpage_authorization.html. Tencent does not say which check comes first;
here it is

 1. the strict regular expression: names, their order and letter case, `code` as
    response_type, and the fragment `#wechat_redirect`. What does not match is no
    consent link to WeChat, and its browser shows a blank page. Some odd links were
    seen to work: the switch `link_check` lets a missing fragment or any order pass;
 2. what is empty, in the link's own order: 10012 appid, 10011 redirect_uri,
    10010 scope, 10013 state. The state may be left out, but not be empty, unless the
    switch `empty_state` says so (github.com/chooin/wechat-spa/issues/7);
 3. the account: unknown appid, 10016 for one of the open platform (others saw the
    page about the scope: the switch `appid_10016`), then whatever the switch
    `authorize_error` says of it;
 4. 10015 for a third-party platform that the account has not authorized, then
    10005 for a scope that the account does not have;
 5. 10003 for a host that is not registered, the whole of it, and for a port
    (`parties.has_odd_port`) unless the switch `callback_port` says otherwise;
 6. a state of more than 128 bytes.
"""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, quote, unquote_plus, urlsplit

from ..protocol import FRAGMENT, OAUTH2_AUTHORIZE
from ..refusals import Invalid
from . import World
from .parties import App, has_odd_port

#: The texts of WeChat's error pages, to the letter; these have no code.
BAD_APPID = "AppID 参数错误"
BAD_SCOPE = "Scope 参数错误或没有 Scope 权限"
#: The texts behind the codes. 10038 was reported without one.
TEXTS = {
    10003: "redirect_uri 域名与后台配置不一致",
    10004: "此公众号被封禁",
    10005: "此公众号并没有这些 scope 的权限",
    10006: "必须关注此测试号",
    10009: "操作太频繁了，请稍后重试",
    10010: "scope 不能为空",
    10011: "redirect_uri 不能为空",
    10012: "appid 不能为空",
    10013: "state 不能为空",
    10015: "公众号未授权第三方平台，请检查授权状态",
    10016: "不支持微信开放平台的 Appid，请使用公众号 Appid",
    10038: "操作失败",
}
#: What the control API calls the page of a link that WeChat does not recognise.
BLANK_PAGE = "blank"
LONG_STATE = "state 参数过长"
STATE_BYTES = 128

# A third-party platform's component_appid stands right behind the state; the two
# flags are Tencent's, connect_redirect is added by the server itself.
_NAMES = (
    "appid", "redirect_uri", "response_type", "scope", "state", "component_appid",
    "forcePopup", "forceSnapShot", "connect_redirect",
)  # fmt: skip
_VALUES = {"response_type": "code", "connect_redirect": "1"}
_LINK = re.compile(
    "".join(
        f"(?:{name}=(?P<{name}>{_VALUES.get(name, '[^&]*')})(?:&|$))"
        + ("" if name == "response_type" else "?")
        for name in _NAMES
    )
)
_EMPTY = {"appid": 10012, "redirect_uri": 10011, "scope": 10010}

# `{"a": 1,"b": 2}` came back as `{a:+1,b:+2}` (developers.weixin.qq.com/community/
# develop/doc/0002e016b1ca08aff26f46b7751000): quotes go, blanks become `+`, the
# rest of the punctuation was not touched. What would end the value is encoded.
_DROPPED = str.maketrans("", "", "\"'<>`\\")
_LEFT_ALONE = "{}[]():,;*!@$/?|^~ "


@dataclass(frozen=True)
class Link:
    """A good consent link. `text` is the link itself, `state` as it was sent."""

    text: str
    app: App
    redirect_uri: str
    scope: str
    state: str
    component: str
    force_popup: bool
    force_snapshot: bool


class Refused(Exception):
    """WeChat shows an error page: a text and mostly a code, never a redirect."""

    def __init__(self, text: str, code: int | None = None, rule: str = "") -> None:
        """`rule` is a key of `rules.RULES`; where it is missing the code is one."""
        super().__init__(text)
        self.text = text
        self.code = code
        self.rule = rule or str(code)
        self.at = ""

    @property
    def page(self) -> str:
        """What stands on the page."""
        return on_page(self.text, self.code)


def on_page(text: str, code: int | None) -> str:
    """What WeChat's error page shows of a text and its code."""
    return f"{text}，错误码：{code}" if code else text


class Blank(Refused):
    """WeChat shows nothing at all. `why` is `order` or `fragment`.

    `at` is the first parameter out of place.
    """

    def __init__(self, why: str, at: str = "") -> None:
        super().__init__("", rule=why)
        self.why = why
        self.at = at


def is_consent_link(url: str) -> bool:
    """Whether `url` leads to the page inside WeChat, right or wrong."""
    try:
        return urlsplit(url).path == OAUTH2_AUTHORIZE
    except ValueError:
        return False


def read_link(world: World, url: str) -> Link:
    """The link as WeChat's browser reads it.

    Raises Invalid (no consent link at all), Blank and Refused.
    """
    if not is_consent_link(url):
        raise Invalid(f"url: a link to {OAUTH2_AUTHORIZE} is needed")
    query = urlsplit(url).query
    link = check_query(world, query, url)
    checked = _switch(world, "link_check", query) is None
    if checked and f"#{urlsplit(url).fragment}" != FRAGMENT:
        raise Blank("fragment")
    return link


def check_query(world: World, query: str, text: str = "") -> Link:
    """The same without the fragment, which no server sees."""
    given = _given(world, query)
    for name, code in _EMPTY.items():
        if not given.get(name):
            raise Refused(TEXTS[code], code)
    if given.get("state") == "" and not _switch(world, "empty_state", query):
        raise Refused(TEXTS[10013], 10013)
    link = Link(
        text=text,
        app=_account(world, given["appid"]),
        redirect_uri=given["redirect_uri"],
        scope=given["scope"],
        state=given.get("state", ""),
        component=given.get("component_appid", ""),
        force_popup=given.get("forcePopup") == "true",
        force_snapshot=given.get("forceSnapShot") == "true",
    )
    _check(world, link)
    return link


def _given(world: World, query: str) -> dict[str, str]:
    """The parameters. Raises Blank for what is no consent link to WeChat."""
    if _switch(world, "link_check", query) == "off":
        loose = parse_qs(query, keep_blank_values=True, errors="replace")
        return {name: values[0] for name, values in loose.items()}
    found = _LINK.fullmatch(query)
    if found is None:
        raise Blank("order", _out_of_place(query))
    return {k: unquote_plus(v) for k, v in found.groupdict().items() if v is not None}


def _out_of_place(query: str) -> str:
    """The first parameter that the regular expression does not expect there."""
    left = list(_NAMES)
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        before = left[: left.index(name)] if name in left else ["response_type"]
        if "response_type" in before or value != _VALUES.get(name, value):
            shown = pair if name in _VALUES else name
            return "".join(c for c in shown[:40] if c.isprintable())
        left = left[len(before) + 1 :]
    return "response_type"


def _switch(world: World, name: str, query: str) -> Any:
    """The value of a switch for the account that the link names."""
    appid = parse_qs(query, errors="replace").get("appid", [""])[0]
    app = world.registry.find_app(appid)
    return world.switches.get(name, app=app.name if app else "")


def _account(world: World, appid: str) -> App:
    app = world.registry.find_app(appid)
    if app is None:
        raise Refused(BAD_APPID, rule="appid")
    if app.kind in ("website", "mobile"):
        if world.switches.get("appid_10016", app=app.name):
            raise Refused(BAD_SCOPE, rule="scope")
        raise Refused(TEXTS[10016], 10016)
    code = world.switches.get("authorize_error", app=app.name)
    if code:
        raise Refused(TEXTS[code], code, rule="chosen")
    return app


def _check(world: World, link: Link) -> None:
    if link.component and link.component not in link.app.components:
        raise Refused(TEXTS[10015], 10015)
    if link.scope not in link.app.page_scopes:
        raise Refused(TEXTS[10005], 10005)
    if not link.app.takes_callback(link.redirect_uri):
        raise Refused(TEXTS[10003], 10003)
    any_port = world.switches.get("callback_port", app=link.app.name)
    if not any_port and has_odd_port(link.redirect_uri):
        raise Refused(TEXTS[10003], 10003, rule="port")
    if len(link.state.encode("utf-8", "replace")) > STATE_BYTES:
        raise Refused(LONG_STATE, rule="state")


def returned_state(state: str) -> str:
    """The state as it stands in the callback: letters and digits come back whole."""
    kept = state.translate(_DROPPED)
    return quote(kept, safe=_LEFT_ALONE, errors="replace").replace(" ", "+")
