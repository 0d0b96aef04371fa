"""An account's menu and automatic replies: `/cgi-bin/menu/create`, `get`, `delete`,
`/cgi-bin/get_current_selfmenu_info`, `/cgi-bin/get_current_autoreply_info`.

- A menu has 1 to 3 buttons, one of them 1 to 5 below it. A name has 16 bytes at most,
  60 below; a key 128, an address 1,024 (developers.weixin.qq.com/doc/service/api/
  custommenu/api_createcustommenu). Anything that has no list of buttons where it should
  is 40016, also what these calls themselves answer, sent back as it came (developers.
  weixin.qq.com/community/develop/doc/000c2e19ae8900602fcd1cd6d5d000).
- `menu/get` knows menus made by a call alone: without one it is 46003. selfmenu_info
  tells either, and what is below a button stands in `list` (developers.weixin.qq.com/
  doc/service/api/custommenu/api_getcurrentselfmenuinfo).
- The replies are those of the console (developers.weixin.qq.com/doc/service/api/notify/
  autoreplies/api_getcurrentautoreplyinfo). That both are told as closed while an
  address stops them is inferred.
"""

from collections.abc import Mapping
from typing import Any

from ..refusals import ApiError
from ..world.consoles import Button, Reply
from .access_token import caller
from .asked import Asked

Fields = dict[str, Any]

_KIND = "official_account"
_OK: Fields = {"errcode": 0, "errmsg": "ok"}

_KEYED = (
    *("click", "scancode_push", "scancode_waitmsg", "pic_sysphoto"),
    *("pic_photo_or_album", "pic_weixin", "location_select"),
)
_LINKED = ("view", "miniprogram")
_STORED = ("media_id", "view_limited", "article_id", "article_view_limited")

# The errcodes of a button, and of one below another.
_TOP = {"type": 40017, "name": 40018, "key": 40019, "url": 40020, "domain": 40055}
_BELOW = {"type": 40024, "name": 40025, "key": 40026, "url": 40027, "domain": 40054}


def create(asked: Asked) -> Fields:
    """The account's menu from now on."""
    app = caller(asked, _KIND)
    if not asked.body:
        raise ApiError(44002)
    items = _items(asked.fields.get("button"), 3, 40016)
    menu = [_button(item, _TOP, 16) for item in items]
    asked.within_day(app)
    asked.world.consoles.make_menu(app, menu)
    return _OK


def get(asked: Asked) -> Fields:
    """The menu that was made by a call."""
    app = caller(asked, _KIND)
    asked.within_day(app)
    menu = asked.world.consoles.made_menu(app)
    if menu is None:
        raise ApiError(46003)
    return {"menu": {"button": [_with_below(item) for item in menu]}}


def delete(asked: Asked) -> Fields:
    """No menu by a call any more."""
    app = caller(asked, _KIND)
    asked.within_day(app)
    asked.world.consoles.make_menu(app, None)
    return _OK


def current(asked: Asked) -> Fields:
    """The menu, whoever made it."""
    app = caller(asked, _KIND)
    consoles = asked.world.consoles
    made = consoles.made_menu(app)
    if made is None:
        told = [_of_console(button) for button in consoles.of(app).menu]
    else:
        told = [_listed(item) for item in made]
    is_open = int(bool(consoles.menu(app)))
    return {"is_menu_open": is_open, "selfmenu_info": {"button": told}}


def replies(asked: Asked) -> Fields:
    """The console's automatic replies."""
    app = caller(asked, _KIND)
    console, works = asked.world.consoles.of(app), not app.push_url
    told: Fields = {
        "is_add_friend_reply_open": int(works and console.follow is not None),
        "is_autoreply_open": int(works and console.default is not None),
    }
    if console.follow:
        told["add_friend_autoreply_info"] = _reply(console.follow)
    if console.default:
        told["message_default_autoreply_info"] = _reply(console.default)
    rules = [
        {
            "rule_name": f"rule {number}",
            "create_time": int(console.since),
            "reply_mode": "reply_all",
            "keyword_list_info": [
                {"type": "text", "match_mode": rule.match, "content": rule.word}
            ],
            "reply_list_info": [_reply(rule.reply)],
        }
        for number, rule in enumerate(console.keywords, start=1)
    ]
    return told | ({"keyword_autoreply_info": {"list": rules}} if rules else {})


def _reply(reply: Reply) -> Fields:
    return {"type": reply.type, "content": reply.content}


def _items(value: object, most: int, errcode: int) -> list[Any]:
    if not isinstance(value, list) or not 0 < len(value) <= most:
        raise ApiError(errcode)
    return value


def _button(item: object, codes: Mapping[str, int], most: int) -> Fields:
    if not isinstance(item, Mapping):
        raise ApiError(47001)
    name = _sized(item, "name", most, codes["name"])
    below = item.get("sub_button") or []
    if below and codes is _BELOW:
        raise ApiError(40022)
    if below:
        items = _items(below, 5, 40023)
        return {"name": name, "sub_button": [_button(i, _BELOW, 60) for i in items]}
    return {"type": _type(item, codes), "name": name, **_content(item, codes)}


def _type(item: Mapping[str, Any], codes: Mapping[str, int]) -> str:
    kind = item.get("type")
    if kind not in (*_KEYED, *_LINKED, *_STORED):
        raise ApiError(codes["type"])
    return str(kind)


def _content(item: Mapping[str, Any], codes: Mapping[str, int]) -> Fields:
    kind = item["type"]
    if kind in _KEYED:
        return {"key": _sized(item, "key", 128, codes["key"])}
    if kind in _STORED:
        name = "article_id" if kind.startswith("article") else "media_id"
        return {name: _sized(item, name, 256, 40007)}
    url = _sized(item, "url", 1024, codes["url"])
    if not url.startswith(("http://", "https://")):
        raise ApiError(codes["domain"])
    named = ("appid", "pagepath") if kind == "miniprogram" else ()
    return {"url": url} | {name: _sized(item, name, 1024, 40013) for name in named}


def _sized(item: Mapping[str, Any], name: str, most: int, errcode: int) -> str:
    value = item.get(name, "")
    if not isinstance(value, str):
        raise ApiError(47001)
    if not 0 < len(value.encode("utf-8", "replace")) <= most:
        raise ApiError(errcode)
    return value


def _with_below(item: Fields) -> Fields:
    """As menu/get has it: each button with a list below it, most of them empty."""
    below = [_with_below(each) for each in item.get("sub_button", ())]
    return item | {"sub_button": below}


def _listed(item: Fields) -> Fields:
    if "sub_button" not in item:
        return item
    return item | {"sub_button": {"list": item["sub_button"]}}


def _of_console(button: Button) -> Fields:
    if button.below:
        below = [_of_console(each) for each in button.below]
        return {"name": button.name, "sub_button": {"list": below}}
    told: Fields = {"type": button.type, "name": button.name}
    if button.type == "view":
        return told | {"url": button.value}
    told["value"] = button.value
    return told | ({"news_info": {"list": []}} if button.type == "news" else {})
