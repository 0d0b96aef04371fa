"""What WeChat says of an app: of its secret, of an access token for it, and on its own
page with the QR code.

The secret. A call that cannot succeed tells: the doctor exchanges a code that nobody
was ever given, in words no code of WeChat's has. WeChat looks at the appid first, then
at the secret, then at the code (the order beyond the appid is inferred from reports),
so its errcode says how far it came:

    40029, 40163, 42003   "invalid code": appid and secret are right
    40125                 the secret is wrong, was reset, or is frozen
    40013                 the appid is unknown
    40164, 89503          this machine's address is not allowed
    -1, 45011             busy: no verdict

Nothing is spent by it but one call of the 50 000 a minute. Sources: GET
/sns/oauth2/access_token (developers.weixin.qq.com/doc/service/api/webdev/access), of a
mini program GET /sns/jscode2session, and Tencent's return codes
(…/doc/oplatform/developers/errCode).

The access token of a mini program or an account, which codes to scan, phone numbers and
followers need and signing in does not. Asking takes it from nobody: all who ask get the
same one. There may be a list of addresses; WeChat's refusal names the address that it
saw (40164, 61004).

The codes of an official account whose pushes are sealed, with a scene that is nobody's:
one call of 100 000 a day. WeChat's 48001 says that it is no verified service account,
and that people will send a number instead (flows/follow_number.py).

The page, which the doctor asks for and does not show to anybody. WeChat never sends a
mistake back to the site: it answers HTTP 200 and a small page with one sentence, in an
element of class weui_msg_title. Sources: reports on
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
from wxlogin.doctor.console import SECRET_PAGES
from wxlogin.doctor.findings import Asking, Finding, note, ok, warning, wrong
from wxlogin.errors import WeChatUnavailable, WxloginError
from wxlogin.flows import doors
from wxlogin.net.deadline import Deadline
from wxlogin.service import hosts_of
from wxlogin.wechat import account_codes as codes
from wxlogin.wechat import app_calls, follower_calls
from wxlogin.wechat.client import WeChat
from wxlogin.wechat.endpoints import QRCODE, qrconnect_url
from wxlogin.wechat.errcodes import (
    ABILITIES_PAGE,
    ACCOUNT_PAGE,
    NO_RIGHT,
    NOBODYS_OPENID,
    PROGRAM_PAGE,
    lookup,
)
from wxlogin.wechat.errors import errcode_of, refused_address

_SECRET, _TOKEN, _CODES, _PAGE = "secret", "access token", "codes", "page"
_FOLLOWERS = "must follow"
# No person's openid.
_NOBODY = "o_wxlogin_doctor_asks_nobody"
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
# What an access token is for, and where the list of addresses is.
_NEEDED = {
    AppKind.mini_program: (
        "People can sign in in the program; codes to scan and phone numbers fail.",
        PROGRAM_PAGE,
    ),
    AppKind.official_account: (
        "People can sign in by pages inside WeChat; unionids of followers and follow "
        "to sign in fail.",
        ACCOUNT_PAGE,
    ),
}
_TITLE = re.compile(r'class="weui[-_]msg_+title[^>]*>\s*([^<]{1,200}?)\s*<')
# No state and no scene of ours: what came back with it would be refused.
_STATE = "doctor"


def secret(app: App, wechat: WeChat) -> Iterator[Finding]:
    """Whether WeChat takes the app's appid and secret."""
    # The previous one would hide what is wrong with this one.
    previous, app = app.secret_previous, app.model_copy(update={"secret_previous": ""})
    is_mini = app.kind is AppKind.mini_program
    asks = wechat.code2session if is_mini else wechat.exchange
    try:
        asks(app, MADE_UP_CODE, deadline=wechat.deadline())
    except WeChatUnavailable as error:
        yield _unclear(app, error)
    except WxloginError as error:
        finding = _verdict(app, error)
        yield finding
        if previous and finding.level == "ok":
            text = f"{app.name}: WeChat takes the new secret, and there is a previous."
            yield warning(_SECRET, text, todo="Take secret_previous out of APPS.")
    else:
        text = f"{app.name}: WeChat took a code that nobody was given."
        yield wrong(_SECRET, text, todo="Check WECHAT_API_URL.")


def _unclear(app: App, error: WeChatUnavailable) -> Finding:
    return warning(_SECRET, f"{app.name}: no verdict. {error.operator}")


def _verdict(app: App, error: WxloginError) -> Finding:
    code = errcode_of(error)
    if code in _ABOUT_THE_CODE:
        return ok(_SECRET, f"{app.name}: WeChat takes appid and secret")
    if code is None or code in _NO_VERDICT:
        return warning(_SECRET, f"{app.name}: no verdict. {error.operator}")
    if code in _TODO:
        page = SECRET_PAGES[app.kind]
        text = f"{app.name}: WeChat answers {code}: {lookup(code).meaning}."
        return wrong(_SECRET, text, todo=_TODO[code], console=page)
    return wrong(_SECRET, f"{app.name}: {error.operator}")


