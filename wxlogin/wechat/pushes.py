"""What WeChat pushes: messages and events, in XML or JSON, and the answer to them.

Source: developers.weixin.qq.com/doc/offiaccount/Message_Management/
Receiving_event_pushes.html and …/doc/oplatform/developers/dev/push/.

Accounts push XML, other apps XML or JSON, told apart here by the first letter. The
texts in it come from people: WeChat delivers characters that XML forbids, and letters
that were cut. Those are replaced before the parser sees them. What is still neither XML
nor JSON is a push without fields: nothing that is rightly signed is refused for what
it holds, but for a document type definition (security row 82).

Names of events and kinds of messages come in any case, keys in JSON may carry a blank
in front (both stand in Tencent's own samples). `FromUserName` is the person, but for an
authorization that is taken back: there it is an id of the platform, and the person is
`OpenID`.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from wxlogin.errors import PushRefused, PushUnreadable
from wxlogin.wechat import push_envelope
from wxlogin.wechat.identifiers import is_id
from wxlogin.wechat.push_envelope import Delivery, PushKeys, SealedReply

#: What ends WeChat's tries where nothing is to be said.
SUCCESS = b"success"
#: Bytes of a text in an answer; WeChat cuts what is longer.
TEXT_BYTES = 2048
#: In front of the scene of a code by which somebody followed.
FOLLOW_SCENE = "qrscene_"

_ENCRYPT, _ENCRYPT_END = b"<Encrypt>", b"</Encrypt>"
# Until the year 2286; what is longer is no moment that a database knows.
_SECONDS = re.compile("[0-9]{1,10}")
# Everything XML 1.0 does not allow (section 2.2).
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_REFERENCE = re.compile(r"&#(?:x([0-9a-fA-F]{1,8})|([0-9]{1,8}));")
_REPLACEMENT = "\ufffd"
# What a reply may be (…/Message_Management/Passive_user_reply_message.html), and the
# two that are no messages.
_REPLIES = (
    *("text", "image", "voice", "video", "music", "news"),
    *("transfer_customer_service", "hardware"),
)
# A part of an answer: its name, and what is in it.
_Part = tuple[str, str | int]
_PLATFORM_EVENTS = frozenset(
    {
        "user_authorization_cancellation",
        "user_authorization_revoke",
        "user_info_modified",
    }
)
# The verdict over a picture (developers.weixin.qq.com/miniprogram/dev/server/API/
# sec-center/sec-check/api_mediacheckasync).
_RESULT = "result"
# What tells two events of one person in one second apart.
_TELLING = (
    "EventKey",
    "Ticket",
    "OpenID",
    "RevokeInfo",
    "UserCardCode",
    "MsgID",
    "trace_id",
)


@dataclass(frozen=True)
class Push:
    """A message or an event, by the names that WeChat gives its parts.

    Parts with parts of their own are left out, but for `result`, whose parts are called
    `result.suggest` and so on; what is missing is an empty text.
    """

    fields: Mapping[str, str] = field(repr=False)

    @property
    def to(self) -> str:
        """The account that it is for: `gh_` and twelve letters."""
        return self.fields.get("ToUserName", "")

    @cached_property
    def openid(self) -> str:
        """The person that it is about; empty where it names none, or by what can be no
        openid."""
        name = "OpenID" if self.event in _PLATFORM_EVENTS else "FromUserName"
        text = self.fields.get(name, "")
        return text if is_id(text) else ""

    @property
    def kind(self) -> str:
        """`event`, `text`, `image` and so on, in small letters."""
        return self.fields.get("MsgType", "").lower()

    @property
    def event(self) -> str:
        """Which event, in small letters; empty for a message."""
        return self.fields.get("Event", "").lower() if self.kind == "event" else ""

    @property
    def at(self) -> int:
        """When it happened, in seconds since 1970; 0 where it does not say."""
        text = self.fields.get("CreateTime", "")
        return int(text) if _SECONDS.fullmatch(text) else 0

    @property
    def text(self) -> str:
        """What the person wrote."""
        return self.fields.get("Content", "") if self.kind == "text" else ""

    @property
    def scene(self) -> str:
        """The scene of the account's code that was scanned; empty for none."""
        key = self.fields.get("EventKey", "")
        if self.event == "scan":
            return key
        follows = self.event == "subscribe" and key.startswith(FOLLOW_SCENE)
        return key.removeprefix(FOLLOW_SCENE) if follows else ""

    @property
    def verdict(self) -> tuple[str, str]:
        """Of an event wxa_media_check: the id that WeChat gave the picture, and what it
        advises."""
        return self.fields.get("trace_id", ""), self.fields.get("result.suggest", "")

    @property
    def digest(self) -> bytes:
        """By which the same push is known again, however often it is delivered.

        A message is known by its id and its sender: people who speak at once may share
        an id. An event has none; its second alone is too coarse.
        """
        if number := self.fields.get("MsgId", ""):
            parts = [self.fields.get("FromUserName", ""), "message", number]
        else:
            told = (self.fields.get(name, "") for name in _TELLING)
            parts = [
                self.fields.get("FromUserName", ""),
                *(self.fields.get("CreateTime", ""), self.kind, self.event),
                *told,
            ]
        joined = json.dumps([self.to, *parts], ensure_ascii=True)
        return hashlib.sha256(joined.encode()).digest()


