"""A signed-in person adds another WeChat to the account, or takes one off.

Adding is a login of its own whose attempt names the session that began it: only
that session, in that browser, can end it, so a login never becomes a linking and a
link from elsewhere adds nothing (security rows 11 and 49). Where the other WeChat
has an account already, nothing happens until the person has seen both names and
said yes; what waits for the answer is kept for that session only. As at a login the
session's secret is a new one afterwards (row 20).

Whoever confirms a code in WeChat may have thought it was a login. So what a linking did
is told to both sides when they sign in next, and for some days nobody can be pushed
out by it (accounts/wechats.py).
"""

from dataclasses import dataclass
from datetime import timedelta

from wxlogin import service
from wxlogin.accounts import identities, people, undo
from wxlogin.accounts.identities import TakenBy, add_person, merge_by_choice
from wxlogin.accounts.people import Account
from wxlogin.accounts.person import Person
from wxlogin.accounts.sessions import Visitor, hash_secret
from wxlogin.accounts.sign_in import logins_since
from wxlogin.accounts.wechats import Company, Joining, WeChat, company
from wxlogin.config import App
from wxlogin.db import now, read
from wxlogin.errors import Conflict, NotFound, SignInNeeded
from wxlogin.flows import doors
from wxlogin.flows.doors import Flow
from wxlogin.flows.redirect.attempt import Attempt, Wish
from wxlogin.flows.redirect.begin import Begun, begin
from wxlogin.flows.session import require_fresh
from wxlogin.observability import get_logger
from wxlogin.service import running
from wxlogin.wechat.endpoints import Look

# The other account's id, while a session's question waits for its answer.
_questions = service.shelf("merge", int, seconds=300)


@dataclass(frozen=True)
class Question:
    """Two accounts that would become one."""

    mine: Account
    other: Account


def begin_linking(
    visitor: Visitor, app: App, flow: Flow, *, next_url: str, lang: str
) -> Begun:
    """A login that adds a WeChat person to the visitor's account.

    Raises LoginTooOld for a visitor whose own login is not fresh.
    """
    require_fresh(visitor)
    return begin(app, flow, Wish(next_url, link=visitor.session_id), look=Look(lang))


def asking(attempt: Attempt, visitor: Visitor | None) -> Visitor | None:
    """The visitor who began this linking; None for a login.

    Raises SignInNeeded unless the session that began the linking is here.
    """
    link = attempt.wish.link
    if not link:
        return None
    if visitor is None or visitor.session_id != link:
        raise SignInNeeded("the session that began to link is not this browser's")
    return visitor


def finish(person: Person, *, visitor: Visitor, secret: str) -> bool:
    """Adds the person to the visitor's account. False if a question is open now.

    The visitor's session goes on with this secret, and with no other. Raises
    SignInNeeded if it ended while WeChat was asked, and what `add_person` raises.
    """
    result = add_person(
        visitor.user_id,
        person,
        session_id=visitor.session_id,
        secret_hash=hash_secret(secret),
    )
    if not isinstance(result, TakenBy):
        get_logger().info("linked", uid=visitor.uid, appid=person.appid)
        return True
    _questions.take(_key(visitor))
    _questions.add(_key(visitor), result.user_id)
    return False


def has_question(visitor: Visitor) -> bool:
    """Does a question wait for this session?"""
    return _questions.get(_key(visitor)) is not None


def open_question(visitor: Visitor) -> Question:
    """The question that waits for this session. Raises NotFound."""
    other_id = _questions.get(_key(visitor))
    if other_id is None:
        raise NotFound("no question waits for this session")
    return Question(people.account(visitor.user_id), people.account(other_id))


