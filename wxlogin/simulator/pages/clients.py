"""How ten clients of WeChat's login are led here, for the front page.

Five of them hold WeChat's addresses in a place that can be set; what is set is shown.
In the others the addresses stand in the code, and `run` starts a site's tests in a
network where these names lead here.
"""

from dataclasses import dataclass

_PROGRAM = (
    "wxlogin simulator" if __package__.startswith("wxlogin.") else "wechat-simulator"
)


@dataclass(frozen=True)
class Client:
    """`text` is code in `language`, or a command that runs a site's tests."""

    name: str
    language: str
    text: str
    is_command: bool = False


_WECHATPY = """\
from wechatpy.oauth import WeChatOAuth

class OAuth(WeChatOAuth):
    API_BASE_URL = "{url}/"
    OAUTH_BASE_URL = "{url}/connect/"
"""

_SOCIAL_AUTH = """\
from social_core.backends.weixin import WeixinOAuth2

class Weixin(WeixinOAuth2):
    AUTHORIZATION_URL = "{url}/connect/qrconnect"
    ACCESS_TOKEN_URL = "{url}/sns/oauth2/access_token"

    def request(self, url, *args, **kwargs):
        url = url.replace("https://api.weixin.qq.com", "{url}")
        return super().request(url, *args, **kwargs)
"""

_ALLAUTH = """\
# settings.py
SOCIALACCOUNT_PROVIDERS = {{
    "weixin": {{"AUTHORIZE_URL": "{url}/connect/qrconnect"}},
}}

# apps.py, in ready()
from allauth.socialaccount.providers.weixin.views import WeixinOAuth2Adapter

WeixinOAuth2Adapter.access_token_url = "{url}/sns/oauth2/access_token"
WeixinOAuth2Adapter.profile_url = "{url}/sns/userinfo"
"""

_AUTHLIB = """\
oauth.register(
    "wechat",
    authorize_url="{url}/connect/qrconnect",
    access_token_url="{url}/sns/oauth2/access_token",
    api_base_url="{url}/",
    # client_id, client_secret and the rest as they were
)
"""

_WXJAVA = """\
WxMpHostConfig here = new WxMpHostConfig();
here.setApiHost("{url}");
here.setOpenHost("{url}");
here.setMpHost("{url}");
config.setHostConfig(here);  // WxMpDefaultConfigImpl
"""

_SET = (
    ("wechatpy", "Python", _WECHATPY),
    ("social-auth-core", "Python", _SOCIAL_AUTH),
    ("django-allauth", "Python", _ALLAUTH),
    ("Authlib", "Python", _AUTHLIB),
    ("WxJava", "Java", _WXJAVA),
)
_RUN = (
    ("EasyWeChat", "PHP", "vendor/bin/phpunit"),
    ("wechat-oauth", "Node", "npm test"),
    ("passport-wechat", "Node", "npm test"),
    ("better-auth", "Node", "npm test"),
    ("silenceper/wechat", "Go", "go test ./..."),
)


def clients(url: str) -> list[Client]:
    """All ten, led to the simulator at `url`, which has no slash at its end."""
    led = [Client(name, lang, text.format(url=url)) for name, lang, text in _SET]
    run = [
        Client(name, lang, f"{_PROGRAM} run -- {text}\n", is_command=True)
        for name, lang, text in _RUN
    ]
    return led + run