def access_token(
    app: App, wechat: WeChat, deadline: Deadline
) -> tuple[list[Finding], str]:
    """Whether this machine gets the app's access token, and the token; empty where it
    does not. What is wrong with the secret is said of the secret."""
    try:
        given = app_calls.app_token(wechat, app, deadline=deadline)
    except WxloginError as error:
        return _why_none(app, error), ""
    return [ok(_TOKEN, f"{app.name}: WeChat gives an access token")], given.value


def _why_none(app: App, error: WxloginError) -> list[Finding]:
    code = errcode_of(error)
    if code in _TODO:
        return []
    if code is None or code in _NO_VERDICT:
        return [warning(_TOKEN, f"{app.name}: no verdict. {error.operator}")]
    return [_no_token(app, error)]


def followers(app: App, wechat: WeChat) -> Iterator[Finding]:
    """Whether an account that people must follow may ask who does: WeChat is asked
    about nobody, and says so. What keeps the token back is said elsewhere."""
    deadline = wechat.deadline()
    try:
        token = app_calls.app_token(wechat, app, deadline=deadline)
        follower_calls.follower(wechat, app, token.value, _NOBODY, deadline=deadline)
    except WxloginError as error:
        code = errcode_of(error)
        if code == NO_RIGHT:
            yield wrong(
                _FOLLOWERS,
                f"{app.name} may not ask WeChat who follows it (48001), so nobody can "
                "be made to follow: people go on without, and the log warns.",
                todo="Name another account, or have this one verified (微信认证).",
                console="mp.weixin.qq.com > 设置与开发 > 接口权限",
            )
        elif code not in NOBODYS_OPENID:
            text = f"{app.name}: whether it may ask who follows it did not show. "
            yield warning(_FOLLOWERS, text + error.operator)
        else:
            yield ok(_FOLLOWERS, f"{app.name} may ask WeChat who follows it")
    else:
        yield ok(_FOLLOWERS, f"{app.name} may ask WeChat who follows it")


def _no_token(app: App, error: WxloginError) -> Finding:
    needed, page = _NEEDED[app.kind]
    address = refused_address(error)
    if address is None:
        return wrong(_TOKEN, f"{app.name}: {error.operator} {needed}")
    return wrong(
        _TOKEN,
        f"{app.name}: WeChat gives no access token to {address}, the address it sees "
        f"us come from. {needed}",
        todo=f"Add {address} to the list, or switch the list off; it takes ten minutes "
        "to act.",
        console=f"{page} > IP白名单",
    )


def account_codes(app: App, wechat: WeChat) -> Iterator[Finding]:
    """Whether WeChat gives an account codes with a scene. What is wrong with the secret
    is said of the secret."""
    deadline = wechat.deadline()
    try:
        token = app_calls.app_token(wechat, app, deadline=deadline).value
        codes.account_code(wechat, app, token, _STATE, seconds=60, deadline=deadline)
    except WxloginError as error:
        errcode = errcode_of(error)
        if errcode == NO_RIGHT:
            yield _no_codes(app)
        elif errcode not in _TODO:
            yield warning(_CODES, f"{app.name}: no verdict. {error.operator}")
    else:
        yield ok(_CODES, f"{app.name}: WeChat gives it codes with a scene")


def _no_codes(app: App) -> Finding:
    return warning(
        _CODES,
        f"{app.name}: WeChat gives it no codes with a scene (48001): it is no verified "
        "service account (已认证的服务号), and has no pages inside WeChat either. "
        "/login/follow shows a number to send in its chat.",
        todo="Set verified_service = false in its entry of APPS, so that /login opens "
        "that; or have the account verified.",
        console=ACCOUNT_PAGE,
    )


def page(settings: Settings, app: App, ask: Asking) -> Iterator[Finding]:
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
        yield warning(_PAGE, f"{app.name}: not seen. {error.operator}")
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
            _PAGE,
            f"{app.name}: WeChat answers “{problem}”: it is not a website app, or "
            "微信登录 is not granted.",
            todo="Set its kind to what it is in the console, or apply for 微信登录.",
            console=ABILITIES_PAGE,
        )
    if problem.startswith("redirect_uri"):
        return wrong(
            _PAGE,
            f"{app.name}: WeChat answers “{problem}”: its callback domain is not "
            f"{settings.public.hostname}.",
            todo=f"Enter {settings.public.hostname}, or mend PUBLIC_URL.",
            console=doors.QR.domain.page,
        )
    if problem.startswith("AppID"):
        return wrong(
            _PAGE,
            f"{app.name}: WeChat answers “{problem}”: it knows no such website app.",
            todo="Compare the appid with the console, letter by letter.",
            console=SECRET_PAGES[app.kind],
        )
    if shown and not problem:
        return ok(_PAGE, f"{app.name}: WeChat shows its QR code for our callback")
    return note(_PAGE, f"{app.name}: WeChat shows a page unknown to this version")


def _other_kind(app: App) -> Finding:
    return wrong(
        _PAGE,
        f"{app.name}: WeChat shows a QR code for it, so it is a website app and no "
        f"{app.kind.value}.",
        todo="Set its kind to website.",
        console=SECRET_PAGES[AppKind.website],
    )
