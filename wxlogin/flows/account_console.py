"""Keeps what an account's owner has made in WeChat's console, before a push address
stops it (docs/official-account.md).

- The menu is made again by a call: such a menu stays. A button that says a text becomes
  one with a key, and the text is kept (flows/kept_replies.py). Pictures, voices, videos
  and articles of the console cannot be made by a call, and are lost.
- Of the automatic replies the texts are kept.
- What WeChat tells as switched off is not taken, unless that is wanted: its owner may
  have done that. Where WeChat tells nothing of a part, what was kept of it before
  stays, so it may be run again at any time.

`plan` asks WeChat and changes nothing; `carry_out` does what was planned.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from wxlogin.config import App
from wxlogin.errors import WeChatMisconfigured, WxloginError
from wxlogin.flows import kept_replies
from wxlogin.flows.credentials import with_token
from wxlogin.flows.kept_replies import Replies, Rule
from wxlogin.net.deadline import Deadline
from wxlogin.service import running
from wxlogin.wechat import account_console
from wxlogin.wechat.account_console import EQUAL, TEXT, Button, Menu, Reply
from wxlogin.wechat.client import WeChat
from wxlogin.wechat.errcodes import NO_RIGHT
from wxlogin.wechat.errors import errcode_of
from wxlogin.wechat.pushes import TEXT_BYTES

_KEY = "wxlogin_"
# What the console's kinds are called.
_KINDS = {
    "img": "a picture",
    "voice": "a voice message",
    "video": "a video",
    "news": "articles",
}
_OFF = "WeChat tells it as switched off"
_BEFORE = "as it was kept before"

T = TypeVar("T")
_Ask = Callable[..., T]


@dataclass(frozen=True)
class Part:
    """A button or reply, and what becomes of it."""

    place: str
    about: str


@dataclass(frozen=True)
class Plan:
    """What is kept, what cannot be, and why. `menu` is empty where none is made."""

    replies: Replies
    menu: tuple[Button, ...]
    kept: tuple[Part, ...]
    lost: tuple[Part, ...]
    #: Sentences for the operator.
    notes: tuple[str, ...]


@dataclass
class _Draft:
    """A plan that is being made, and what was kept before."""

    before: Replies
    switched_off: bool
    kept: list[Part] = field(default_factory=list)
    lost: list[Part] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    buttons: dict[str, str] = field(default_factory=dict)

    def keeps(self, place: str, about: str, text: str = "") -> None:
        if len(text.encode()) > TEXT_BYTES:
            about += f", cut after {TEXT_BYTES:,} bytes"
        self.kept.append(Part(place, about))

    def loses(self, place: str, kind: str) -> None:
        about = _KINDS.get(kind, f"of the kind {kind}" if kind else "it says nothing")
        self.lost.append(Part(place, about))


def plan(app: App, *, switched_off: bool = False) -> Plan:
    """What would be kept of the account's console; WeChat is asked, nothing changed.

    With `switched_off` also the replies that WeChat tells as switched off. Raises
    what WeChat's refusal is, where it tells neither menu nor replies.
    """
    draft = _Draft(kept_replies.of(app.appid) or Replies(), switched_off)
    deadline = running().wechat.deadline()
    menu = _told(app, draft, "menu", account_console.menu, deadline)
    told = _told(app, draft, "automatic replies", account_console.replies, deadline)
    if isinstance(menu, WxloginError) and isinstance(told, WxloginError):
        raise menu
    buttons = () if isinstance(menu, WxloginError) else _menu(draft, menu)
    if not buttons:
        draft.buttons = dict(draft.before.buttons)
    replies = draft.before if isinstance(told, WxloginError) else _replies(draft, told)
    if not isinstance(menu, WxloginError) and not isinstance(told, WxloginError):
        _look_whether_it_is_late(draft, menu, told)
    return Plan(
        Replies(replies.follow, replies.message, replies.rules, draft.buttons),
        buttons,
        tuple(draft.kept),
        tuple(draft.lost),
        tuple(draft.notes),
    )


def carry_out(app: App, plan: Plan) -> None:
    """Keeps the replies, then makes the menu: a button is never there before its text.

    Raises what WeChat's refusal of the menu is; the replies are kept then.
    """
    kept_replies.keep(app.appid, plan.replies)
    if not plan.menu:
        return
    wechat = running().wechat
    deadline = wechat.deadline()
    with_token(
        app,
        lambda token: account_console.make_menu(
            wechat, app, token, plan.menu, deadline=deadline
        ),
        deadline=deadline,
    )


def why(error: WxloginError) -> str:
    """A refusal of WeChat's, for the operator."""
    if errcode_of(error) == NO_RIGHT:
        return "the account has no right to that call (48001): it is not verified"
    return error.operator


