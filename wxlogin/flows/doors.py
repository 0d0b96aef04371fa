"""The doors: the ways in, in one table, and which of them opens for whom.

Whatever knows of doors reads `DOORS`: /login, the flows that WeChat's redirect ends,
the login history, the doctor, the pages' words. One link leads to the right one:

    where the page is open     with an official account   with a website app only
    WeChat on a phone          in WeChat (H5)             open it on a computer
    WeChat on a desktop        in WeChat (H5)             open it in the browser
    mini program's web-view    the mini program signs in  the same
    WeCom on a phone           open it in WeChat          open it on a computer
    phone browser              open it in WeChat          open it on a computer
    desktop, WeCom on one      QR code; without a website app: a code of our page

A mini program with a page for it is the way in wherever the table only gives advice,
but for the two places from which WeChat cannot be reached, a web-view and WeCom on a
phone. On a desktop its code is a side door of the QR code. On a phone there is no code
but a button that opens WeChat, and inside WeChat a code to press.

WeChat shows its consent sheet in its own browser only, and a phone cannot scan the
code on its own screen: so a phone is never shown a QR code first, it is a side door
for people with a second device.

An official account in safe mode has a code of its own, on a desktop, and as a side door
only: not every account may have one, and WeChat says so when the first is made. An
account that APPS says is no verified service account has no pages inside WeChat and no
such code, but a number to send it, which opens wherever the table only gives advice.
docs/doors.md shows the same table.

A handover is no door: it takes a sign-in along that came by one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from wxlogin.config import App, AppKind, Settings
from wxlogin.service import running
from wxlogin.wechat.endpoints import SCOPE_BASE, SCOPE_LOGIN, SCOPE_USERINFO
from wxlogin.wechat.errcodes import APP_PAGE
from wxlogin.wechat.user_agents import Surroundings

# Marks a text for the catalogues; pages translate it.
N_ = str


class Flow(StrEnum):
    """The ways to WeChat and back, by their letter in the state."""

    #: WeChat's page with the QR code, in the whole window.
    qr = "q"
    #: The same page in a frame that sends the top window back.
    frame = "f"
    #: The same page in a frame that comes back itself.
    self_redirect = "s"
    #: Inside WeChat: silent, by openid.
    base = "b"
    #: The same for a page that wants a name: upgraded where we have none.
    named = "n"
    #: Inside WeChat with consent: name and picture.
    userinfo = "u"
    #: Inside WeChat, silent: who answers a question, and no sign-in.
    proof = "p"
    #: The same with consent, for a stranger: unionid and name.
    proof_named = "k"

    @property
    def door(self) -> "Door":
        return next(door for door in DOORS if self in door.flows)

    @property
    def kind(self) -> AppKind:
        """The kind of app this flow goes through; any other is refused."""
        return self.door.kind

    @property
    def silent(self) -> bool:
        return self in (Flow.base, Flow.named, Flow.proof)


@dataclass(frozen=True)
class Field:
    """A field that a console of Tencent's wants filled in, and the page with it."""

    name: str = ""
    page: str = ""


@dataclass(frozen=True)
class Door:
    """One way in. A new one is an entry of DOORS, and its view."""

    #: In the login history, and in the address of its page: /login/<name>.
    name: str
    #: The kind of app that it leads through.
    kind: AppKind
    #: What people call it.
    title: str
    #: Who comes by it, and what WeChat asks of them; for the operator.
    about: str
    #: Its ways by WeChat's redirect; none for a door without one.
    flows: tuple[Flow, ...] = ()
    #: Where /login opens it at once.
    opens: tuple[Surroundings, ...] = ()
    #: Where it is offered beside another way, and in which words.
    beside: tuple[Surroundings, ...] = ()
    offer: str = ""
    #: Does it end on a page of ours? A program shows none.
    has_page: bool = False
    #: Where PUBLIC_URL's host is entered in Tencent's consoles.
    domain: Field = Field()
    #: Has an app of this kind what the door needs?
    needs: Callable[[App], object] = lambda app: True
    #: Where /login opens it for an app that has no better one.
    last: Callable[[App], tuple[Surroundings, ...]] = lambda app: ()

    @property
    def in_browser(self) -> bool:
        """Does it begin on a page, `login.<name>`?"""
        return bool(self.opens or self.beside)

    def takes(self, app: App) -> bool:
        """Has this app of its kind what the door needs?"""
        return bool(self.needs(app))


