"""Who follows our official accounts: WeChat is asked after a push, and users are told.

A push names an openid and nothing else. So WeChat is asked about the person, beside the
requests: for the unionid, by which the account's followers are our users, and whether
the push is still true. An account that may not ask (48001) is left alone for an hour, a
person about whom WeChat does not answer is asked for again later, by pauses that grow
with the time that has passed since the push.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from wxlogin import service
from wxlogin.accounts import followers
from wxlogin.accounts.followers import Asked
from wxlogin.config import App
from wxlogin.db import now, transaction
from wxlogin.errors import WeChatMisconfigured, WxloginError
from wxlogin.flows.background import jobs_of
from wxlogin.flows.credentials import with_token
from wxlogin.observability import get_logger
from wxlogin.service import running
from wxlogin.wechat import app_calls
from wxlogin.wechat.errors import errcode_of

#: How long an account that may not ask is not asked for again.
REST = timedelta(hours=1)
#: After a question that failed.
PAUSE = timedelta(minutes=10)

_NO_RIGHT = 48001
_BATCH = 100


@dataclass(frozen=True)
class _Rest:
    """An account about whose followers WeChat is not asked until then."""

    until: datetime


_rests = service.shelf("following_rest", _Rest, seconds=REST.total_seconds())


def following_of(user_id: int) -> dict[str, bool | None]:
    """Which of our accounts, by name, the user follows; None where WeChat has not
    said. Empty where no account tells us."""
    accounts = running().settings.telling_accounts
    told = followers.of_user(user_id) if accounts else {}
    return {app.name: told.get(app.appid) for app in accounts}


def ask_soon() -> None:
    """Has `ask_due` called beside the requests."""
    jobs_of("followers", _ask_due, limit=1).put("due")


def _ask_due(_job: str) -> None:
    ask_due()


def ask_due() -> int:
    """Asks WeChat about the people about whom it is to be asked now; how many of them
    it knew."""
    return sum(_ask(app, one) for app, one in _due())


def _due() -> Iterator[tuple[App, Asked]]:
    apps = {app.appid: app for app in running().settings.telling_accounts}
    for one in followers.due(now(), most=_BATCH):
        app = apps.get(one.appid)
        if app is None or may_not_ask(app):
            _put_off(one, now() + REST)
        else:
            yield app, one


def may_not_ask(app: App) -> bool:
    """Has WeChat said lately that this account may not ask about its followers?"""
    found = _rests.get(app.appid)
    return found is not None and found.until > now()


def learn_of(app: App, error: WxloginError) -> bool:
    """Does this refusal say that? It is remembered for REST."""
    if not isinstance(error, WeChatMisconfigured) or errcode_of(error) != _NO_RIGHT:
        return False
    _rests.take(app.appid)
    _rests.add(app.appid, _Rest(now() + REST))
    return True


def _ask(app: App, one: Asked) -> bool:
    wechat = running().wechat
    deadline = wechat.deadline()
    try:
        found = with_token(
            app,
            lambda token: app_calls.follower(
                wechat, app, token, one.openid, deadline=deadline
            ),
            deadline=deadline,
        )
    except WxloginError as error:
        _failed(app, one, error)
        return False
    platform = app.open_platform
    pair = (platform, found.unionid) if platform and found.unionid else None
    transaction(
        lambda session: followers.learn(
            session, one.follower_id, follows=found.follows, unionid=pair, at=now()
        )
    )
    return True


def _failed(app: App, one: Asked, error: WxloginError) -> None:
    learn_of(app, error)
    get_logger().warning("follower not asked for", why=error.operator, **error.facts)
    _put_off(one, now() + PAUSE)


def _put_off(one: Asked, until: datetime) -> None:
    transaction(lambda session: followers.put_off(session, one.follower_id, until))
