"""What an official account answers by itself, kept from WeChat's console.

WeChat switches off the console's replies where a push address is set (docs/
official-account.md), so the account says them by us. As the console does:

- a new follower reads the reply to a follow;
- a message is answered by the first rule of which a keyword fits: contained in it, or
  equal to it; of several replies one is chosen, or all are said in one message, since
  an answer to a push is one message;
- any other message by the reply to a message, at most once an hour for a person, and
  only where nobody else gets the rest (`oa_rest`);
- a button that said a text in the console is one with a key, and says it here.

A push that comes again has the same answer: nothing here is drawn by chance.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.orm import Session

from wxlogin import service
from wxlogin.accounts.models import KeptReplies
from wxlogin.config import App, AppKind
from wxlogin.config.apps import Rest
from wxlogin.db import now, reading, transaction
from wxlogin.db.statements import insert_or_change, run
from wxlogin.wechat.pushes import Push

#: The reply to any message comes once in so many seconds for a person.
REST_SECONDS = 3600


@dataclass(frozen=True)
class Rule:
    """Messages that hold a word of `contained` or are one of `equal`; what is said."""

    contained: tuple[str, ...]
    equal: tuple[str, ...]
    texts: tuple[str, ...]
    at_random: bool = False

    def fits(self, message: str) -> bool:
        return message in self.equal or any(one in message for one in self.contained)

    def text(self, push: Push) -> str:
        if not self.at_random:
            return "\n\n".join(self.texts)
        return self.texts[push.digest[0] % len(self.texts)]


@dataclass(frozen=True)
class Replies:
    """All that an account says; empty for nothing."""

    follow: str = ""
    message: str = ""
    rules: tuple[Rule, ...] = ()
    #: Of the menu's buttons, by key.
    buttons: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Said:
    """Which push a person's last reply to any message was for."""

    push: str


_said = service.shelf("kept_reply", _Said, seconds=REST_SECONDS)


def text_for(app: App, push: Push) -> str:
    """What the account says to this push; empty for nothing. Raises Unready."""
    asked = push.event in ("subscribe", "click") or bool(push.text)
    if app.kind is not AppKind.official_account or not asked:
        return ""
    replies = of(app.appid)
    if replies is None:
        return ""
    if push.event:
        key = push.fields.get("EventKey", "")
        follows = push.event == "subscribe"
        return replies.follow if follows else replies.buttons.get(key, "")
    return _to_message(app, push, replies)


def _to_message(app: App, push: Push, replies: Replies) -> str:
    for rule in replies.rules:
        if rule.fits(push.text):
            return rule.text(push)
    is_last = app.oa_rest is Rest.quiet
    return replies.message if is_last and replies.message and _may(app, push) else ""


def _may(app: App, push: Push) -> bool:
    """Has the person not read it within the hour, but in answer to this push?"""
    key, mine = f"{app.appid}\x1f{push.openid}", _Said(push.digest.hex())
    return _said.add(key, mine) or _said.get(key) == mine


def of(appid: str) -> Replies | None:
    """What is kept of the account; None where nobody has looked (`wxlogin oa keep`)."""
    with reading() as session:
        text = session.scalar(_TEXT, {"appid": appid})
    return None if text is None else _codec().validate_json(text)


def keep(appid: str, replies: Replies) -> None:
    """Keeps these in the place of what was kept."""
    text = _codec().dump_json(replies).decode()
    values = {"appid": appid, "kept_at": now(), "replies": text}

    def work(session: Session) -> None:
        dialect = session.get_bind().dialect.name
        session.execute(_change(dialect), values)

    transaction(work)


def forget(appid: str) -> bool:
    """The account says nothing by itself any more; False where it did not."""
    gone = sa.delete(KeptReplies).where(KeptReplies.appid == appid)
    return bool(transaction(lambda session: run(session, gone)))


@cache
def _codec() -> TypeAdapter[Replies]:
    return TypeAdapter(Replies)


@cache
def _change(dialect: str) -> sa.Insert:
    changed: sa.Insert = insert_or_change(
        dialect,
        KeptReplies,
        key=("appid",),
        news=lambda new: {"kept_at": new.kept_at, "replies": new.replies},
    )
    return changed


_TEXT = sa.select(KeptReplies.replies).where(KeptReplies.appid == sa.bindparam("appid"))
