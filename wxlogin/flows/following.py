"""Who follows our official accounts: WeChat is asked after a push, and users are told.

A push names an openid and nothing else. So WeChat is asked about the person, beside the
requests: for the unionid, by which the account's followers are our users, and whether
the push is still true. Where many are due, a hundred are asked about in one call.

An account that may not ask (48001) is left alone for an hour; where WeChat does not
answer, it is asked again ten minutes later. A person whom its answer leaves out is
asked for again by pauses that grow with the time since the last change, to a day.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from wxlogin import service
from wxlogin.accounts import follower_answers, followers
from wxlogin.accounts.follower_answers import Answers, Said, State
from wxlogin.accounts.followers import Asked
from wxlogin.config import App
from wxlogin.db import now, transaction
from wxlogin.errors import WeChatMisconfigured, WxloginError
from wxlogin.flows.background import jobs_of
from wxlogin.flows.credentials import with_token
from wxlogin.observability import get_logger
from wxlogin.service import running
from wxlogin.tickets.shelf import Shelf
from wxlogin.wechat import follower_calls
from wxlogin.wechat.errcodes import NO_RIGHT, NOBODYS_OPENID
from wxlogin.wechat.errors import Call, errcode_of
from wxlogin.wechat.follower_calls import MOST_ASKED, Follower

#: How long an account that may not ask is not asked for again.
REST = timedelta(hours=1)
#: After a question that failed, and the longest for a person who is left out.
PAUSE, LONGEST_PAUSE = timedelta(minutes=10), timedelta(days=1)

# People in one run: ten calls.
_MOST = 10 * MOST_ASKED


@dataclass(frozen=True)
class _Rest:
    """An account about whose followers WeChat is not asked until then."""

    until: datetime


_rests = service.shelf("following_rest", _Rest, seconds=REST.total_seconds())
_pauses = service.shelf("following_pause", _Rest, seconds=PAUSE.total_seconds())


def following_of(user_id: int) -> dict[str, bool | None]:
    """Which of our accounts, by name, the user follows; None where WeChat has not
    said. Empty where no account tells us."""
    accounts = running().settings.telling_accounts
    told = followers.of_user(user_id) if accounts else {}
    return {app.name: told.get(app.appid) for app in accounts}


def is_silent(app: App) -> bool:
    """Does WeChat not say at present who follows this account? It is not asked then."""
    return may_not_ask(app) or _until(_pauses, app) is not None


def ask_of(app: App, openid: str) -> None:
    """Asks WeChat now whether this person follows, because somebody waits for that.
    What went wrong is logged, and remembered by `is_silent`."""
    before, at = follower_answers.states(app.appid, [openid]), now()
    try:
        told = answers_about(app, [openid])
    except WxloginError as error:
        _refused(app, error)
        return
    # Whom WeChat does not know does not follow.
    said = said_of(app, told[openid]) if told else Said(openid, follows=False)
    answers = Answers(app.appid, [said], before, at)
    transaction(lambda session: follower_answers.learn(session, answers))


def ask_soon() -> None:
    """Has `ask_due` called beside the requests."""
    jobs_of("followers", _ask_due, limit=1).put("due")


def _ask_due(_job: str) -> None:
    ask_due()


def ask_due() -> int:
    """Asks WeChat about the people about whom it is to be asked now; how many of them
    it knew."""
    apps = {app.appid: app for app in running().settings.telling_accounts}
    due: dict[str, list[Asked]] = {}
    for one in followers.due(now(), most=_MOST):
        due.setdefault(one.appid, []).append(one)
    return sum(_ask(apps.get(appid), found) for appid, found in due.items())


def _ask(app: App | None, due: Sequence[Asked]) -> int:
    """Asks about these people of one account; how many WeChat knew."""
    until = _until(_rests, app) if app else now() + REST
    if app is None or until is not None:
        _put_off(due, until or now())
        return 0
    known = 0
    for start in range(0, len(due), MOST_ASKED):
        try:
            known += _ask_some(app, [one.openid for one in due[start:][:MOST_ASKED]])
        except WxloginError as error:
            _put_off(due[start:], now() + _refused(app, error))
            break
    return known


def _ask_some(app: App, openids: Sequence[str]) -> int:
    before, at = follower_answers.states(app.appid, openids), now()
    told = answers_about(app, openids)
    said = [said_of(app, told[one]) for one in openids if one in told]
    said += [
        left_out(one, before[one], at)
        for one in openids
        if one not in told and one in before
    ]
    answers = Answers(app.appid, said, before, at)
    transaction(lambda session: follower_answers.learn(session, answers))
    return len(told)


def answers_about(app: App, openids: Sequence[str]) -> Mapping[str, Follower]:
    """What WeChat says of these people, at most MOST_ASKED, by openid; who is left out
    is missing, and so is whom it does not know.

    Raises as `with_token`, and what the call raises.
    """
    try:
        return _asked(app, openids)
    except WxloginError as error:
        # Among a hundred one that is nobody's refuses them all.
        if errcode_of(error) not in NOBODYS_OPENID:
            raise
    if len(openids) == 1:
        return {}
    # Somebody is none of the account's; of the others it says something.
    half = len(openids) // 2
    parts = openids[:half], openids[half:]
    return {**answers_about(app, parts[0]), **answers_about(app, parts[1])}


def _asked(app: App, openids: Sequence[str]) -> Mapping[str, Follower]:
    wechat = running().wechat
    deadline = wechat.deadline()

    def ask(token: str) -> Mapping[str, Follower]:
        if len(openids) > 1:
            return follower_calls.followers(
                wechat, app, token, openids, deadline=deadline
            )
        [one] = openids
        return {
            one: follower_calls.follower(wechat, app, token, one, deadline=deadline)
        }

    asks = Call.FOLLOWERS if len(openids) > 1 else Call.FOLLOWER
    return with_token(app, ask, deadline=deadline, asks=asks)


def said_of(app: App, told: Follower) -> Said:
    """What WeChat says of a person, as it is written down."""
    platform = app.open_platform
    return Said(
        told.openid,
        told.follows,
        unionid=(platform, told.unionid) if platform and told.unionid else None,
        since=datetime.fromtimestamp(told.since, UTC) if told.since else None,
        scene=told.scene,
    )


def left_out(openid: str, before: State, at: datetime) -> Said:
    """WeChat says nothing of a person: what we know stays, and it is asked again."""
    pause = min(max(at - before.changed_at, PAUSE), LONGEST_PAUSE)
    return Said(openid, before.followed, ask_at=at + pause)


def may_not_ask(app: App) -> bool:
    """Has WeChat said lately that this account may not ask about its followers?"""
    return _until(_rests, app) is not None


def _until(shelf: Shelf[_Rest], app: App) -> datetime | None:
    found = shelf.get(app.appid)
    return found.until if found is not None and found.until > now() else None


def _refused(app: App, error: WxloginError) -> timedelta:
    """For how long the account is left alone after that."""
    get_logger().warning("followers not asked for", why=error.operator, **error.facts)
    if learn_of(app, error):
        return REST
    _remember(_pauses, app, PAUSE)
    return PAUSE


def _remember(shelf: Shelf[_Rest], app: App, time: timedelta) -> None:
    shelf.take(app.appid)
    shelf.add(app.appid, _Rest(now() + time))


def learn_of(app: App, error: WxloginError) -> bool:
    """Does this refusal say that? It is remembered for REST."""
    if not isinstance(error, WeChatMisconfigured) or errcode_of(error) != NO_RIGHT:
        return False
    _remember(_rests, app, REST)
    return True


def learn_of_right(app: App) -> None:
    """WeChat has just answered the account: it may ask."""
    _rests.take(app.appid)


def _put_off(due: Sequence[Asked], until: datetime) -> None:
    ids = [one.follower_id for one in due]
    transaction(lambda session: followers.put_off(session, ids, until))
