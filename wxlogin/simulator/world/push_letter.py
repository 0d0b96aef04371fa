"""A push as it goes out: its body in XML or JSON, in one of three modes, signed.

- plain: the message. safe: ToUserName and Encrypt alone. compatible: the message's own
  elements, and Encrypt behind them (developers.weixin.qq.com/miniprogram/dev/framework/
  server-ability/message-push.html). The query always holds signature, timestamp and
  nonce, which prove nothing of the body; with Encrypt also encrypt_type and
  msg_signature.
- In XML texts stand in CDATA with whatever people typed, also characters that XML
  forbids (github.com/offu/WeRoBot/issues/420); numbers stand bare.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from ..protocol import append
from . import push_crypto
from .parties import App

XML, JSON = "xml", "json"
PLAIN, COMPATIBLE, SAFE = "plain", "compatible", "safe"
MODES = (PLAIN, COMPATIBLE, SAFE)

_CONTENT_TYPES = {XML: "text/xml", JSON: "application/json"}
_ENDS = {XML: b"</xml>", JSON: b"}"}


@dataclass(frozen=True)
class Letter:
    """One request to the address of an app."""

    method: str
    url: str
    body: bytes = b""
    content_type: str = ""


def written(fields: Mapping[str, Any], form: str) -> bytes:
    """The message as text; half a character becomes bytes that are no UTF-8."""
    if form == JSON:
        text = json.dumps(dict(fields), ensure_ascii=False, separators=(",", ":"))
    else:
        text = f"<xml>{_elements(fields)}</xml>"
    return text.encode("utf-8", "surrogatepass")


def _elements(fields: Mapping[str, Any]) -> str:
    return "".join(_element(name, value) for name, value in fields.items())


def _element(name: str, value: Any) -> str:
    if isinstance(value, list | tuple):
        return "".join(_element(name, item) for item in value)
    if isinstance(value, Mapping):
        return f"<{name}>{_elements(value)}</{name}>"
    if isinstance(value, str):
        inside = value.replace("]]>", "]]]]><![CDATA[>")
        return f"<{name}><![CDATA[{inside}]]></{name}>"
    return f"<{name}>{value}</{name}>"


def question(app: App, url: str, echostr: str, now: float) -> Letter:
    """The request that asks whether `url` knows the app's token."""
    query = _signed(app, now)
    query["echostr"] = echostr
    return Letter("GET", append(url, urlencode(query)))


def letter(app: App, message: bytes, sender: str, mode: str, now: float) -> Letter:
    """A message to the app's address, freshly signed and encrypted."""
    query = _signed(app, now)
    query["openid"] = sender
    if mode != PLAIN:
        encrypt = push_crypto.seal(message, app.aes_key, app.appid)
        query["encrypt_type"] = "aes"
        query["msg_signature"] = push_crypto.signature(
            app.token, query["timestamp"], query["nonce"], encrypt
        )
        message = _around(app, message if mode == COMPATIBLE else b"", encrypt)
    url = append(app.push_url, urlencode(query))
    return Letter("POST", url, message, _CONTENT_TYPES[app.push_format])


def _signed(app: App, now: float) -> dict[str, str]:
    timestamp, nonce = str(int(now)), str(secrets.randbelow(2 * 10**9))
    signature = push_crypto.signature(app.token, timestamp, nonce)
    return {"signature": signature, "timestamp": timestamp, "nonce": nonce}


def _around(app: App, message: bytes, encrypt: str) -> bytes:
    """Encrypt behind the elements of `message`, or behind ToUserName alone."""
    form = app.push_format
    end = _ENDS[form]
    if not message.endswith(end):
        return written({"ToUserName": app.original_id, "Encrypt": encrypt}, form)
    more = written({"Encrypt": encrypt}, form)
    inside = more.removeprefix(b"<xml>") if form == XML else b"," + more[1:]
    return message.removesuffix(end) + inside
