"""What pushes tell: their elements, in Tencent's order.

Messages and follow events come from the person, whose openid is FromUserName. What a
person took back, or what WeChat changed of a person, comes from an account of WeChat's
own, and the person is OpenID (developers.weixin.qq.com/miniprogram/dev/server/
event_push/platform/authorized_user_information_changes; developers.weixin.qq.com/doc/
service/guide/h5/authorization_change.md; developers.weixin.qq.com/doc/oplatform/
Website_App/WeChat_Login/authorization_change.md). Some arrive without OpenID, and
Tencent's samples in JSON have a blank before three names and `Event` as MsgType.

subscribe's EventKey is there and empty after an ordinary follow; the scene of a code
stands in it behind `qrscene_`. SCAN's is the bare scene (developers.weixin.qq.com/doc/
offiaccount/Message_Management/Receiving_event_pushes.html).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..refusals import Invalid
from . import ids
from .parties import App

Fields = dict[str, Any]

MODIFIED = "user_info_modified"
REVOKE = "user_authorization_revoke"
CANCELLATION = "user_authorization_cancellation"
#: What comes from an account of WeChat's own.
PLATFORM = (MODIFIED, REVOKE, CANCELLATION, "wxa_media_check")

#: What RevokeInfo may be for an app of a kind; the first is name and picture, or all.
REVOKE_INFOS = {
    "mini_program": (
        *("6", "1", "2", "3", "4", "5", "7", "8", "12", "13", "14", "15", "16"),
        *("18", "19", "20"),
    ),
    "official_account": ("205", "201", "202", "203", "204", "206", "207"),
    "website": ("301",),
    "mobile": ("301",),
}

# What a person does; anything else may come without one.
_PERSONAL = (
    *("subscribe", "unsubscribe", "scan", "click", "view", "location", "text"),
    *(MODIFIED, REVOKE, CANCELLATION),
)

_BLANKED = ("OpenID", "AppID", "RevokeInfo")


@dataclass(frozen=True)
class Event:
    """What happened between a person and an app; `text` is somebody's message.

    `key` is the scene, menu key or address, `info` a RevokeInfo, `more` any further
    elements or other values of these; one of None is left out.
    """

    name: str
    key: str = ""
    ticket: str = ""
    info: str = ""
    content: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)


def sender(app: App, person: str, event: Event) -> str:
    """FromUserName: the person's openid there, or the platform's account."""
    if event.name in PLATFORM or not person:
        return ids.openid(app.appid, "\0platform")
    return ids.openid(app.appid, person)


def elements(app: App, person: str, event: Event, now: float) -> Fields:
    """The whole message. Raises Invalid without a person, or for a wrong RevokeInfo."""
    if not person and event.name.lower() in _PERSONAL:
        raise Invalid(f"person: missing for {event.name}")
    kind = "text" if event.name == "text" else "event"
    told: Fields = {
        "ToUserName": app.original_id,
        "FromUserName": sender(app, person, event),
        "CreateTime": int(now),
        "MsgType": kind,
    }
    told |= _message(event) if kind == "text" else _event(app, person, event)
    told |= event.more
    return {name: value for name, value in told.items() if value is not None}


def _message(event: Event) -> Fields:
    return {"Content": event.content, "MsgId": ids.new_msg_id()}


def _event(app: App, person: str, event: Event) -> Fields:
    told: Fields = {"Event": event.name}
    if event.name in (MODIFIED, REVOKE, CANCELLATION):
        return told | _about(app, person, event)
    name = event.name.lower()
    if name == "subscribe":
        by_code = event.key or event.ticket
        told["EventKey"] = f"qrscene_{event.key}" if by_code else ""
    elif name in ("unsubscribe", "scan", "click", "view") or event.key:
        told["EventKey"] = event.key
    if event.ticket:
        told["Ticket"] = event.ticket
    return told


def _about(app: App, person: str, event: Event) -> Fields:
    told: Fields = {"OpenID": ids.openid(app.appid, person)}
    if app.kind != "mini_program" and app.open_platform:
        told["UnionID"] = ids.unionid(app.open_platform, person)
    told["AppID"] = app.appid
    infos = REVOKE_INFOS[app.kind]
    info = event.info or (infos[0] if event.name == REVOKE else "")
    if info and info not in infos:
        raise Invalid(f"info: for a {app.kind} one of {', '.join(infos)}, not {info!r}")
    return told | ({"RevokeInfo": info} if info else {})


def without_openid(told: Fields) -> Fields:
    """As user_info_modified was seen to come."""
    return {name: value for name, value in told.items() if name != "OpenID"}


def as_in_samples(told: Fields, *, blanks: bool) -> Fields:
    """`Event` as MsgType; in JSON, where names may have them, with blanks."""
    named = {
        f" {name}" if blanks and name in _BLANKED else name: value
        for name, value in told.items()
    }
    return named | ({"MsgType": "Event"} if named["MsgType"] == "event" else {})
