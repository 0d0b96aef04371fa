"""A signed-in person adds another WeChat to the account, or takes one off.

Adding is a login of its own whose attempt names the session that began it: only
that session, in that browser, can end it, so a login never becomes a linking and a
link from elsewhere adds nothing (security rows 11 and 49). Where the other WeChat
has an account already, nothing happens until the person has seen both names and
said yes; what waits for the answer is kept for that session only. As at a login the
session's secret is a new one afterwards (row 20).
"""

import json
from dataclasses import dataclass

from wxlogin.accounts import linking, people
from wxlogin.accounts.adding import TakenBy, add_person, merge_by_choice
from wxlogin.accounts.people import Account
from wxlogin.accounts.person import Person
from wxlogin.accounts.sessions import Visitor, hash_secret
from wxlogin.config import App, Settings
from wxlogin.errors import Conflict, NotFound, SignInNeeded
from wxlogin.flows.attempt import Attempt
from wxlogin.flows.beginning import Begun, Flow, begin
from wxlogin.flows.freshness import require_fresh
from wxlogin.observability import get_logger
from wxlogin.tickets import current_tickets

KIND = "merge"
# How long a question may wait for its answer.
ANSWER_SECONDS = 300


@dataclass(frozen=True)
class Question:
    """Two accounts that would become one."""

    mine: Account
    other: Account


def begin_linking(
    settings: Settings,
    visitor: Visitor,
    app: App,
    flow: Flow,
    *,
    next_url: str,
    lang: str,
) -> Begun:
    """A login that adds a WeChat person to the visitor's account.

    Raises LoginTooOld for a visitor whose own login is not fresh.
    """
    require_fresh(visitor)
    link = visitor.session_id
    return begin(settings, app, flow, next_url=next_url, lang=lang, link=link)


def asking(attempt: Attempt, visitor: Visitor | None) -> Visitor | None:
    """The visitor who began this linking; None for a login.

    Raises SignInNeeded unless the session that began the linking is here.
    """
    if not attempt.link:
        return None
    if visitor is None or visitor.session_id != attempt.link:
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
    key, value = str(visitor.session_id), json.dumps(result.user_id)
    store = current_tickets()
    store.take(KIND, key)
    store.add(KIND, key, value, ttl=ANSWER_SECONDS)
    return False


def has_question(visitor: Visitor) -> bool:
    """Does a question wait for this session?"""
    return current_tickets().get(KIND, str(visitor.session_id)) is not None


def open_question(visitor: Visitor) -> Question:
    """The question that waits for this session. Raises NotFound."""
    found = current_tickets().get(KIND, str(visitor.session_id))
    if found is None:
        raise NotFound("no question waits for this session")
    other_id = json.loads(found.value)
    return Question(people.account(visitor.user_id), people.account(other_id))


def say_yes(visitor: Visitor, *, other_uid: str) -> str:
    """Merges the two accounts; returns the uid that stays.

    `other_uid` is the account that the page named. Raises NotFound, and Conflict
    where another tab has put another question since; nothing is merged then.
    """
    value = current_tickets().take(KIND, str(visitor.session_id))
    if value is None:
        raise NotFound("no question waits for this session")
    other_id = json.loads(value)
    if people.account(other_id).uid != other_uid:
        raise Conflict("the person said yes to another question")
    uid = merge_by_choice(visitor.user_id, other_id, session_id=visitor.session_id)
    get_logger().info("merged by choice", uid=uid)
    return uid


def say_no(visitor: Visitor) -> None:
    """Leaves both accounts as they are."""
    current_tickets().take(KIND, str(visitor.session_id))


def may_unlink(account: Account) -> bool:
    """Is there more than one WeChat person on the account?"""
    persons = {
        (one.open_platform, one.unionid) if one.unionid else one.id
        for one in account.identities
    }
    return len(persons) > 1


def unlink(visitor: Visitor, identity_id: int) -> None:
    """Takes a WeChat person off the account. Raises NotFound and Conflict."""
    linking.unlink(visitor.user_id, identity_id)
    get_logger().info("unlinked", uid=visitor.uid)