def say_yes(visitor: Visitor, *, other_uid: str) -> str:
    """Merges the two accounts; returns the uid that stays.

    `other_uid` is the account that the page named. Raises NotFound, and Conflict
    where another tab has put another question since; nothing is merged then.
    """
    other_id = _questions.take(_key(visitor))
    if other_id is None:
        raise NotFound("no question waits for this session")
    if people.account(other_id).uid != other_uid:
        raise Conflict("the person said yes to another question")
    uid = merge_by_choice(visitor.user_id, other_id, session_id=visitor.session_id)
    get_logger().info("merged by choice", uid=uid)
    return uid


def say_no(visitor: Visitor) -> None:
    """Leaves both accounts as they are."""
    _questions.take(_key(visitor))


def _key(visitor: Visitor) -> str:
    return str(visitor.session_id)


def unlink(visitor: Visitor, identity_id: int) -> None:
    """Takes a WeChat person off the account.

    Raises LoginTooOld for a visitor whose own login is not fresh, NotFound, Conflict
    and RecentlyJoined.
    """
    require_fresh(visitor)
    identities.unlink(visitor.user_id, identity_id, through=visitor.identity_id)
    get_logger().info("unlinked", uid=visitor.uid)


def take_back(visitor: Visitor, merge_id: int) -> None:
    """Makes two accounts again of two that became one a few days ago.

    Sessions end that were opened through what moves. Raises LoginTooOld, NotFound
    and Conflict.
    """
    require_fresh(visitor)
    undone = undo.take_back(visitor.user_id, merge_id)
    get_logger().info("merge taken back", uid=visitor.uid, other=undone.restored_uid)


@dataclass(frozen=True)
class Ways:
    """What may be done about the WeChats of an account."""

    #: Identities that may be taken off, each with all of its WeChat.
    removable: frozenset[int]
    #: Merges that may be taken back.
    merges: tuple[Joining, ...]
    #: Does a WeChat stay only because another one has just come?
    guarded: bool


def _company(visitor: Visitor) -> Company:
    return read(lambda session: company(session, visitor.user_id))


def ways(visitor: Visitor) -> Ways:
    """What the account's page offers this visitor."""
    found, at = _company(visitor), now()
    mine = found.of(visitor.identity_id)
    free = [one for one in found.wechats if found.may_go(one, by=mine, at=at)]
    return Ways(
        removable=frozenset().union(*(one.identities for one in free)),
        merges=found.merges(at=at),
        guarded=1 < len(found.wechats) > len(free),
    )


@dataclass(frozen=True)
class News:
    """A WeChat that shares the account with the one that signed in (`mine`)."""

    joining: Joining
    mine: WeChat

    @property
    def is_me(self) -> bool:
        """Is the one that signed in the newcomer?"""
        return self.joining.newcomer == self.mine

    @property
    def about(self) -> int:
        """An identity of the other one; what the news is called by."""
        other = self.joining.elder if self.is_me else self.joining.newcomer
        return min(other.identities)

    @property
    def newcomer_id(self) -> int:
        """An identity of the newcomer, to take it off by."""
        return min(self.joining.newcomer.identities)

    @property
    def other_name(self) -> str:
        """The other account's name, where two became one."""
        found = self.joining
        return found.elder_name if self.is_me else found.newcomer_name


def unread_news(visitor: Visitor) -> News | None:
    """What a person must hear who has just signed in: who shares the account now.

    Each WeChat hears of each other one once, at its first sign-in in a page after
    they came together; of what is older than the login history it does not.
    """
    oldest = now() - timedelta(days=running().settings.login_history_days)
    pages = [door.name for door in doors.DOORS if door.has_page]
    for found in _all_news(visitor):
        at = found.joining.at
        if at < oldest:
            continue
        if logins_since(found.mine.identities, at, doors=pages) == 1:
            return found
    return None


def news(visitor: Visitor, about: int) -> News | None:
    """The same news again, for its page; None where it is no longer so."""
    return next((one for one in _all_news(visitor) if one.about == about), None)


def _all_news(visitor: Visitor) -> list[News]:
    found = _company(visitor)
    mine = found.of(visitor.identity_id)
    if mine is None:
        return []
    return [News(one, mine) for one in found.joinings if one.concerns(mine)]