def read_push(body: bytes) -> Push:
    """The push in a body; one without fields where that is neither XML nor JSON.

    Raises PushUnreadable for a document type definition.
    """
    fields = _json_fields if is_json(body) else _xml_fields
    return Push(fields(_text(body)))


def is_json(body: bytes) -> bool:
    """Is it JSON, and not XML? By its first letter."""
    return _text(body).startswith("{")


def sealed_texts(body: bytes) -> Iterator[str]:
    """Whatever may be the sealed text of a body; it is the one that is signed.

    No parser of XML looks at what is not proven yet, and the time that this takes grows
    no faster than the body: anybody may send one.
    """
    for after in body.split(_ENCRYPT)[1:]:
        inside, end, _ = after.partition(_ENCRYPT_END)
        text = inside.strip().removeprefix(b"<![CDATA[").removesuffix(b"]]>").strip()
        if end and text:
            yield text.decode("ascii", "replace")
    if is_json(body):
        told = _object(_text(body)).get("Encrypt")
        if isinstance(told, str) and told:
            yield told


def unsealed(keys: PushKeys, delivery: Delivery) -> bytes:
    """The message in the sealed text that `msg_signature` covers.

    Raises PushRefused.
    """
    texts = list(sealed_texts(delivery.body))
    if not texts:
        raise PushRefused("the push is not sealed, and the app has an aes_key")
    # Of a compatible push, what a person wrote may look like a sealed text, too.
    for text in texts:
        signature = delivery.msg_signature
        if push_envelope.is_sealed_by(keys, delivery.signed, text, signature):
            return push_envelope.unseal(keys, text)
    raise PushRefused("the signature is not WeChat's, or the token is not the app's")


def is_probe(push: Push) -> bool:
    """Does WeChat's cloud only ask whether somebody listens here?"""
    return push.fields.get("action") == "CheckContainerPath"


def text_reply(push: Push, text: str, *, at: int, is_json: bool = False) -> bytes:
    """An answer that the person reads in the chat; `at` is seconds since 1970.

    A text of more than TEXT_BYTES is cut between two characters.
    """
    return _reply(push, at, "text", ("Content", cut(text)), is_json=is_json)


def transfer(push: Push, *, at: int, is_json: bool = False) -> bytes:
    """Hands the message over to the account's staff, to whoever of them is there
    (developers.weixin.qq.com/doc/offiaccount/Customer_Service/
    Forwarding_of_messages_to_service_center.html)."""
    return _reply(push, at, "transfer_customer_service", is_json=is_json)


def _reply(push: Push, at: int, kind: str, *more: _Part, is_json: bool) -> bytes:
    parts: tuple[_Part, ...] = (
        ("ToUserName", push.fields.get("FromUserName", "")),
        ("FromUserName", push.to),
        ("CreateTime", at),
        ("MsgType", kind),
        *more,
    )
    if is_json:
        return json.dumps(dict(parts), ensure_ascii=False).encode("utf-8", "replace")
    return _xml(parts)


