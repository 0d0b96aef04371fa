"""Official accounts whose push address is set: was their console kept before?

WeChat does not tell whether an address is set. That pushes have come does, and then
the console's menu and automatic replies are off (docs/official-account.md).
"""

from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, Session

from wxlogin.accounts.models import Follower, KeptReplies, Push
from wxlogin.config import App, AppKind, Settings
from wxlogin.doctor.findings import Finding, ok, warning

_CHECK = "replies"


def check(session: Session, settings: Settings) -> Iterator[Finding]:
    """A line for each account that takes pushes."""
    for app in settings.apps:
        if app.kind is not AppKind.official_account or app.token is None:
            continue
        if _any(session, KeptReplies.appid, app):
            yield ok(_CHECK, f"{app.name}: its console's menu and replies were kept")
        elif _any(session, Push.appid, app) or _any(session, Follower.appid, app):
            yield warning(
                _CHECK,
                f"{app.name}: pushes come, so WeChat has switched off the menu and the "
                "automatic replies of its console.",
                todo=f"If it had any: wxlogin oa keep {app.name} --switched-off",
            )
        else:
            yield ok(_CHECK, f"{app.name}: no push has come yet")


def _any(session: Session, appid: InstrumentedAttribute[str], app: App) -> bool:
    found = sa.select(sa.literal(1)).where(appid == app.appid).limit(1)
    return session.scalar(found) is not None
