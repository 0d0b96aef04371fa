"""Who answers a message or an event in an account's chat; the first one does.

1. Follow to sign in: the question to who scanned a code of ours (flows/follow.py).
2. Its number door: the question to who sends a number of ours, and what is said to the
   answer (flows/follow_number.py).
3. What the account says by itself, kept from WeChat's console (flows/kept_replies.py).
4. By the app's `oa_rest`: another system (flows/forwarding.py), the account's own
   staff, or nobody: WeChat hears `success`, and the person nothing.

Another system is told of events before 3, so that it knows who follows; only where it
says nothing the account does.

What may change something of ours is heard in the thread that has kept the push, and is
heard again where a process died; so it gives the same answer for the same push, however
often WeChat delivers it (security row 85). Others are asked in the request's own
thread, since they may take their time. Neither makes WeChat wait for longer than
flows/push.py says.

An answer is a value. How it is put into words, letters and seals is its reader's
matter: web/push.py and flows/push.py.
"""

import time
from dataclasses import dataclass

from wxlogin.config import App
from wxlogin.config.apps import Rest
from wxlogin.flows import follow, follow_number, forwarding, kept_replies
from wxlogin.flows.follow import Heard
from wxlogin.net.deadline import Deadline
from wxlogin.wechat.push_envelope import Delivery
from wxlogin.wechat.pushes import Push


@dataclass(frozen=True)
class Text:
    """The account says this; `at` is seconds since 1970."""

    text: str
    at: int


@dataclass(frozen=True)
class Transfer:
    """The message goes to the account's own staff (客服)."""

    at: int


@dataclass(frozen=True)
class Foreign:
    """Another system's answer: a whole reply, as it stands before it is sealed."""

    message: bytes
    at: int


#: What can be written to WeChat.
Reply = Text | Transfer | Foreign
#: What the chain answers; what was heard is still to be put into words.
Answer = Heard | Reply


@dataclass(frozen=True)
class Ours:
    """What we have to say to a push, if anything: to a sign-in, and by what is kept."""

    heard: Heard | None = None
    kept: Text | None = None


def heard(app: App, push: Push) -> Heard | None:
    """What of the push is meant for a sign-in; it has had its effect then.

    The same again for the same push. Raises Unready.
    """
    return follow.heard(app, push) or follow_number.heard(app, push)


def ours(app: App, push: Push) -> Ours:
    """What we say ourselves. The same again for the same push. Raises Unready."""
    if said := heard(app, push):
        return Ours(heard=said)
    text = kept_replies.text_for(app, push)
    return Ours(kept=Text(text, _moment(push)) if text else None)


def answer(
    app: App, delivery: Delivery, push: Push, ours: Ours, *, deadline: Deadline
) -> Answer | None:
    """What the person reads, known before the deadline; None for silence. Never raises
    for what others do."""
    if ours.heard:
        return ours.heard
    if ours.kept and not (push.event and app.oa_rest is Rest.forward):
        return ours.kept
    return _rest(app, delivery, push, deadline) or ours.kept


def _rest(app: App, delivery: Delivery, push: Push, deadline: Deadline) -> Reply | None:
    match app.oa_rest:
        case Rest.forward:
            said = forwarding.reply_of(app, delivery, push, deadline=deadline)
            return Foreign(said, _moment(push)) if said else None
        case Rest.customer_service if push.kind and not push.event:
            return Transfer(_moment(push))
    return None


def _moment(push: Push) -> int:
    """Of an answer, in seconds: the push's own, so that it is always the same."""
    return push.at or int(time.time())