def sealed_body(reply: SealedReply, *, is_json: bool) -> bytes:
    """The sealed answer, in the form that the push had."""
    if is_json:
        told = {
            "Encrypt": reply.encrypt,
            "MsgSignature": reply.signature,
            "TimeStamp": reply.timestamp,
            "Nonce": reply.nonce,
        }
        return json.dumps(told).encode()
    parts = (
        ("Encrypt", reply.encrypt),
        ("MsgSignature", reply.signature),
        ("TimeStamp", reply.timestamp),
        ("Nonce", reply.nonce),
    )
    return _xml(parts)


def sealed_push(push: Push, encrypt: str, *, is_json: bool) -> bytes:
    """A push as WeChat sends it in safe mode, around the sealed message."""
    parts: tuple[_Part, ...] = (("ToUserName", push.to), ("Encrypt", encrypt))
    return json.dumps(dict(parts)).encode() if is_json else _xml(parts)


def checked_reply(push: Push, message: bytes) -> bytes | None:
    """A reply that somebody else wrote to this push, as WeChat takes it; None for what
    WeChat would tell the person to be out of order.

    Raises PushUnreadable for a document type definition.
    """
    text = message.decode("utf-8", "replace").removeprefix("\ufeff").strip()
    text = _FORBIDDEN.sub(_REPLACEMENT, text)
    reply = read_push(text.encode()).fields
    size = len(reply.get("Content", "").encode())
    good = (
        reply.get("ToUserName") == push.fields.get("FromUserName")
        and reply.get("FromUserName") == push.to
        and _SECONDS.fullmatch(reply.get("CreateTime", "").strip())
        and reply.get("MsgType") in _REPLIES
        and (reply["MsgType"] != "text" or 0 < size <= TEXT_BYTES)
    )
    return text.encode() if good else None


def cut(text: str) -> str:
    """As much of a text as an answer holds."""
    encoded = text.encode("utf-8", "replace")[:TEXT_BYTES]
    return encoded.decode("utf-8", "ignore")


def _xml(parts: Iterable[_Part]) -> bytes:
    inner = "".join(f"<{name}>{_written(value)}</{name}>" for name, value in parts)
    return f"<xml>{inner}</xml>".encode()


def _written(value: str | int) -> str:
    if isinstance(value, int):
        return str(value)
    # The one text that ends a CDATA section is written in two of them.
    inner = _FORBIDDEN.sub(_REPLACEMENT, value).replace("]]>", "]]]]><![CDATA[>")
    return f"<![CDATA[{inner}]]>"


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace").removeprefix("\ufeff").strip()


def _object(text: str) -> dict[str, Any]:
    """What is in a JSON object, its numbers as they are written; nothing for what is
    none."""
    try:
        # Not strict: people paste control characters into JSON, too.
        found = json.loads(text, strict=False, parse_int=str)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _json_fields(text: str) -> dict[str, str]:
    told = _object(text)
    if isinstance(result := told.get(_RESULT), dict):
        told |= {f"{_RESULT}.{name}": value for name, value in result.items()}
    # No database takes half of a character, nor all of them NUL.
    return {
        _FORBIDDEN.sub(_REPLACEMENT, name).strip(): _FORBIDDEN.sub(_REPLACEMENT, value)
        for name, value in told.items()
        if isinstance(value, str)
    }


def _xml_fields(text: str) -> dict[str, str]:
    root = _root(_FORBIDDEN.sub(_REPLACEMENT, text))
    fields: dict[str, str] = {}
    for child in root:
        if child.tag == _RESULT:
            fields |= {f"{_RESULT}.{part.tag}": part.text or "" for part in child}
        elif not len(child):
            fields[child.tag] = child.text or ""
    return {
        name: text if name == "Content" else text.strip()
        for name, text in fields.items()
    }


def _root(text: str) -> Iterable[Element]:
    try:
        return _parsed(text)
    except ParseError:
        pass
    try:
        return _parsed(_REFERENCE.sub(_allowed, text))
    except ParseError:
        return ()


def _parsed(text: str) -> Element:
    try:
        found: Element = fromstring(text, forbid_dtd=True)
    except DefusedXmlException as error:
        raise PushUnreadable("a document type definition in a push") from error
    return found


def _allowed(reference: re.Match[str]) -> str:
    """A reference to a character that XML knows, as it stands."""
    number = int(reference[1], 16) if reference[1] else int(reference[2])
    known = number <= 0x10FFFF and not _FORBIDDEN.match(chr(number))
    return reference[0] if known else _REPLACEMENT
