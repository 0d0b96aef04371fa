"""What WeChat makes of an answer to a push.

- `success` and nothing at all (zero bytes) end the matter, in every mode unencrypted.
- A passive reply is XML with ToUserName (the person), FromUserName (the account),
  CreateTime and MsgType; in safe mode it is encrypted, signed over token, TimeStamp,
  Nonce and Encrypt (developers.weixin.qq.com/doc/offiaccount/Message_Management/
  Passive_user_reply_message.html). A TimeStamp in milliseconds was not read there
  (github.com/node-webot/wechat/issues/243). A mini program's reply with JSON pushes is
  an object, encrypted likewise.
- Anything else with status 200 shows the person that the account is out of order.
  Another status is no answer, as silence is none; nothing is redirected.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree import ElementTree

from . import push_crypto
from .parties import App
from .push_letter import JSON, PLAIN, SAFE

#: What the person's chat shows instead of an answer.
OUT_OF_ORDER = "该公众号暂时无法提供服务，请稍后再试"

SUCCESS, EMPTY, REPLY, WRONG = "success", "empty", "reply", "wrong"

# Tencent's list, with the two that are no messages.
_KINDS = (
    *("text", "image", "voice", "video", "music", "news"),
    *("transfer_customer_service", "hardware"),
)
_MOST_BYTES = 2048
_SECONDS = re.compile("[0-9]{1,10}")


@dataclass(frozen=True)
class Answer:
    """What came back; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Verdict:
    """`why` says what is wrong; `reply` holds a passive reply's texts."""

    outcome: str
    why: str = ""
    reply: Mapping[str, str] | None = None

    @property
    def shown(self) -> str:
        """The line that the account says in the chat, empty for none."""
        if self.reply is None or "MsgType" not in self.reply:
            return ""
        kind = self.reply["MsgType"]
        if kind in ("transfer_customer_service", "hardware"):
            return ""
        return self.reply.get("Content", "") if kind == "text" else f"[{kind}]"


class _Wrong(ValueError):
    """Why an answer is no answer."""


def judge(app: App, mode: str, reader: str, answer: Answer) -> Verdict | None:
    """The verdict; None where the push is to be sent again. `reader` is an openid."""
    if answer.status != 200:
        return None
    if answer.body in (b"", b"success"):
        return Verdict(SUCCESS if answer.body else EMPTY)
    try:
        reply = _read(app, mode, answer.body)
        if app.push_format != JSON:
            _check(app, reader, reply)
    except _Wrong as wrong:
        return Verdict(WRONG, str(wrong))
    return Verdict(REPLY, reply=reply)


def _read(app: App, mode: str, body: bytes) -> dict[str, str]:
    outer = _parsed(app, body)
    if mode == PLAIN or ("Encrypt" not in outer and mode != SAFE):
        return outer
    if "Encrypt" not in outer:
        raise _Wrong("in safe mode a reply is encrypted")
    token, encrypt = app.token, outer["Encrypt"]
    stamp, nonce = outer.get("TimeStamp", ""), outer.get("Nonce", "")
    if not _SECONDS.fullmatch(stamp):
        raise _Wrong("TimeStamp is not in seconds")
    wanted = push_crypto.signature(token, stamp, nonce, encrypt)
    if outer.get("MsgSignature") != wanted:
        raise _Wrong("MsgSignature does not fit")
    try:
        message, appid = push_crypto.unseal(encrypt, app.aes_key)
    except ValueError as error:
        raise _Wrong(f"Encrypt cannot be read: {error}") from None
    if appid != app.appid:
        raise _Wrong("another appid stands behind the message")
    return _parsed(app, message)


def _parsed(app: App, body: bytes) -> dict[str, str]:
    if app.push_format == JSON:
        return _from_json(body)
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise _Wrong("a document type has no place in a reply")
    try:
        root = ElementTree.fromstring(body)  # noqa: S314  no document type # nosec B314
    except (ElementTree.ParseError, ValueError):
        raise _Wrong("neither `success`, nor nothing, nor XML") from None
    if root.tag != "xml":
        raise _Wrong(f"the root is {root.tag!r}, not `xml`")
    return {child.tag: child.text or "" for child in root}


def _from_json(body: bytes) -> dict[str, str]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise _Wrong("neither `success`, nor nothing, nor a JSON object")
    return {name: str(value) for name, value in found.items()}


def _check(app: App, reader: str, reply: Mapping[str, str]) -> None:
    for name, wanted in (("ToUserName", reader), ("FromUserName", app.original_id)):
        if reply.get(name) != wanted:
            raise _Wrong(f"{name} is not {wanted}")
    if not _SECONDS.fullmatch(reply.get("CreateTime", "")):
        raise _Wrong("CreateTime is not in seconds")
    kind = reply.get("MsgType", "")
    if kind not in _KINDS:
        raise _Wrong(f"MsgType is {kind!r}")
    size = len(reply.get("Content", "").encode())
    if kind == "text" and not 0 < size <= _MOST_BYTES:
        raise _Wrong(f"Content has {size} bytes, not 1 to {_MOST_BYTES}")
