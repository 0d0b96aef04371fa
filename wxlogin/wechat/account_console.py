"""What an official account's owner has made in WeChat's console: menu and automatic
replies; and a menu that is made by a call.

Sources: developers.weixin.qq.com/doc/service/api/custommenu/api_getcurrentselfmenuinfo
and …/api_createcustommenu, …/doc/service/api/notify/autoreplies/
api_getcurrentautoreplyinfo.

- A menu made in the console has buttons that no call makes: `text` says its `value`,
  `img`, `voice`, `video` and `news` show a stored thing. What is below a button stands
  in a `list` inside `sub_button`; a call wants the list itself there.
- A reply is a `text`, or a stored thing as above. A rule has keywords, of which one is
  contained in the message or equal to it, and replies of which all are sent
  (`reply_all`) or one by chance (`random_one`).
- What is told as not open does not answer. Missing parts are empty: an account may have
  any of them or none.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from wxlogin.net.deadline import Deadline
from wxlogin.wechat.answers import Answer
from wxlogin.wechat.client import WeChat
from wxlogin.wechat.errors import Call
from wxlogin.wechat.question import AppCredentials, Question

TEXT = "text"
EQUAL, CONTAIN = "equal", "contain"

# What each kind of button is made with, beside type and name; others no call makes.
_KEY, _MEDIA, _ARTICLE = ("key",), ("media_id",), ("article_id",)
_MADE_WITH: dict[str, tuple[str, ...]] = {
    "view": ("url",),
    "miniprogram": ("url", "appid", "pagepath"),
    "media_id": _MEDIA,
    "view_limited": _MEDIA,
    "article_id": _ARTICLE,
    "article_view_limited": _ARTICLE,
    **dict.fromkeys(
        (
            *("click", "scancode_push", "scancode_waitmsg", "pic_sysphoto"),
            *("pic_photo_or_album", "pic_weixin", "location_select"),
        ),
        _KEY,
    ),
}


@dataclass(frozen=True)
class Button:
    """A button of a menu; `fields` are its texts by WeChat's names. One with buttons
    below has no type."""

    name: str
    type: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    below: tuple["Button", ...] = ()

    @property
    def can_be_made(self) -> bool:
        """Does a call make this very button?"""
        wanted = _MADE_WITH.get(self.type)
        return wanted is not None and all(self.fields.get(name) for name in wanted)

    @property
    def as_made(self) -> dict[str, object]:
        """As the call takes it."""
        if self.below:
            return {"name": self.name, "sub_button": [b.as_made for b in self.below]}
        fields = {name: self.fields[name] for name in _MADE_WITH[self.type]}
        return {"type": self.type, "name": self.name, **fields}


@dataclass(frozen=True)
class Menu:
    """The menu, whoever made it; `is_open` says whether people see it."""

    is_open: bool
    buttons: tuple[Button, ...]


@dataclass(frozen=True)
class Reply:
    """One automatic reply; `text` is empty for one that is no text."""

    type: str
    text: str = ""


@dataclass(frozen=True)
class Keyword:
    """A word, and whether a message has to be equal to it."""

    word: str
    match: str = CONTAIN


@dataclass(frozen=True)
class Rule:
    """What is answered to messages with one of the keywords."""

    name: str
    keywords: tuple[Keyword, ...]
    replies: tuple[Reply, ...]
    at_random: bool = False


@dataclass(frozen=True)
class Replies:
    """The automatic replies: to a follow, to a message, to keywords."""

    follow_is_open: bool
    message_is_open: bool
    follow: Reply | None
    message: Reply | None
    rules: tuple[Rule, ...]


def menu(
    wechat: WeChat, app: AppCredentials, token: str, *, deadline: Deadline
) -> Menu:
    """The account's menu as people see it, or would see it.

    Raises `AppTokenStale`, `WeChatMisconfigured` (48001 of an account that may not
    ask), `WeChatBusy`, `WeChatUnavailable`. Source: GET /cgi-bin/
    get_current_selfmenu_info.
    """
    question = Question(Call.MENU, app, {"access_token": token})
    return wechat.ask(question, _menu, deadline)


def replies(
    wechat: WeChat, app: AppCredentials, token: str, *, deadline: Deadline
) -> Replies:
    """The account's automatic replies. Raises as `menu`.
    Source: GET /cgi-bin/get_current_autoreply_info."""
    question = Question(Call.AUTO_REPLIES, app, {"access_token": token})
    return wechat.ask(question, _replies, deadline)


def make_menu(
    wechat: WeChat,
    app: AppCredentials,
    token: str,
    buttons: tuple[Button, ...],
    *,
    deadline: Deadline,
) -> None:
    """Puts this menu in the place of the account's, at once and for everybody.

    One to three buttons that can be made. Raises as `menu`.
    Source: POST /cgi-bin/menu/create.
    """
    body = {"button": [button.as_made for button in buttons]}
    question = Question(Call.MAKE_MENU, app, {"access_token": token}, body)
    wechat.ask(question, dict, deadline)


def _menu(data: Answer) -> Menu:
    info = _object(data, "selfmenu_info")
    return Menu(data.get("is_menu_open") == 1, tuple(_buttons(info.get("button"))))


def _buttons(told: object) -> Iterator[Button]:
    for item in _objects(told):
        below = item.get("sub_button")
        if isinstance(below, Mapping):
            below = below.get("list")
        texts = {name: each for name, each in item.items() if isinstance(each, str)}
        name, kind = texts.pop("name", ""), texts.pop("type", "").lower()
        yield Button(name, kind, texts, tuple(_buttons(below)))


def _replies(data: Answer) -> Replies:
    rules = _object(data, "keyword_autoreply_info").get("list")
    return Replies(
        data.get("is_add_friend_reply_open") == 1,
        data.get("is_autoreply_open") == 1,
        _reply(data.get("add_friend_autoreply_info")),
        _reply(data.get("message_default_autoreply_info")),
        tuple(_rule(item) for item in _objects(rules)),
    )


def _rule(item: Mapping[str, object]) -> Rule:
    words = (_keyword(one) for one in _objects(item.get("keyword_list_info")))
    said = (_reply(one) for one in _objects(item.get("reply_list_info")))
    return Rule(
        str(item.get("rule_name") or ""),
        tuple(one for one in words if one.word),
        tuple(one for one in said if one),
        at_random=item.get("reply_mode") == "random_one",
    )


def _keyword(item: Mapping[str, object]) -> Keyword:
    word = item.get("content")
    match = EQUAL if item.get("match_mode") == EQUAL else CONTAIN
    return Keyword(word if isinstance(word, str) else "", match)


def _reply(told: object) -> Reply | None:
    if not isinstance(told, Mapping) or not isinstance(told.get("type"), str):
        return None
    kind, content = told["type"].lower(), told.get("content")
    return Reply(kind, content if kind == TEXT and isinstance(content, str) else "")


def _object(data: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = data.get(name)
    return found if isinstance(found, Mapping) else {}


def _objects(told: object) -> list[Mapping[str, object]]:
    items = told if isinstance(told, list) else []
    return [item for item in items if isinstance(item, Mapping)]
