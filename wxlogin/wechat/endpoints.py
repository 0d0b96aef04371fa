"""Where WeChat is and how its URLs are written.

Every host, path, scope and parameter order stands here once. The sources are
Tencent's guides for website login
(developers.weixin.qq.com/doc/oplatform/Website_App/WeChat_Login) and for the
`/sns/` calls (developers.weixin.qq.com/doc/service/api/webdev/access,
developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-login/code2Session.html).
"""

from dataclasses import dataclass
from urllib.parse import quote

# Tencent's production hosts; a simulator replaces all of them by one origin.
OPEN_HOST = "https://open.weixin.qq.com"
API_HOST = "https://api.weixin.qq.com"
# With the same calls, for when the first one cannot be reached
# (developers.weixin.qq.com/doc/service/guide/dev/domain).
API_SECOND_HOST = "https://api2.weixin.qq.com"
RES_HOST = "https://res.wx.qq.com"
MP_HOST = "https://mp.weixin.qq.com"
# The scheme by which a phone's browser opens the app, and its path to mini programs
# (developers.weixin.qq.com/miniprogram/dev/framework/open-ability/url-scheme.html).
PHONE_SCHEME = "weixin:/"
BUSINESS = "/dl/business/"

# Pages of the open platform. The phone opens CONFIRM, the QR page asks POLL.
QRCONNECT = "/connect/qrconnect"
QRCODE = "/connect/qrcode"
CONFIRM = "/connect/confirm"
POLL = "/connect/l/qrconnect"

# Pages opened inside WeChat; its client lets no other order of parameters pass.
OAUTH2_AUTHORIZE = "/connect/oauth2/authorize"

# The calls of a server. All answer HTTP 200, also with an error.
SNS_ACCESS_TOKEN = "/sns/oauth2/access_token"  # noqa: S105  a path, not a secret
SNS_REFRESH_TOKEN = "/sns/oauth2/refresh_token"  # noqa: S105  likewise
SNS_USERINFO = "/sns/userinfo"
SNS_AUTH = "/sns/auth"
# The code of a mini program's wx.login.
SNS_CODE2SESSION = "/sns/jscode2session"

# The calls of an app's own server, which need an access token of the app's, and the one
# that gives it. Error or not, the status is 200 here, too.
CGI_STABLE_TOKEN = "/cgi-bin/stable_token"  # noqa: S105  a path, not a secret
CGI_USER_INFO = "/cgi-bin/user/info"
CGI_USER_BATCHGET = "/cgi-bin/user/info/batchget"
CGI_USER_GET = "/cgi-bin/user/get"
CGI_QRCODE_CREATE = "/cgi-bin/qrcode/create"
CGI_SELFMENU_INFO = "/cgi-bin/get_current_selfmenu_info"
CGI_MENU_CREATE = "/cgi-bin/menu/create"
CGI_AUTOREPLY_INFO = "/cgi-bin/get_current_autoreply_info"
CGI_CHANGEOPENID = "/cgi-bin/changeopenid"
CGI_CALLBACK_CHECK = "/cgi-bin/callback/check"
CGI_GETCALLBACKIP = "/cgi-bin/getcallbackip"
CGI_GET_API_DOMAIN_IP = "/cgi-bin/get_api_domain_ip"
CGI_QUOTA_GET = "/cgi-bin/openapi/quota/get"
CGI_RID_GET = "/cgi-bin/openapi/rid/get"
WXA_CHECKSESSION = "/wxa/checksession"
WXA_GETUSERPHONENUMBER = "/wxa/business/getuserphonenumber"
WXA_GETWXACODEUNLIMIT = "/wxa/getwxacodeunlimit"
WXA_MSG_SEC_CHECK = "/wxa/msg_sec_check"
WXA_MEDIA_CHECK_ASYNC = "/wxa/media_check_async"

# Scopes. A website app has snsapi_login only; pages inside WeChat the others.
SCOPE_LOGIN = "snsapi_login"
SCOPE_BASE = "snsapi_base"
SCOPE_USERINFO = "snsapi_userinfo"

# The fragment that Tencent's guides put behind every authorize link.
FRAGMENT = "#wechat_redirect"

