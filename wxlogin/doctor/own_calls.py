"""What WeChat says to an app that asks in its own name, with its access token.

Does WeChat find the address that pushes go to (callback/check); which addresses do they
come from and our calls go to, for a firewall; is a quota near its end; may an account
ask about its followers? That is asked of somebody who cannot be: 40003 means that it
may, 48001 that it may not. Sources: wechat/maintenance.py and follower_calls.py.

All of it shares one deadline, and what WeChat does not say in time is a note.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

from wxlogin.config import App, AppKind, Settings
from wxlogin.doctor import verdicts
from wxlogin.doctor.findings import (
    SECONDS,
    Finding,
    Job,
    note,
    ok,
    side_by_side,
    warning,
    wrong,
)
from wxlogin.errors import WxloginError
from wxlogin.net.deadline import Deadline
from wxlogin.wechat import endpoints, follower_calls, maintenance
from wxlogin.wechat.advice import right
from wxlogin.wechat.client import WeChat
from wxlogin.wechat.errcodes import ACCOUNT_PAGE, NO_RIGHT, NOBODYS_OPENID, PROGRAM_PAGE
from wxlogin.wechat.errors import Call, errcode_of

_REACHED, _FIREWALL, _QUOTA, _RIGHTS = "push address", "firewall", "quota", "rights"
#: Where the push address is entered, by kind.
PUSH_PAGES = {
    AppKind.official_account: f"{ACCOUNT_PAGE} > 服务器配置",
    AppKind.mini_program: f"{PROGRAM_PAGE} > 消息推送",
}
# Calls of ours that WeChat counts by the day.
_COUNTED = {
    AppKind.official_account: (
        *(endpoints.CGI_USER_INFO, endpoints.CGI_QRCODE_CREATE),
        endpoints.CGI_STABLE_TOKEN,
    ),
    AppKind.mini_program: (
        *(endpoints.WXA_GETWXACODEUNLIMIT, endpoints.WXA_GETUSERPHONENUMBER),
        *(endpoints.WXA_MSG_SEC_CHECK, endpoints.CGI_STABLE_TOKEN),
    ),
}
# Nobody's: it has the shape of one, and WeChat draws them by chance.
_NOBODY = "o-wxlogin-doctor-of-nobody--"
#: Parts of a quota from which on it is worth a word.
_NEAR = 0.8
# Addresses that one line names.
_NAMED = 60


@dataclass(frozen=True)
class _Own:
    """An app with its token, and how long WeChat may take."""

    settings: Settings
    app: App
    wechat: WeChat
    token: str = field(repr=False)
    deadline: Deadline


_Check = Callable[[_Own], Iterator[Finding]]


def jobs(settings: Settings, wechat: WeChat) -> list[Job]:
    """One for each app that has an access token and needs it here."""
    apps = [app for app in settings.apps if _needs_token(app)]
    pushed = next((app for app in apps if app.token), None)
    return [
        Job("access token", partial(_check, settings, app, wechat, app is pushed))
        for app in apps
    ]


def _needs_token(app: App) -> bool:
    if app.kind is AppKind.official_account:
        return app.token is not None or app.share_access_token
    return app.kind is AppKind.mini_program


def _check(
    settings: Settings, app: App, wechat: WeChat, addresses: bool
) -> Iterator[Finding]:
    deadline = Deadline(SECONDS)
    found, token = verdicts.access_token(app, wechat, deadline)
    yield from found
    if not token:
        return
    own = _Own(settings, app, wechat, token, deadline)
    checks: dict[str, _Check] = {_QUOTA: _quota}
    if app.token:
        checks[_REACHED] = _reached
    if app.token and app.kind is AppKind.official_account:
        checks[_RIGHTS] = _rights
    if addresses:
        checks[_FIREWALL] = _firewall
    asked = [
        Job(name, partial(_noted, name, work, own)) for name, work in checks.items()
    ]
    yield from side_by_side(asked, seconds=deadline.remaining() + 0.5)


def _noted(check: str, work: _Check, own: _Own) -> Iterator[Finding]:
    try:
        yield from work(own)
    except WxloginError as error:
        yield note(check, f"{own.app.name}: WeChat did not say. {error.operator}")


def _reached(own: _Own) -> Iterator[Finding]:
    app, page = own.app, PUSH_PAGES[own.app.kind]
    address = f"{own.settings.public_url}/oa/{app.name}"
    try:
        found = maintenance.reached(own.wechat, app, own.token, deadline=own.deadline)
    except WxloginError as error:
        if errcode_of(error) != maintenance.NO_ADDRESS:
            raise
        say = note if own.settings.simulated else warning
        text = f"{app.name}: WeChat has no address to push to."
        yield say(_REACHED, text, todo=f"Enter {address}.", console=page)
        return
    yield _seen(app, found, page)


def _seen(app: App, found: maintenance.Reached, page: str) -> Finding:
    if not found.found:
        return wrong(
            _REACHED,
            f"{app.name}: WeChat finds no address for the host of its push address.",
            todo="Mend the name's DNS, or the address in the console.",
            console=page,
        )
    lost = [ip for ip, part in found.lost.items() if part.strip().startswith("100")]
    where = ", ".join(found.found)
    if lost:
        return warning(
            _REACHED,
            f"{app.name}: WeChat finds {where}, and no ping from {lost[0]} comes back.",
            todo="Where pushes arrive all the same, the firewall only drops pings.",
        )
    return ok(_REACHED, f"{app.name}: WeChat finds it at {where}")


def _firewall(own: _Own) -> Iterator[Finding]:
    for say, call in (
        ("pushes come from", maintenance.pushing_addresses),
        ("our calls go to", maintenance.api_addresses),
    ):
        found = call(own.wechat, own.app, own.token, deadline=own.deadline)
        named, more = ", ".join(found[:_NAMED]), len(found) - _NAMED
        rest = f" and {more} more" if more > 0 else ""
        yield ok(_FIREWALL, f"{say} {named}{rest}")


def _quota(own: _Own) -> Iterator[Finding]:
    """A line for what is well, and one for each call near its end."""
    fine = []
    for path in _COUNTED[own.app.kind]:
        try:
            found = maintenance.quota(
                own.wechat, own.app, own.token, path, deadline=own.deadline
            )
        except WxloginError as error:
            if errcode_of(error) in maintenance.QUOTA_UNTOLD:
                continue
            raise
        told = f"{path} {found.used} of {found.limit}"
        if found.used < _NEAR * found.limit:
            fine.append(told)
        else:
            yield _near(own.app, told, over=found.used >= found.limit)
    if fine:
        yield ok(_QUOTA, f"{own.app.name}: today {', '.join(fine)}")


def _near(app: App, told: str, *, over: bool) -> Finding:
    say = wrong if over else warning
    return say(
        _QUOTA,
        f"{app.name}: today {told} calls are used{' up' if over else ''}.",
        todo="WeChat counts anew at midnight in China, or after clear_quota, which may "
        "be called ten times a month. Ask what calls so often.",
    )


def _rights(own: _Own) -> Iterator[Finding]:
    app = own.app
    try:
        follower_calls.follower(
            own.wechat, app, own.token, _NOBODY, deadline=own.deadline
        )
    except WxloginError as error:
        if errcode_of(error) == NO_RIGHT:
            text = f"{app.name}: it may not ask who its followers are (48001)."
            yield warning(_RIGHTS, text, todo=right(Call.FOLLOWER, app.kind))
            return
        if errcode_of(error) not in NOBODYS_OPENID:
            raise
    yield ok(_RIGHTS, f"{app.name}: it may ask who its followers are")
