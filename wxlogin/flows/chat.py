"""Who answers a message or an event in an account's chat; the first one does.

1. Follow to sign in: the question to who scanned a code of ours (flows/follow.py).
2. Its number door: the question to who sends a number of ours, and what is said to the
   answer (flows/follow_number.py).
3. Nobody: WeChat hears `success`, and the person nothing.

What may change something of ours (`ours`) is asked in the thread that has kept the
push, and is asked again where a process died; so it gives the same answer for the same
push, however often WeChat delivers it (security row 85). `rest` is
asked in the request's own thread, since it may wait for others, and only where nothing
of ours was meant. Neither makes WeChat wait for longer than flows/push.py says.

An answer is a value. How it is put into words, letters and seals is its reader's
matter: web/push.py and flows/push.py.
"""

from dataclasses import dataclass

from wxlogin.config import App
from wxlogin.flows import follow, follow_number
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


def heard(app: App, push: Push) -> Heard | None:
    """What of the push is meant for a sign-in; it has had its effect then.

    The same again for the same push. Raises Unready.
    """
    return follow.heard(app, push) or follow_number.heard(app, push)


def ours(app: App, push: Push) -> Answer | None:
    """Our own answer; None where the push is nothing to us. Raises Unready."""
    return heard(app, push)


def rest(
    app: App, delivery: Delivery, push: Push, *, deadline: Deadline
) -> Reply | None:
    """The answer of others to what is none of ours, before the deadline; None for
    silence. Never raises for what they do."""
    return None
