"""One link, right flow: which door opens for whom.

    where the page is open     with an official account   with a website app only
    WeChat on a phone          in WeChat (H5)             open it on a computer
    WeChat on a desktop        in WeChat (H5)             open it in the browser
    mini program's web-view    the mini program signs in  the same
    WeCom on a phone           open it in WeChat          open it on a computer
    phone browser              open it in WeChat          open it on a computer
    desktop, WeCom on one      QR code; without a website app: scan our link

WeChat shows its consent sheet in its own browser only, and a phone cannot scan the
code on its own screen: so a phone is never shown a QR code first, it is a side door
for people with a second device. docs/integrating.md shows the same table.
"""

from dataclasses import dataclass
from enum import StrEnum

from wxlogin.config import App, AppKind, Settings
from wxlogin.wechat.user_agents import Surroundings


class Door(StrEnum):
    """What /login answers with: two flows, and pages that say what to do."""

    qr = "qr"
    h5 = "h5"
    use_wechat = "use_wechat"
    use_browser = "use_browser"
    use_computer = "use_computer"
    use_mini_program = "use_mini_program"
    scan_link = "scan_link"
    none = "none"


@dataclass(frozen=True)
class Route:
    """The door, and the app it leads through where it is a flow."""

    door: Door
    app: App | None = None
    #: A website app whose QR code a second device could scan.
    side: App | None = None


# Per place: the door with an official account, and the one without.
_DOORS = {
    Surroundings.wechat_phone: (Door.h5, Door.use_computer),
    Surroundings.wechat_desktop: (Door.h5, Door.use_browser),
    Surroundings.mini_program: (Door.use_mini_program, Door.use_mini_program),
    Surroundings.wecom_phone: (Door.use_wechat, Door.use_computer),
    Surroundings.phone: (Door.use_wechat, Door.use_computer),
}


def route(settings: Settings, where: Surroundings, *, app: App | None = None) -> Route:
    """The way in for a visitor there. `app` is the one the link names, if any."""
    website = _of(settings, AppKind.website, app)
    account = _of(settings, AppKind.official_account, app)
    if website is None and account is None:
        return Route(Door.none)
    if where not in _DOORS:
        return Route(Door.qr, website) if website else Route(Door.scan_link)
    door = _DOORS[where][0 if account else 1]
    side = website if where is Surroundings.phone else None
    return Route(door, account if door is Door.h5 else None, side)


def _of(settings: Settings, kind: AppKind, named: App | None) -> App | None:
    if named is not None:
        return named if named.kind is kind else None
    return settings.app_of_kind(kind)
