"""The apps as Tencent's consoles have them: kinds, the doors they open, the pages.

A flow goes through one kind of app and asks for that kind's scopes only, so a pair
that does not fit cannot be configured: a wrong *kind* is what can go wrong, and
`verdicts` finds it by asking WeChat. Sources: Tencent's guides for website login
(snsapi_login) and for pages inside WeChat (snsapi_base, snsapi_userinfo).

Pages are paths through the consoles' menus, as an operator finds them; those of the
errcodes are in `wxlogin.wechat.errcodes`, those where a door's domain is entered in
`wxlogin.flows.doors`. Tencent renames menus now and then; the last part of each path
is the name of the field to look for.
"""

from collections.abc import Iterator

from wxlogin.config import App, AppKind, Settings, demo_apps
from wxlogin.doctor.findings import Finding, note, ok, warning, wrong
from wxlogin.flows import doors
from wxlogin.flows.doors import doors_of
from wxlogin.wechat.errcodes import ACCOUNT_PAGE, APP_PAGE, PROGRAM_PAGE

_MOBILE_PAGE = "open.weixin.qq.com > 管理中心 > 移动应用 > 查看"

#: Where an app's AppID and AppSecret are.
SECRET_PAGES = {
    AppKind.website: f"{APP_PAGE} > AppSecret",
    AppKind.official_account: ACCOUNT_PAGE,
    AppKind.mini_program: f"{PROGRAM_PAGE} > AppSecret",
    AppKind.mobile: f"{_MOBILE_PAGE} > AppSecret",
}

#: Where apps are bound to an open-platform account, so that they share unionids.
BINDING_PAGE = "open.weixin.qq.com > 管理中心"

_CHECK = "apps"


def apps(settings: Settings) -> Iterator[Finding]:
    """A line per app, and one for each thing that looks wrong."""
    for app in settings.apps:
        yield _app(app, settings)
        if app.verified_service is False:
            yield _without_rights(app)
    in_browser = (door for door in doors.DOORS if door.in_browser)
    if settings.apps and not any(doors.app_of(door, settings) for door in in_browser):
        yield warning(
            _CHECK,
            "No app is a website, an official account or a mini program with a "
            "scan_page: /login has no door.",
            todo="Add one to APPS; docs/going-live.md says which you need.",
        )
    yield from _alone(settings)
    yield from _same_secrets(settings.apps)


def _app(app: App, settings: Settings) -> Finding:
    invented = {demo.appid for demo in demo_apps()}
    if app.appid in invented and not settings.simulated:
        return wrong(
            _CHECK,
            f"{app.name} has an appid of the simulator's: WeChat does not know it.",
            todo="Put the AppID of the console into APPS.",
            console=SECRET_PAGES[app.kind],
        )
    platform = app.open_platform
    bound = f"open platform {platform}" if platform else "no open platform"
    kind = app.kind.value.replace("_", " ")
    opened = "; ".join(door.about for door in doors_of(app.kind) if door.takes(app))
    return ok(_CHECK, f"{app.name} ({kind}): {opened}; {bound}")


def _without_rights(app: App) -> Finding:
    """What an account that is no verified service account has, and has not."""
    text = (
        f"{app.name} is no verified service account (已认证的服务号): it has no codes "
        "with a scene (48001) and no pages inside WeChat (10005), and where it is not "
        "verified at all WeChat tells nobody's unionid."
    )
    if not doors.FOLLOW.takes(app):
        return warning(
            _CHECK,
            f"{text} It opens no door.",
            todo="Set token and aes_key in its entry of APPS: then people send a "
            "number in its chat.",
            console=ACCOUNT_PAGE,
        )
    if not (app.title or app.plain_code):
        return warning(
            _CHECK,
            f"{text} People send a number in its chat, and its page does not say which "
            "account it is.",
            todo="Set title or plain_code in its entry of APPS.",
        )
    return note(_CHECK, f"{text} People send a number in its chat.")


def _alone(settings: Settings) -> Iterator[Finding]:
    """Nothing but a unionid tells that who signs in by one app follows another."""
    for account in settings.accounts_to_follow:
        if account.open_platform is None and len(settings.apps) > 1:
            yield warning(
                _CHECK,
                f"{account.name} must be followed and is on no open platform: people "
                "who sign in by another app scan its code at each sign-in.",
                todo="Bind it there, and set open_platform in APPS.",
                console=BINDING_PAGE,
            )


def _same_secrets(every: tuple[App, ...]) -> Iterator[Finding]:
    for place, app in enumerate(every):
        # Both are the operator's own.
        # nosemgrep: secret-compared-by-equals
        twins = [other.name for other in every[:place] if other.secret == app.secret]
        if twins:
            yield warning(
                _CHECK,
                f"{app.name} has the same secret as {twins[0]}; WeChat gives each app "
                "its own.",
                todo="Copy the AppSecret of each.",
                console=SECRET_PAGES[app.kind],
            )
