"""Who must follow an official account before going on, and whether they do.

A site (`must_follow` in SITES) or we ourselves (MUST_FOLLOW) may want it of whoever
has signed in, by whichever door. `standing` is the one rule; it is asked where a site
gets its answer (oidc/authorize.py), where a proxy asks (`/auth`), and on every way on
from a sign-in (web/onward.py):

    WeChat has said that the user follows            goes on
    it has said nothing, and we know an openid       it is asked, once
    it has said nothing, and serves this account
    not at all or not now                            goes on, with a warning in the log
    it has said no, or nothing                       the page with the account's code
    who scanned this user's code follows, and
    WeChat does not say who that is                  goes on, with a warning

A shop that asks for a follower must not be closed because WeChat is away; and following
is a wish of the operator's and no proof of who somebody is, so doubt speaks for the
person. What is asked anew at each sign-in ends nothing in between: whoever ceases to
follow stays signed in.

The code's scene is made of account and user. So a push by it says for whose page
somebody has scanned, also somebody who has followed for years and of whom no push ever
told; whoever that is, the *user* follows only by openid or unionid.
"""

import time
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial

from sqlalchemy.orm import Session

from wxlogin import service
from wxlogin.accounts import followers
from wxlogin.accounts.changes import Change, Kind
from wxlogin.accounts.followers import Follow
from wxlogin.config import App
from wxlogin.db import after_commit, now, transaction
from wxlogin.errors import NoServiceAccount, ScanUnknown, Unready, WxloginError
from wxlogin.flows import account_code, following
from wxlogin.flows.wxacode import Picture
from wxlogin.observability import get_logger
from wxlogin.security.signing import follow_scene
from wxlogin.service import running
from wxlogin.tickets.shelf import Kept
from wxlogin.tickets.waiting import Watch
from wxlogin.wechat.pushes import Push

#: For how long a page may wait before it is loaded again.
WAIT_SECONDS = 3600
# A user's code is drawn from one of WeChat's for a day, which lives longer than a page
# that shows it.
_DAY, _SPARE = 86_400, 2 * WAIT_SECONDS
# Of one user; more than two WeChats of one person at one account is no case.
_MOST_ASKED = 2
# How often a step is tried again that another one came before.
_TRIES = 8


class Standing(StrEnum):
    """How a user stands to an account."""

    follows = "follows"
    #: WeChat does not say, and whoever asks goes on.
    unsaid = "unsaid"
    to_follow = "to_follow"


@dataclass(frozen=True)
class Waiting(Kept):
    """A user's code on a page, its key being the scene: for whom it is, and who
    scanned it last. `ends` is in seconds since 1970; `rung` counts what else there was
    to look at."""

    appid: str
    user_id: int
    ends: float
    openid: str = ""
    rung: int = 0

    @property
    def left(self) -> float:
        return self.ends - time.time()


class Stage(StrEnum):
    """What a page that waits is told."""

    waiting = "waiting"
    #: Somebody has scanned, and WeChat is asked who.
    scanned = "scanned"
    #: Somebody else has.
    other = "other"
    #: The user may go on.
    done = "done"


_waiting = service.shelf("must_follow", Waiting, seconds=WAIT_SECONDS)


def standing(account: App, user_id: int) -> Standing:
    """How this user stands to the account. May ask WeChat. Raises Unready."""
    told = _told(account, user_id)
    if told is None and ask(account, user_id):
        told = _told(account, user_id)
    if told:
        return Standing.follows
    if told is None and following.is_silent(account):
        return _unsaid(account, "WeChat says of nobody who follows")
    if _is_nameless(_waiting.get(_scene(account.appid, user_id))):
        return _unsaid(account, "WeChat does not say who scanned and follows")
    return Standing.to_follow


def ask(account: App, user_id: int) -> bool:
    """Asks WeChat whether the user follows; False where no openid of the user's at
    this account is known, or WeChat is not to be asked."""
    openids = followers.openids_of(user_id, account.appid)[:_MOST_ASKED]
    for openid in openids:
        if following.is_silent(account):
            return False
        following.ask_of(account, openid)
    return bool(openids)


