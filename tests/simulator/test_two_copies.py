"""The simulator uses nothing of the service: what both say is compared here."""

from wxlogin.config import demo_apps
from wxlogin.simulator import protocol
from wxlogin.simulator.world import seed
from wxlogin.wechat import endpoints

# What the service need not know; where it does, both must agree.
_SIMULATORS = {
    "SNS_COMPONENT_ACCESS_TOKEN",
    "SNS_COMPONENT_REFRESH_TOKEN",
    "CGI_TOKEN",
    "WXA_RESETUSERSESSIONKEY",
    "SESSION_KEY_SECONDS",
    "CGI_CHANGEOPENID",
    "CGI_CLEAR_QUOTA",
    "CGI_CLEAR_QUOTA_V2",
    "CGI_QUOTA_GET",
    "CGI_RID_GET",
    "CGI_GETCALLBACKIP",
    "CGI_GET_API_DOMAIN_IP",
    "CGI_CALLBACK_CHECK",
    "CGI_MENU_CREATE",
    "CGI_MENU_GET",
    "CGI_MENU_DELETE",
    "CGI_SELFMENU",
    "CGI_AUTOREPLY",
    "CGI_QRCODE_CREATE",
    "SHOWQRCODE",
    "PLAIN_QRCODE",
    "VISIT_SECONDS",
}


def test_the_wire_facts_are_the_services():
    ours = {name: value for name, value in vars(protocol).items() if name.isupper()}
    shared = {name: value for name, value in ours.items() if hasattr(endpoints, name)}
    assert shared == {name: getattr(endpoints, name) for name in shared}
    assert ours.keys() - shared.keys() <= _SIMULATORS


def test_the_demo_is_configured_with_the_fixed_world():
    configured = [
        (app.name, app.kind.value, app.appid, app.secret, app.open_platform or "")
        for app in demo_apps()
    ]
    assert configured == [
        (app.name, app.kind, app.appid, app.secret, app.open_platform)
        for app in seed.apps()
    ]


def test_an_account_of_the_demo_has_the_name_that_the_phone_shows():
    told = {app.name: app.title for app in demo_apps() if app.title}
    accounts = [app for app in seed.apps() if app.kind == "official_account"]
    assert told == {app.name: app.title for app in accounts}
