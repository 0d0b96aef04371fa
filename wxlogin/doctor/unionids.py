"""Are the apps bound as the settings say? What sign-ins so far tell of it.

WeChat names a unionid only for apps bound to an open-platform account
(developers.weixin.qq.com/doc/oplatform/Website_App/WeChat_Login, "UnionID"). A silent
sign-in inside WeChat (snsapi_base) names none in any case, and a person can be
without one for once: so this gives hints, never a verdict.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from wxlogin.accounts.models import Identity
from wxlogin.config import App, AppKind, Settings
from wxlogin.doctor.console import BINDING_PAGE
from wxlogin.doctor.findings import Finding, ok, warning

_CHECK = "unionid"


@dataclass(frozen=True)
class _Seen:
    """People of one app: all, those with a unionid, those known in other apps too."""

    people: int
    named: int
    shared: int


def check(session: Session, settings: Settings) -> Iterator[Finding]:
    """A line for each app in which somebody has signed in."""
    found = [(app, _seen(session, app)) for app in settings.apps]
    if not any(seen.people for _, seen in found):
        yield ok(_CHECK, "nobody has signed in yet")
    for app, seen in found:
        if seen.people:
            yield _app(app, seen)


def _app(app: App, seen: _Seen) -> Finding:
    if app.open_platform is None:
        return _unbound(app, seen)
    count = f"{app.name}: {seen.named} of {seen.people} people have a unionid"
    if seen.named:
        return ok(_CHECK, count)
    silent = " or nobody was asked for a profile yet"
    return warning(
        _CHECK,
        f"{count}: the app is not bound to {app.open_platform}"
        f"{silent if app.kind is AppKind.official_account else ''}.",
        todo="Bind it, or take open_platform out of APPS; until then a person has one "
        "account here and another one elsewhere.",
        console=BINDING_PAGE,
    )


def _unbound(app: App, seen: _Seen) -> Finding:
    if not seen.shared:
        text = f"{app.name}: {seen.people} people, no open platform is set for it"
        return ok(_CHECK, text)
    return warning(
        _CHECK,
        f"{app.name}: {seen.shared} of {seen.people} people are known in other apps "
        "too, and it has no open_platform: the others get two accounts.",
        todo="Bind it to the open platform of the other apps, then name that in APPS.",
        console=BINDING_PAGE,
    )


def _seen(session: Session, app: App) -> _Seen:
    mine = Identity.appid == app.appid
    elsewhere = aliased(Identity)
    known = sa.exists().where(
        elsewhere.user_id == Identity.user_id, elsewhere.appid != app.appid
    )
    bound = Identity.unionid.is_not(None) & (
        Identity.open_platform == app.open_platform
    )
    return _Seen(
        people=_count(session, mine),
        named=_count(session, mine & bound) if app.open_platform else 0,
        shared=_count(session, mine & known),
    )


def _count(session: Session, which: sa.ColumnElement[bool]) -> int:
    return session.scalar(sa.select(sa.func.count()).where(which)) or 0
