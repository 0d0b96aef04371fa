"""How the calls of a server are answered: compact JSON in raw UTF-8, a dialect.

- No spaces, no `\\u` escapes for letters, slashes escaped (`http:\\/\\/…`).
- Control characters other than tab and line ends stand raw in a nickname, which a
  strict JSON reader refuses (github.com/lanrion/weixin_authorize/pull/52).
- An errmsg ends in `, rid: 8hex-8hex-8hex`, outside `/sns/` without the comma, and
  that of 40002 has a line end in front of it (developers.weixin.qq.com/community/
  develop/doc/000248310642781845f0489d061000). Before there was a rid, it ended in
  `, hints: [ req_id: Kgian7aLRa- ]`, later in ` hint: [mGhbWV0sf-LxnVma]`, which some
  calls still put before the rid.
"""

import secrets
from collections.abc import Mapping
from typing import Any

from ..refusals import ApiError

# The texts of developers.weixin.qq.com/doc/oplatform/developers/errCode, in the
# spelling seen in real answers where one was seen.
ERRMSG = {
    -1: "system error",
    0: "ok",
    40001: "invalid credential, access_token is invalid or not latest",
    40002: "invalid grant_type\n",
    40003: "invalid openid",
    40007: "invalid media_id",
    40013: "invalid appid",
    40014: "invalid access_token",
    40016: "invalid button size",
    40017: "invalid button type",
    40018: "invalid button name size",
    40019: "invalid button key size",
    40020: "invalid button url size",
    40022: "invalid sub_menu level",
    40023: "invalid sub button size",
    40024: "invalid sub button type",
    40025: "invalid sub button name size",
    40026: "invalid sub button key size",
    40027: "invalid sub button url size",
    40029: "invalid code",
    40030: "invalid refresh_token",
    40032: "invalid openid list size",
    40037: "invalid template_id",
    40052: "invalid action name",
    40053: "invalid action info, please check document",
    40054: "invalid sub button url domain",
    40055: "invalid button url domain",
    40066: "invalid url",
    40097: "invalid args",
    40125: "invalid appsecret",
    40129: "invalid scene",
    40159: "invalid length for path, or the data is not json string",
    40163: "code been used",
    40164: "invalid ip 127.0.0.1 ipv6 ::ffff:127.0.0.1, not in whitelist",
    40165: "invalid weapp pagepath",
    40169: "invalid length for scene, or the data is not json string",
    40188: "invalid scope",
    40201: "invalid url",
    40202: "invalid action",
    40203: "invalid check_operator",
    40222: "invalid request idc domain",
    40226: "code blocked",
    41001: "access_token missing",
    41002: "appid missing",
    41003: "refresh_token missing",
    41004: "appsecret missing",
    41005: "media data missing",
    41006: "media_id missing",
    41007: "sub_menu data missing",
    41008: "missing code",
    41009: "missing openid",
    41030: "invalid page",
    42001: "access_token expired",
    42002: "refresh_token expired",
    42003: "code expired",
    42007: "access_token and refresh_token exception",
    43001: "require GET method",
    43002: "require POST method",
    43003: "require https",
    43004: "require subscribe",
    44002: "empty post data",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit, must slower, retry next minute",
    45029: "qrcode count out of limit",
    46003: "menu no exist",
    46004: "user no exist",
    47001: "data format error",
    48001: "api unauthorized",
    48004: "api forbidden",
    48006: "forbid to clear quota because of reaching the limit",
    50001: "user unauthorized",
    50002: "user limited",
    50005: "user is unsubscribed",
    61004: "access clientip is not registered",
    61010: "code is expired",
    63178: "appid wrong",
    63182: "openid_list empty",
    76001: "rid not found",
    76002: "rid is error",
    76003: "could not query this rid,no permission",
    76021: "cgi_path not found, please check",
    76022: "could not use this cgi_path,no permission",
    87007: "session_key is not existd or expired",
    87008: "invalid sig_method",
    87009: "invalid signature",
    87014: "risky content",
    89002: "open not exists",
}

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
_ESCAPES = str.maketrans({'"': '\\"', "\\": "\\\\", "/": "\\/"} | _SHORT)


class Raw(bytes):
    """JSON text that goes out as it stands, be it UTF-8 or not."""

    __slots__ = ()


def encode(value: Any) -> bytes:
    """`value` as WeChat writes it. A lone surrogate becomes its `\\u` escape."""
    return _json(value)


def error_body(error: ApiError, path: str, rid: str, tail: str = "") -> bytes:
    """The body of an error; `tail` is a value of the switch `errmsg_tail`."""
    errmsg = error.errmsg
    if errmsg is None:
        errmsg = ERRMSG.get(error.errcode, "error")
    comma = "," if path.startswith("/sns/") else ""
    end = _TAILS[tail](rid, comma)
    return encode({"errcode": error.errcode, "errmsg": f"{errmsg}{end}"})


def fresh_rid(now: float) -> str:
    """The number of a call; its first group is the Unix time."""
    return f"{int(now):08x}-{secrets.token_hex(4)}-{secrets.token_hex(4)}"


def _hints(rid: str, comma: str) -> str:
    return f", hints: [ req_id: {secrets.token_urlsafe(8)} ]"


def _hint(rid: str, comma: str) -> str:
    return f" hint: [{secrets.token_urlsafe(12)}]"


def _rid(rid: str, comma: str) -> str:
    return f"{comma} rid: {rid}"


def _hint_and_rid(rid: str, comma: str) -> str:
    return _hint(rid, comma) + f" rid: {rid}"


_TAILS = {"": _rid, "hints": _hints, "hint": _hint, "hint+rid": _hint_and_rid}


def _json(value: Any) -> bytes:
    if isinstance(value, Raw):
        return bytes(value)
    if isinstance(value, str):
        text = f'"{value.translate(_ESCAPES)}"'
        return text.encode("utf-8", "backslashreplace")
    if isinstance(value, Mapping):
        pairs = (_json(str(k)) + b":" + _json(v) for k, v in value.items())
        return b"{" + b",".join(pairs) + b"}"
    if isinstance(value, list | tuple):
        return b"[" + b",".join(_json(item) for item in value) + b"]"
    if value is None or isinstance(value, bool):
        return {None: b"null", True: b"true", False: b"false"}[value]
    return repr(value).encode()