def wait(account: App, user_id: int) -> Waiting:
    """What the user's page waits for; there may be several such pages. Raises
    Unready."""
    scene, ends = _scene(account.appid, user_id), time.time() + WAIT_SECONDS
    new = Waiting(appid=account.appid, user_id=user_id, ends=ends)
    for _ in range(_TRIES):
        _waiting.add(scene, new)
        found = _waiting.get(scene)
        if found is not None and found.left < WAIT_SECONDS / 2:
            found = _waiting.swap(replace(found, ends=ends))
        if found is not None:
            return found
    raise Unready("a code to follow changes faster than it is read")


def of_user(scene: str, user_id: int) -> Waiting:
    """The same, for a page that waits already. Raises ScanUnknown for anybody else."""
    found = _waiting.get(scene)
    if found is None or found.user_id != user_id:
        raise ScanUnknown("no code of this user has this scene")
    return found


def watch(scene: str, *others: tuple[str, str]) -> AbstractContextManager[Watch | None]:
    """A seat for who waits for a change of this code; see Shelf.watch."""
    return _waiting.watch(scene, *others)


def account_of(waiting: Waiting) -> App:
    """The account to follow. Raises ScanUnknown for one that is configured no more."""
    for app in running().settings.telling_accounts:
        if app.appid == waiting.appid:
            return app
    raise ScanUnknown("the account of this code is no more")


def stage(waiting: Waiting) -> Stage:
    """How far the user has come, as it is now. Raises as `account_of`."""
    account = account_of(waiting)
    if standing(account, waiting.user_id) is not Standing.to_follow:
        return Stage.done
    known = followers.of_openid(waiting.appid, waiting.openid)
    if not known.follows:
        return Stage.waiting
    return Stage.other if known.is_named else Stage.scanned


def picture(waiting: Waiting) -> Picture:
    """The code, or the account's ordinary one where it has no others: a follow is heard
    all the same. Raises as `account_code.picture`, and as `account_of`."""
    account = account_of(waiting)
    try:
        return account_code.picture(account, waiting.key, seconds=_DAY, spare=_SPARE)
    except NoServiceAccount:
        if not account.plain_code:
            raise
        return account_code.plain(account)


def heard(app: App, push: Push) -> None:
    """Somebody has scanned a code of this account, who follows by now. It is noted
    where the code is one of a page that waits."""
    if not push.scene:
        return
    found = _waiting.get(push.scene)
    if found is None or found.appid != app.appid:
        return
    _note(app, push)
    for _ in range(_TRIES):
        if found is None or found.openid == push.openid:
            return
        if _waiting.swap(replace(found, openid=push.openid)):
            return
        found = _waiting.get(push.scene)


def ring(session: Session, change: Change) -> None:
    """A listener of changes: pages of a user who follows now look again."""
    if change.kind is not Kind.followed:
        return
    for account in running().settings.accounts_to_follow:
        scene = _scene(account.appid, change.user_id)
        after_commit(session, partial(_ring, scene))


def _note(app: App, push: Push) -> None:
    """Who scans follows, also where no push has ever told: then as of now."""
    if followers.of_openid(app.appid, push.openid).follows:
        return
    at = min(datetime.fromtimestamp(push.at, UTC), now())
    follow = Follow(app.appid, push.openid, True, at, push.scene)
    transaction(lambda session: followers.note(session, follow, now=now()))


def _ring(scene: str) -> None:
    try:
        found = _waiting.get(scene)
        if found is not None:
            _waiting.swap(replace(found, rung=found.rung + 1))
    except WxloginError as error:
        # The page looks again by itself.
        get_logger().warning("a page that waits is not told", why=error.operator)


def _told(account: App, user_id: int) -> bool | None:
    return followers.of_user(user_id).get(account.appid)


def _is_nameless(waiting: Waiting | None) -> bool:
    """Does who scanned follow, and WeChat, asked about it, has not said who it is?"""
    if waiting is None or not waiting.openid:
        return False
    known = followers.of_openid(waiting.appid, waiting.openid)
    asked = known.ask_at is None or known.ask_at > now()
    return known.follows and asked and not known.is_named


def _unsaid(account: App, why: str) -> Standing:
    get_logger().warning("goes on without following", app=account.name, why=why)
    return Standing.unsaid


def _scene(appid: str, user_id: int) -> str:
    return follow_scene(running().settings, appid, user_id)
