"""Where WeChat's pages and calls are, how long things live, and how it comes back.

These are the simulator's own: it uses nothing of the service. A test compares them to
the service's (`wxlogin/wechat/endpoints.py`), where the sources stand.
"""

# Pages of the open platform. The phone opens CONFIRM, the QR page asks POLL.
QRCONNECT = "/connect/qrconnect"
QRCODE = "/connect/qrcode"
CONFIRM = "/connect/confirm"
POLL = "/connect/l/qrconnect"

# By `weixin:/` and this a phone's browser opens a mini program.
BUSINESS = "/dl/business/"

# An account's code with a scene by its ticket, and its plain one by its gh_ id.
SHOWQRCODE = "/cgi-bin/showqrcode"
PLAIN_QRCODE = "/qr/code"

# Where these pages are in WeChat.
OPEN_HOST = "https://open.weixin.qq.com"

# The page inside WeChat, and what stands behind every link to it.
OAUTH2_AUTHORIZE = "/connect/oauth2/authorize"
FRAGMENT = "#wechat_redirect"

# The four calls of a web login's server.
SNS_ACCESS_TOKEN = "/sns/oauth2/access_token"  # noqa: S105  a path, not a secret
SNS_REFRESH_TOKEN = "/sns/oauth2/refresh_token"  # noqa: S105  likewise
SNS_USERINFO = "/sns/userinfo"
SNS_AUTH = "/sns/auth"

# Two of them for a third-party platform's server.
SNS_COMPONENT_ACCESS_TOKEN = "/sns/oauth2/component/access_token"  # noqa: S105
SNS_COMPONENT_REFRESH_TOKEN = "/sns/oauth2/component/refresh_token"  # noqa: S105

# The calls of a mini program's server.
SNS_CODE2SESSION = "/sns/jscode2session"
CGI_TOKEN = "/cgi-bin/token"  # noqa: S105  a path, not a secret
CGI_STABLE_TOKEN = "/cgi-bin/stable_token"  # noqa: S105  likewise
CGI_CHANGEOPENID = "/cgi-bin/changeopenid"
CGI_CLEAR_QUOTA = "/cgi-bin/clear_quota"
CGI_CLEAR_QUOTA_V2 = "/cgi-bin/clear_quota/v2"
CGI_QUOTA_GET = "/cgi-bin/openapi/quota/get"
CGI_RID_GET = "/cgi-bin/openapi/rid/get"
CGI_GETCALLBACKIP = "/cgi-bin/getcallbackip"
CGI_GET_API_DOMAIN_IP = "/cgi-bin/get_api_domain_ip"
CGI_CALLBACK_CHECK = "/cgi-bin/callback/check"
CGI_USER_INFO = "/cgi-bin/user/info"
CGI_USER_BATCHGET = "/cgi-bin/user/info/batchget"
CGI_USER_GET = "/cgi-bin/user/get"
CGI_MENU_CREATE = "/cgi-bin/menu/create"
CGI_MENU_GET = "/cgi-bin/menu/get"
CGI_MENU_DELETE = "/cgi-bin/menu/delete"
CGI_SELFMENU = "/cgi-bin/get_current_selfmenu_info"
CGI_AUTOREPLY = "/cgi-bin/get_current_autoreply_info"
CGI_QRCODE_CREATE = "/cgi-bin/qrcode/create"
WXA_CHECKSESSION = "/wxa/checksession"
WXA_RESETUSERSESSIONKEY = "/wxa/resetusersessionkey"
WXA_GETUSERPHONENUMBER = "/wxa/business/getuserphonenumber"
WXA_GETWXACODEUNLIMIT = "/wxa/getwxacodeunlimit"
WXA_MSG_SEC_CHECK = "/wxa/msg_sec_check"
WXA_MEDIA_CHECK_ASYNC = "/wxa/media_check_async"

# What a QR code is scanned for; what a page inside WeChat asks for.
SCOPE_LOGIN = "snsapi_login"
SCOPE_BASE = "snsapi_base"
SCOPE_USERINFO = "snsapi_userinfo"

# Seconds. A code of a website app or a native app; a code of a page inside WeChat.
CODE_SECONDS = 600
H5_CODE_SECONDS = 300
ACCESS_TOKEN_SECONDS = 7200
# Counted from the authorization; a refresh does not prolong it.
REFRESH_TOKEN_SECONDS = 30 * 24 * 3600
# A code that a mini program gets: of wx.login, of the phone number button.
DYNAMIC_CODE_SECONDS = 300
# For so long after a visit a person's texts and pictures may be checked.
VISIT_SECONDS = 7200
# Not published; prolonged by use.
SESSION_KEY_SECONDS = 3 * 24 * 3600


def append(redirect_uri: str, query: str, *, before_fragment: bool = False) -> str:
    """`redirect_uri` with `query` behind it: string work, not URL work.

    The QR page's script appends at the very end of the string, behind `?`, or `&`
    where it already has a `?`. A redirect_uri with a fragment therefore gets its code
    inside the fragment, which no server ever sees (developers.weixin.qq.com/community/
    personal/oCJUsw-jihgdVBCnzrGqDp30JMkk/follow). With fast login and inside WeChat
    the parameters stand before the `#` instead.
    """
    url = redirect_uri.replace("&amp;", "&")
    url, hash_sign, fragment = url.partition("#") if before_fragment else (url, "", "")
    return f"{url}{'&' if '?' in url else '?'}{query}{hash_sign}{fragment}"