QR = Door(
    name="qr",
    kind=AppKind.website,
    title=N_("Website, QR code"),
    about=f"QR codes on PCs, {SCOPE_LOGIN}",
    flows=(Flow.qr, Flow.frame, Flow.self_redirect),
    opens=(Surroundings.desktop, Surroundings.wecom_desktop),
    beside=(Surroundings.phone,),
    offer=N_("I have another phone to scan a code with"),
    has_page=True,
    domain=Field("授权回调域", f"{APP_PAGE} > 开发信息 > 授权回调域"),
)
H5 = Door(
    name="h5",
    kind=AppKind.official_account,
    title=N_("Official account"),
    about=f"pages inside WeChat, {SCOPE_BASE} or {SCOPE_USERINFO}",
    flows=(Flow.base, Flow.named, Flow.userinfo),
    opens=(Surroundings.wechat_phone, Surroundings.wechat_desktop),
    has_page=True,
    # The path is not in the protocol's documents; the field's name is.
    domain=Field(
        "网页授权域名", "mp.weixin.qq.com > 设置与开发 > 功能设置 > 网页授权域名"
    ),
    needs=lambda app: app.verified_service is not False,
)
APP = Door(
    name="app",
    kind=AppKind.mobile,
    title=N_("App"),
    about=f"native apps, {SCOPE_USERINFO} by WeChat's SDK",
)
MINI_PROGRAM = Door(
    name="mini_program",
    kind=AppKind.mini_program,
    title=N_("Mini program"),
    about="mini programs, wx.login without a scope",
)

SCAN = Door(
    name="scan",
    kind=AppKind.mini_program,
    title=N_("Mini program, code on a page"),
    about="codes on PCs that a mini program scans, buttons on phones that open it",
    opens=(
        Surroundings.desktop,
        Surroundings.wecom_desktop,
        Surroundings.phone,
        Surroundings.wechat_phone,
        Surroundings.wechat_desktop,
    ),
    beside=(Surroundings.desktop, Surroundings.wecom_desktop),
    offer=N_("Scan a mini program's code instead"),
    has_page=True,
    needs=lambda app: app.scan_page,
)
# What every official account can do, and no other door needs: where there is a better
# one for a desktop, that opens.
DEVICE = Door(
    name="device",
    kind=AppKind.official_account,
    title=N_("Official account, page on a phone"),
    about=f"codes on PCs that open a page inside WeChat, which asks, {SCOPE_BASE}",
    flows=(Flow.proof, Flow.proof_named),
    opens=(Surroundings.desktop, Surroundings.wecom_desktop),
    has_page=True,
    needs=H5.needs,
)
# Who scans is told by a push, and what is not sealed proves nobody (security row 79).
FOLLOW = Door(
    name="follow",
    kind=AppKind.official_account,
    title=N_("Official account, code on a page"),
    about="codes on PCs that lead to the account in safe mode, whose chat asks",
    beside=(Surroundings.desktop, Surroundings.wecom_desktop),
    offer=N_("Scan the official account's code instead"),
    has_page=True,
    needs=lambda app: app.aes_key,
    last=lambda app: SCAN.opens if app.verified_service is False else (),
)

#: /login opens the first of them that a place and the configured apps allow.
DOORS: tuple[Door, ...] = (QR, H5, APP, MINI_PROGRAM, SCAN, DEVICE, FOLLOW)


def doors_of(kind: AppKind) -> list[Door]:
    """The doors that apps of this kind open."""
    return [door for door in DOORS if door.kind is kind]


class Advice(StrEnum):
    """What a page tells whom no door opens for; `none` where no app is configured."""

    use_wechat = "use_wechat"
    use_browser = "use_browser"
    use_computer = "use_computer"
    use_mini_program = "use_mini_program"
    none = "none"


# Per place: the advice where pages inside WeChat have a door, and the one without.
_ADVICE = {
    Surroundings.wechat_phone: (Advice.use_wechat, Advice.use_computer),
    Surroundings.wechat_desktop: (Advice.use_wechat, Advice.use_browser),
    Surroundings.mini_program: (Advice.use_mini_program, Advice.use_mini_program),
    Surroundings.wecom_phone: (Advice.use_wechat, Advice.use_computer),
    Surroundings.phone: (Advice.use_wechat, Advice.use_computer),
    Surroundings.wecom_desktop: (Advice.none, Advice.none),
    Surroundings.desktop: (Advice.none, Advice.none),
}


@dataclass(frozen=True)
class Way:
    """A door that can be opened, and the app that it leads through."""

    door: Door
    app: App


@dataclass(frozen=True)
class Route:
    """What /login answers with: a door, or advice where it opens none."""

    way: Way | None
    advice: Advice
    beside: tuple[Way, ...] = ()


def route(where: Surroundings, *, app: App | None = None) -> Route:
    """The way in for a visitor there. `app` is the one the link names, if any."""
    settings = running().settings
    ways = [
        Way(door, found)
        for door in DOORS
        if door.in_browser and (found := app_of(door, settings, app))
    ]
    if not ways:
        return Route(None, Advice.none)
    opened = next((one for one in ways if where in one.door.opens), None)
    if opened is None:
        opened = next((one for one in ways if where in one.door.last(one.app)), None)
    in_wechat = any(Surroundings.wechat_phone in one.door.opens for one in ways)
    return Route(
        opened,
        _ADVICE[where][0 if in_wechat else 1],
        tuple(one for one in ways if where in one.door.beside and one is not opened),
    )


def app_of(door: Door, settings: Settings, named: App | None = None) -> App | None:
    """The app through which this door leads: the named one where it can, without one
    the settings' own. None where there is none."""
    if named is not None:
        return named if named.kind is door.kind and door.takes(named) else None
    if door is SCAN:
        return settings.scan_program
    apps = (app for app in settings.apps if app.kind is door.kind and door.takes(app))
    return next(apps, None)
