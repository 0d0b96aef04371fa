"""An official account's codes with a scene: `/cgi-bin/qrcode/create`.

Checked in this order:

- the access_token, and whether the account may: a verified service account 48001
- the body 44002; an action_name that cannot be read, also because the body is no JSON,
  40052 (blog.csdn.net/jingblog/article/details/82595821)
- a wrong type 47001
- action_info: scene_str of 1 to 64 characters, scene_id of 1 to 100,000 for a permanent
  code, 40053 (developers.weixin.qq.com/community/personal/oCJUsw44M3nM73eimvd5kJpf_U9k/
  answer)
- 100,000 permanent codes of an account 45029, 100,000 calls a day 45009

A scene that stands one level up is not seen: the code is made, with an empty scene or 0
(developers.weixin.qq.com/community/personal/oCJUsw7zVw8jAYA1cfBcliT9EKa0/answer). A
scene_id above 32 bits is cut to 4294967295 (cnblogs.com/yilincool/p/
wechat_scence_code.html).
expire_seconds is 60 where it is missing and 30 days at most; that more counts as 30
days, and less than one second as missing, is inferred.
"""

from collections.abc import Mapping
from typing import Any

from ..refusals import ApiError
from ..world.parties import App
from .access_token import caller
from .asked import Asked

Fields = dict[str, Any]

# The name of the scene, and whether the code is for ever.
_ACTIONS = {
    "QR_SCENE": ("scene_id", False),
    "QR_STR_SCENE": ("scene_str", False),
    "QR_LIMIT_SCENE": ("scene_id", True),
    "QR_LIMIT_STR_SCENE": ("scene_str", True),
}

_DEFAULT_SECONDS, _MOST_SECONDS = 60, 30 * 24 * 3600
_MOST_TEXT, _MOST_LIMIT, _MOST_NUMBER = 64, 100_000, 2**32 - 1
_MOST_PERMANENT = 100_000


def create(asked: Asked) -> Fields:
    """A ticket, and the text that stands in the code."""
    app = caller(asked, "official_account")
    if not app.page_scopes:
        raise ApiError(48001)
    if not asked.body:
        raise ApiError(44002)
    name, permanent = _action(asked.fields)
    scene = _scene(asked.fields, name, permanent=permanent)
    seconds = 0 if permanent else _seconds(asked.fields)
    if permanent:
        _require_room(asked, app)
    asked.within_day(app)
    code = asked.world.account_codes.make(app, scene, seconds)
    told: Fields = {"ticket": code.ticket}
    return told | ({"expire_seconds": seconds} if seconds else {}) | {"url": code.url}


def _action(given: Mapping[str, Any]) -> tuple[str, bool]:
    action = given.get("action_name")
    if not isinstance(action, str) or action not in _ACTIONS:
        raise ApiError(40052)
    return _ACTIONS[action]


def _seconds(given: Mapping[str, Any]) -> int:
    seconds = given.get("expire_seconds", 0)
    if isinstance(seconds, bool) or not isinstance(seconds, int):
        raise ApiError(47001)
    return min(seconds, _MOST_SECONDS) if seconds > 0 else _DEFAULT_SECONDS


def _scene(given: Mapping[str, Any], name: str, *, permanent: bool) -> str | int:
    info = given.get("action_info")
    if not isinstance(info, Mapping):
        raise ApiError(40053)
    scene = info.get("scene", {})
    if not isinstance(scene, Mapping):
        raise ApiError(40053)
    if name not in scene:
        # One level up, or under the other's name: what WeChat reads is nothing.
        return "" if name == "scene_str" else 0
    value = scene[name]
    return _text(value) if name == "scene_str" else _number(value, permanent=permanent)


def _text(value: object) -> str:
    # Numbers were seen to do in the place of a text.
    text = str(value) if type(value) is int else value
    if not isinstance(text, str):
        raise ApiError(47001)
    if not 0 < len(text) <= _MOST_TEXT:
        raise ApiError(40053)
    return text


def _number(value: object, *, permanent: bool) -> int:
    if type(value) is not int:
        raise ApiError(47001)
    if value < 1 or (permanent and value > _MOST_LIMIT):
        raise ApiError(40053)
    return min(value, _MOST_NUMBER)


def _require_room(asked: Asked, app: App) -> None:
    most = asked.most(asked.path, _MOST_PERMANENT)
    if asked.world.account_codes.permanent(app) >= most:
        raise ApiError(45029)