# Seconds. A code of a website app or a native app; a code of a page inside WeChat; what
# a mini program gets from wx.login and its sisters.
CODE_SECONDS = 600
H5_CODE_SECONDS = 300
DYNAMIC_CODE_SECONDS = 300
ACCESS_TOKEN_SECONDS = 7200
# stable_token gives another one from five minutes before the end on.
APP_TOKEN_SECONDS_LEFT = 300
# Counted from the authorization; a refresh does not prolong it.
REFRESH_TOKEN_SECONDS = 30 * 24 * 3600

# A value some old clients see in `code` when the person said no.
CODE_DENIED = "authdeny"


@dataclass(frozen=True)
class Hosts:
    """Base URLs of WeChat, without a slash at the end."""

    open: str = OPEN_HOST
    api: str = API_HOST
    res: str = RES_HOST
    mp: str = MP_HOST
    phone: str = PHONE_SCHEME
    #: Asked where `api` cannot be connected to; empty for none.
    api_second: str = ""

    @property
    def plain(self) -> str:
        """The http origin of a simulator, whose pictures stay http; else empty."""
        return self.api if self.api.startswith("http://") else ""


@dataclass(frozen=True)
class Look:
    """How the page with the QR code shows itself.

    `lang` is `cn` (WeChat's default, then not sent) or `en`. For a frame only: `style`
    is `black` or `white`, `href` the https URL of a style sheet, `color_scheme` one of
    `auto`, `dark`, `light` or empty.
    """

    lang: str = "cn"
    style: str = "black"
    href: str = ""
    color_scheme: str = ""


def _query(pairs: list[tuple[str, str]]) -> str:
    # WeChat wants `/` in redirect_uri encoded too, hence safe="".
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in pairs)


def qrconnect_url(
    hosts: Hosts, *, appid: str, redirect_uri: str, state: str, lang: str = "cn"
) -> str:
    """The page with the QR code, for a top-level redirect of a PC browser, in the
    `lang` of a `Look`."""
    pairs = [
        ("appid", appid),
        ("redirect_uri", redirect_uri),
        ("response_type", "code"),
        ("scope", SCOPE_LOGIN),
        ("state", state),
    ]
    if lang == "en":
        pairs.append(("lang", "en"))
    return f"{hosts.open}{QRCONNECT}?{_query(pairs)}{FRAGMENT}"


def embedded_url(
    hosts: Hosts,
    *,
    appid: str,
    redirect_uri: str,
    state: str,
    self_redirect: bool,
    look: Look,
) -> str:
    """The page with the QR code, for a frame, as wxLogin.js would write it.

    With `self_redirect` false the frame sends the *top* window to the callback.
    The order is that of Tencent's script.
    """
    pairs = [
        ("appid", appid),
        ("scope", SCOPE_LOGIN),
        ("redirect_uri", redirect_uri),
        ("state", state),
        ("login_type", "jssdk"),
        ("self_redirect", "true" if self_redirect else "false"),
        ("styletype", ""),
        ("sizetype", ""),
        ("bgcolor", ""),
        ("rst", ""),
        ("style", look.style),
    ]
    if look.href:
        pairs.append(("href", look.href))
    if look.lang == "en":
        pairs.append(("lang", "en"))
    if look.color_scheme:
        pairs.append(("color_scheme", look.color_scheme))
    return f"{hosts.open}{QRCONNECT}?{_query(pairs)}"


def authorize_url(
    hosts: Hosts, *, appid: str, redirect_uri: str, state: str, scope: str
) -> str:
    """The consent page of an official account, for a redirect inside WeChat.

    `scope` is SCOPE_BASE (silent, openid only) or SCOPE_USERINFO. Order and
    fragment are obligatory here. Source:
    developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps (webpage authorization).
    """
    pairs = [
        ("appid", appid),
        ("redirect_uri", redirect_uri),
        ("response_type", "code"),
        ("scope", scope),
        ("state", state),
    ]
    return f"{hosts.open}{OAUTH2_AUTHORIZE}?{_query(pairs)}{FRAGMENT}"


def program_url(
    hosts: Hosts, *, appid: str, path: str, query: str, env_version: str
) -> str:
    """The link by which a phone's browser opens a mini program at this page, the
    "plain scheme". `path` has no leading slash, `query` is at most 512 characters.

    It works outside WeChat, for programs that belong to no single person, and for pages
    declared in its console: 设置 > 隐私与安全 > 明文 scheme 拉起此小程序.
    """
    pairs = [("appid", appid), ("path", path), ("query", query)]
    if env_version != "release":
        pairs.append(("env_version", env_version))
    return f"{hosts.phone}{BUSINESS}?{_query(pairs)}"