def _told(
    app: App, draft: _Draft, what: str, ask: "_Ask[T]", deadline: Deadline
) -> T | WxloginError:
    wechat: WeChat = running().wechat
    try:
        return with_token(
            app,
            lambda token: ask(wechat, app, token, deadline=deadline),
            deadline=deadline,
        )
    except WeChatMisconfigured as error:
        draft.notes.append(f"The {what}: {why(error)}.")
        return error


# -- the menu --


def _menu(draft: _Draft, menu: Menu) -> tuple[Button, ...]:
    if menu.buttons and not menu.is_open and not draft.switched_off:
        draft.lost.append(Part("menu", _OFF))
        return ()
    made = (_button(draft, one, f"menu: {one.name}") for one in menu.buttons)
    return tuple(one for one in made if one)


def _button(draft: _Draft, button: Button, place: str) -> Button | None:
    """As a call makes it; None for one that it cannot make."""
    if button.below:
        made = (_button(draft, b, f"{place} > {b.name}") for b in button.below)
        below = tuple(one for one in made if one)
        return Button(button.name, below=below) if below else None
    text = button.fields.get("value", "")
    if button.type == TEXT and text:
        key = _KEY + hashlib.sha256(text.encode()).hexdigest()[:16]
        draft.buttons[key] = text
        draft.keeps(place, "the text is said by wxlogin", text)
        return Button(button.name, "click", {"key": key})
    if not button.can_be_made:
        draft.loses(place, button.type)
        return None
    key = button.fields.get("key", "")
    if key in draft.before.buttons:
        draft.buttons[key] = draft.before.buttons[key]
    draft.keeps(place, _about(button, is_ours=key in draft.buttons))
    return button


def _about(button: Button, *, is_ours: bool) -> str:
    if is_ours:
        return "the text is said by wxlogin"
    return "as it is" if button.type != "click" else "as it is; its key is pushed"


# -- the replies --


def _replies(draft: _Draft, told: account_console.Replies) -> Replies:
    return Replies(
        _single(draft, "reply to a follow", told.follow, told.follow_is_open, "follow"),
        _single(
            draft, "reply to a message", told.message, told.message_is_open, "message"
        ),
        _rules(draft, told) if told.rules else _rules_before(draft),
    )


def _single(
    draft: _Draft, place: str, reply: Reply | None, is_open: bool, name: str
) -> str:
    before = str(getattr(draft.before, name))
    if reply is None or not (is_open or draft.switched_off):
        if before:
            draft.keeps(place, _BEFORE)
        elif reply is not None:
            draft.lost.append(Part(place, _OFF))
        return before
    if not reply.text:
        draft.loses(place, reply.type)
        return ""
    draft.keeps(place, "text", reply.text)
    return reply.text


def _rules(draft: _Draft, told: account_console.Replies) -> tuple[Rule, ...]:
    rules = (_rule(draft, rule) for rule in told.rules)
    return tuple(one for one in rules if one)


def _rules_before(draft: _Draft) -> tuple[Rule, ...]:
    if rules := draft.before.rules:
        draft.keeps(f"keywords: {len(rules)} rules", _BEFORE)
    return draft.before.rules


def _rule(draft: _Draft, rule: account_console.Rule) -> Rule | None:
    place = f"keywords: {', '.join(one.word for one in rule.keywords)}"
    texts = tuple(reply.text for reply in rule.replies if reply.text)
    for reply in rule.replies:
        if not reply.text:
            draft.loses(place, reply.type)
    if not texts or not rule.keywords:
        return None
    several = ", one by chance" if rule.at_random else ", all in one message"
    about = f"{len(texts)} texts{several}" if len(texts) > 1 else "text"
    draft.keeps(place, about, "" if rule.at_random else "\n\n".join(texts))
    return Rule(
        _words(rule, is_equal=False), _words(rule, is_equal=True), texts, rule.at_random
    )


def _words(rule: account_console.Rule, *, is_equal: bool) -> tuple[str, ...]:
    return tuple(one.word for one in rule.keywords if (one.match == EQUAL) is is_equal)


def _look_whether_it_is_late(
    draft: _Draft, menu: Menu, told: account_console.Replies
) -> None:
    if menu.is_open or told.follow_is_open or told.message_is_open:
        return
    if any(part.about == _OFF for part in draft.lost):
        draft.notes.append(
            "WeChat tells everything as switched off. If you have not done that, a "
            "push address is set already: --switched-off keeps it all the same."
        )
    elif not draft.kept:
        draft.notes.append(
            "If there is something in the console, a push address is set already: take "
            "it out for a moment, and run this again."
        )
