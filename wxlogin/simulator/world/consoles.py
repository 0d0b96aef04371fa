"""What an account's owner sets in WeChat's console: a menu, and automatic replies.

They work as long as no push address is set. With one the console's menu is gone and its
replies are silent (github.com/labring/FastGPT/issues/4224); a menu that was made by a
call stays, and stands in the place of the console's. Replies: to a follow; to a
message by a keyword, contained in it or equal to it; to any other message, at most once
an hour for a person (developers.weixin.qq.com/doc/service/en/Message_Management/
Getting_Rules_for_Auto_Replies.html).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..refusals import Invalid, known, mapping, text
from .part import Part
from .parties import App

#: What a button of the console may be; `text` says its value in the chat.
CONSOLE_TYPES = ("text", "view", "img", "voice", "video", "news")
REPLY_TYPES = ("text", "img", "voice", "video", "news")
CONTAIN, EQUAL = "contain", "equal"

_MOST_BUTTONS, _MOST_BELOW = 3, 5
# The reply to any message comes once in so many seconds.
_REST = 3600


@dataclass(frozen=True)
class Button:
    """A button of a menu. `value` is its text, address or key, by its type.

    One with buttons below has neither type nor value.
    """

    name: str
    type: str = ""
    value: str = ""
    below: tuple["Button", ...] = ()


@dataclass(frozen=True)
class Reply:
    """An automatic reply; but for texts `content` is the id of a file."""

    content: str
    type: str = "text"

    @property
    def shown(self) -> str:
        """The line that it is in the chat."""
        return self.content if self.type == "text" else f"[{self.type}]"


@dataclass(frozen=True)
class Keyword:
    """A reply to messages that contain a word, or are equal to it."""

    word: str
    reply: Reply
    match: str = CONTAIN

    def fits(self, message: str) -> bool:
        return self.word == message if self.match == EQUAL else self.word in message


@dataclass(frozen=True)
class Console:
    """What is set of one account, and since when."""

    menu: tuple[Button, ...] = ()
    follow: Reply | None = None
    default: Reply | None = None
    keywords: tuple[Keyword, ...] = ()
    since: float = 0.0


class Consoles(Part):
    """The consoles of all accounts."""

    def reset(self) -> None:
        with self._changed:
            self._set: dict[str, Console] = {}
            self._made: dict[str, list[dict[str, Any]]] = {}
            self._rested: dict[tuple[str, str], float] = {}

    def put(self, app: App, console: Console) -> None:
        with self._changed:
            self._set[app.appid] = replace(console, since=self._now())
            self._changed.notify_all()

    def make_menu(self, app: App, menu: list[dict[str, Any]] | None) -> None:
        """A menu by a call, as menu/create takes it; None takes it away."""
        with self._changed:
            self._made.pop(app.appid, None)
            if menu is not None:
                self._made[app.appid] = menu

    def made_menu(self, app: App) -> list[dict[str, Any]] | None:
        """The menu that was made by a call."""
        with self._changed:
            return self._made.get(app.appid)

    def of(self, app: App) -> Console:
        """What is set, whether it works or not."""
        with self._changed:
            return self._set.get(app.appid, Console())

    def menu(self, app: App) -> tuple[Button, ...]:
        """The buttons that people see."""
        made = self.made_menu(app)
        if made is not None:
            return tuple(_made_button(item) for item in made)
        return () if app.push_url else self.of(app).menu

    def greeting(self, app: App) -> str:
        """What a new follower reads; empty for nothing."""
        follow = None if app.push_url else self.of(app).follow
        return follow.shown if follow else ""

    def reply(self, app: App, person: str, message: str) -> str:
        """What somebody reads who wrote this; empty for nothing."""
        if app.push_url:
            return ""
        console, key, now = self.of(app), (app.appid, person), self._now()
        for keyword in console.keywords:
            if keyword.fits(message):
                return keyword.reply.shown
        with self._changed:
            if not console.default or now < self._rested.get(key, 0.0):
                return ""
            self._rested[key] = now + _REST
        return console.default.shown


def console_from(data: Mapping[str, Any], where: str) -> Console:
    """A console from JSON. Raises Invalid with a text that begins with `where`."""
    known(data, ("appid", "menu", "follow", "default", "keywords"), where)
    buttons = _list(data, "menu", where, _MOST_BUTTONS)
    words = _list(data, "keywords", where, 200)
    return Console(
        tuple(_button(item, f"{where}.menu[{i}]") for i, item in enumerate(buttons)),
        _reply(data, "follow", where),
        _reply(data, "default", where),
        tuple(_keyword(item, f"{where}.keywords[{i}]") for i, item in enumerate(words)),
    )


def _button(item: object, where: str, *, may_open: bool = True) -> Button:
    data = mapping(item, where)
    known(data, ("name", "type", "value", *(("below",) if may_open else ())), where)
    name = text(data, "name", where, None)
    items = _list(data, "below", where, _MOST_BELOW)
    if items:
        places = [(f"{where}.below[{i}]", each) for i, each in enumerate(items)]
        below = [_button(each, place, may_open=False) for place, each in places]
        return Button(name, below=tuple(below))
    kind = text(data, "type", where, None)
    if kind not in CONSOLE_TYPES:
        raise Invalid(f"{where}.type: one of {', '.join(CONSOLE_TYPES)}, not {kind!r}")
    return Button(name, kind, text(data, "value", where, None))


def _keyword(item: object, where: str) -> Keyword:
    data = mapping(item, where)
    known(data, ("word", "reply", "match"), where)
    match = text(data, "match", where, CONTAIN)
    if match not in (CONTAIN, EQUAL):
        raise Invalid(f"{where}.match: {CONTAIN} or {EQUAL}, not {match!r}")
    reply = _reply(data, "reply", where)
    if reply is None:
        raise Invalid(f"{where}.reply: missing")
    return Keyword(text(data, "word", where, None), reply, match)


def _reply(data: Mapping[str, Any], name: str, where: str) -> Reply | None:
    """A text, or {type, content}; None for none."""
    given, place = data.get(name, ""), f"{where}.{name}"
    if not isinstance(given, Mapping):
        words = text(data, name, where, "")
        return Reply(words) if words else None
    known(given, ("type", "content"), place)
    kind = text(given, "type", place, None)
    if kind not in REPLY_TYPES:
        raise Invalid(f"{place}.type: one of {', '.join(REPLY_TYPES)}, not {kind!r}")
    return Reply(text(given, "content", place, None), kind)


def _made_button(item: Mapping[str, Any]) -> Button:
    below = tuple(_made_button(each) for each in item.get("sub_button", ()))
    value = item.get("url") or item.get("key") or ""
    return Button(item["name"], item.get("type", ""), value, below)


def _list(data: Mapping[str, Any], name: str, where: str, most: int) -> list[Any]:
    items = data.get(name, [])
    if not isinstance(items, list) or len(items) > most:
        raise Invalid(f"{where}.{name}: a list of {most} at most, not {items!r}")
    return items
