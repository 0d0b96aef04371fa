"""Are appid and secret right? A call that cannot succeed tells.

The doctor exchanges a code that nobody was ever given, in words no code of WeChat's
has. WeChat looks at the appid first, then at the secret, then at the code (the order
beyond the appid is inferred from reports), so its errcode says how far it came:

    40029, 40163, 42003   "invalid code": appid and secret are right
    40125                 the secret is wrong, was reset, or is frozen
    40013                 the appid is unknown
    40164, 89503          this machine's address is not allowed
    -1, 45011             busy: no verdict

Nothing is spent by it but one call of the 50 000 a minute. Source: GET
/sns/oauth2/access_token (developers.weixin.qq.com/doc/service/api/webdev/access) and
Tencent's return codes (…/doc/oplatform/developers/errCode).

A mini program's secret is for another call (/sns/jscode2session); this one is not
documented for it and is not made.
"""

from collections.abc import Iterator

from wxlogin.config import App, AppKind
from wxlogin.doctor.console import SECRET_PAGES
from wxlogin.doctor.finding import Finding, note, ok, warning, wrong
from wxlogin.errors import WeChatUnavailable, WxloginError
from wxlogin.wechat.client import WeChat
from wxlogin.wechat.errors import lookup

_CHECK = "secret"
MADE_UP_CODE = "this-is-no-code-wxlogin-doctor"
_ABOUT_THE_CODE = frozenset({40029, 40163, 42003})
_NO_VERDICT = frozenset({-1, 45009, 45011})
# What the pair is, by itself; the page to open depends on the kind of app.
_TODO = {
    40013: "Compare the appid in APPS with the console, letter by letter.",
    40125: "Put the AppSecret of the console into APPS; reset it if it is lost.",
    41002: "Put the AppID of the console into APPS.",
    41004: "Put the AppSecret of the console into APPS.",
}


def check(app: App, wechat: WeChat) -> Iterator[Finding]:
    """Whether WeChat takes the app's appid and secret."""
    if app.kind is AppKind.mini_program:
        yield note(_CHECK, f"{app.name}: not asked, a mini program's is for wx.login")
        return
    try:
        wechat.exchange(app, MADE_UP_CODE, deadline=wechat.deadline())
    except WeChatUnavailable as error:
        yield _unclear(app, error)
    except WxloginError as error:
        yield _verdict(app, error)
    else:
        text = f"{app.name}: WeChat took a code that nobody was given."
        yield wrong(_CHECK, text, todo="Check WECHAT_API_URL.")


def _unclear(app: App, error: WeChatUnavailable) -> Finding:
    return warning(_CHECK, f"{app.name}: no verdict. {error.operator}")


def _verdict(app: App, error: WxloginError) -> Finding:
    code = error.facts.get("errcode")
    if code in _ABOUT_THE_CODE:
        return ok(_CHECK, f"{app.name}: WeChat takes appid and secret")
    if not isinstance(code, int) or code in _NO_VERDICT:
        return warning(_CHECK, f"{app.name}: no verdict. {error.operator}")
    if code in _TODO:
        page = SECRET_PAGES[app.kind]
        text = f"{app.name}: WeChat answers {code}: {lookup(code).meaning}."
        return wrong(_CHECK, text, todo=_TODO[code], console=page)
    return wrong(_CHECK, f"{app.name}: {error.operator}")
