"""What is to be done in Tencent's consoles for a new set-up, in that order.

The doctor says the same of what it can see; most of this it cannot.
"""

from collections.abc import Iterator

from wxlogin.config import App, AppKind, Settings
from wxlogin.doctor.console import BINDING_PAGE
from wxlogin.doctor.public_url import callback_domains
from wxlogin.wechat.errcodes import ABILITIES_PAGE, PROGRAM_PAGE


def steps(settings: Settings) -> Iterator[str]:
    """A sentence or two for each step; none where WeChat is simulated."""
    if settings.simulated:
        return
    for app in settings.apps:
        alone = settings.model_copy(update={"apps": (app,)})
        yield from (finding.said for finding in callback_domains(alone))
        yield from _beside(app, settings)
    platforms = [app for app in settings.apps if app.open_platform]
    if len(platforms) > 1:
        names = ", ".join(app.name for app in platforms)
        yield (
            f"{names}: bind them to one open-platform account, or one person is "
            f"several. Open {BINDING_PAGE}."
        )


def _beside(app: App, settings: Settings) -> Iterator[str]:
    match app.kind:
        case AppKind.website:
            yield (
                f"{app.name}: see that 微信登录 is granted (已获得). "
                f"Open {ABILITIES_PAGE}."
            )
        case AppKind.official_account if settings.env == "trial":
            yield (
                f"{app.name}: testers scan the 测试号二维码 of that page, and follow "
                "the account."
            )
        case AppKind.official_account:
            yield (
                f"{app.name}: WeChat offers a file MP_verify_….txt there; put its name "
                "and content into [verify_files] of wxlogin.toml and start again."
            )
        case AppKind.mini_program:
            yield (
                f"{app.name}: enter {settings.public_url} as 服务器域名, for request "
                f"and uploadFile. Open {PROGRAM_PAGE} > 服务器域名."
            )
