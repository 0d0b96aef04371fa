"""Whether a text or a picture is fit to be shown: msgSecCheck and mediaCheckAsync.

A text is judged at once, a picture or a sound by a push, wxa_media_check (developers.
weixin.qq.com/miniprogram/dev/server/API/sec-center/sec-check/api_msgseccheck,
api_mediacheckasync). Checked in this order, as inferred:

- the access_token of a mini program · 4,000 texts or 2,000 media a minute 45011,
  2,000,000 or 200,000 a day 45009
- the body 44002; a wrong type or an unknown name 47001, access_token among them
  (developers.weixin.qq.com/community/minihome/doc/000eaa0d75ce68830bbcabbea5b400,
  000e009871c2b03f84cc259b951000)
- scene 40129 · openid 40003, 43104 where it is another app's · the person was in the
  program within two hours 61010

Without a version a text is judged as of old: 87014 or nothing.

Nothing is read or looked at here. A text or an address with 违规内容 or risky-sample in
it is risky, one with 可疑内容 or review-sample is to be reviewed; a switch tells it of
all.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from ..refusals import ApiError
from ..world import happenings
from ..world.parties import App
from ..world.push_events import Event
from ..world.quotas import MINUTE
from .access_token import caller
from .asked import Asked, need
from .dialect import fresh_rid

Fields = dict[str, Any]

PASS, REVIEW, RISKY = "pass", "review", "risky"
_WORDS = {RISKY: ("违规内容", "risky-sample"), REVIEW: ("可疑内容", "review-sample")}
# 100 is 正常, 20006 违法犯罪, 21000 其他.
_LABELS = {PASS: 100, REVIEW: 21000, RISKY: 20006}

_MOST_LETTERS = 2500
_COMMON: dict[str, type] = {"version": int, "openid": str, "scene": int}
_TEXTS = ("content", "nickname", "title", "signature")
_TEXT_FIELDS = _COMMON | dict.fromkeys(_TEXTS, str)
_MEDIA_FIELDS = _COMMON | {"media_url": str, "media_type": int}


def text(asked: Asked) -> Fields:
    """The verdict over a text and the names around it."""
    app = caller(asked, "mini_program")
    _count(asked, app, minute=4000)
    given = _typed(asked.json(), _TEXT_FIELDS)
    content = need(given, "content", 44002)
    if len(content) > _MOST_LETTERS:
        raise ApiError(47001)
    words = " ".join(given.get(name, "") for name in _TEXTS)
    if given["version"] not in (1, 2):
        raise ApiError(47001)
    if given["version"] == 1:
        return _as_of_old(_verdict(asked, app, "", words))
    verdict = _verdict(asked, app, _visitor(asked, app, given), words)
    model = {"strategy": "content_model", "errcode": 0}
    model |= {"suggest": verdict, "label": _LABELS[verdict], "prob": 90}
    return {
        "errcode": 0,
        "errmsg": "ok",
        "detail": [model, {"strategy": "keyword", "errcode": 0}],
        "trace_id": fresh_rid(asked.world.now()),
        "result": {"suggest": verdict, "label": _LABELS[verdict]},
    }


def media(asked: Asked) -> Fields:
    """A number, under which the verdict is pushed."""
    app = caller(asked, "mini_program")
    _count(asked, app, minute=2000)
    given = _typed(asked.json(), _MEDIA_FIELDS)
    url = need(given, "media_url", 44002)
    if given["version"] != 2 or given.get("media_type") not in (1, 2):
        raise ApiError(47001)
    person = _visitor(asked, app, given)
    verdict = _verdict(asked, app, person, unquote(url))
    trace_id = fresh_rid(asked.world.now())
    told = _told(app, trace_id, verdict)
    happenings.tell(asked.world, app, person, Event("wxa_media_check", more=told))
    return {"errcode": 0, "errmsg": "ok", "trace_id": trace_id}


def _told(app: App, trace_id: str, verdict: str) -> Fields:
    # The label is a text here (developers.weixin.qq.com/community/minihome/doc/
    # 0002a2b26a09f883de245df686b000).
    result = {"suggest": verdict, "label": str(_LABELS[verdict])}
    model = {"strategy": "content_model", "errcode": 0, **result, "prob": 90}
    return {
        "appid": app.appid,
        "trace_id": trace_id,
        "version": 2,
        "result": result,
        "detail": [model],
    }


def _count(asked: Asked, app: App, *, minute: int) -> None:
    asked.within(45011, app.appid, most=minute, seconds=MINUTE)
    asked.within_day(app)


def _typed(given: Mapping[str, Any], fields: Mapping[str, type]) -> Mapping[str, Any]:
    for name, value in given.items():
        # The version was a text in the documents once, and is still taken as one.
        right = type(value) is fields.get(name) or (name, value) == ("version", "2")
        if not right:
            raise ApiError(47001)
    return dict(given) | {"version": int(given.get("version", 1))}


def _visitor(asked: Asked, app: App, given: Mapping[str, Any]) -> str:
    if given.get("scene") not in (1, 2, 3, 4):
        raise ApiError(40129)
    registry, openid = asked.world.registry, need(given, "openid", 40003)
    person = registry.find_openid(app, openid)
    if person is None:
        others = any(registry.find_openid(each, openid) for each in registry.apps())
        raise ApiError(43104 if others else 40003)
    if not asked.world.mini_programs.was_here(app, person.name):
        raise ApiError(61010)
    return person.name


def _verdict(asked: Asked, app: App, person: str, words: str) -> str:
    wanted: str = asked.switch("content_check", app, person) or ""
    found = [v for v, parts in _WORDS.items() if any(p in words for p in parts)]
    return wanted or (found[0] if found else PASS)


def _as_of_old(verdict: str) -> Fields:
    if verdict == RISKY:
        raise ApiError(87014)
    return {"errcode": 0, "errmsg": "ok"}
