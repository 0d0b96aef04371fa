"""What an operator asks WeChat about an app of theirs: does it reach us, how much of a
call's quota is left, what was a refusal about?

Each takes an access token of the app's, changes nothing, and is asked by
`wxlogin doctor` only. Sources: developers.weixin.qq.com/doc/service/Basic_Information/
Network_Detection.html (callback/check) and Get_the_WeChat_server_IP_address.html;
…/doc/service/openApi/get_api_quota.html and get_rid_info.html. The quota of calls
below /sns/ cannot be asked for (76022), nor can their refusals.

What a refused call had sent comes back whole, with the access token in it. Values that
may be secret or a person's are masked here, before anybody sees them.
"""

import re
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network

from wxlogin.net.deadline import Deadline
from wxlogin.wechat.answers import Answer, garbled, read_object
from wxlogin.wechat.client import WeChat
from wxlogin.wechat.errors import Call
from wxlogin.wechat.question import AppCredentials, Question

#: No push address is set in the console.
NO_ADDRESS = 40201
#: WeChat knows no such refusal; no refusal of this app's; of a call that it tells
#: nothing about.
RID_UNKNOWN, RID_FOREIGN, RID_UNTOLD = 76001, 76003, 76022
#: WeChat counts no quota of this call.
QUOTA_UNTOLD = frozenset({76021, 76022})

# What may stay of a call: what is asked for, by names that hold nothing of anybody.
_PLAIN = frozenset(
    {
        "errcode",
        "errmsg",
        "lang",
        "grant_type",
        "action_name",
        "page",
        "path",
        "env_version",
    }
    | {"action", "check_operator", "cgi_path", "expire_seconds", "expires_in", "rid"}
)
# A name with its value, in a query or in JSON; and what looks like a secret or a number
# of somebody's wherever it stands.
_LONG = r"[0-9A-Za-z_\-+/=]{20,}|[0-9]{11,}"
_PAIR = re.compile(
    r'(?<![\w.-])(?P<name>[\w.-]{1,20})(?P<sign>"\s*:\s*|=)'
    r'(?P<value>"(?:[^"\\]|\\.)*"|[^"&,}\]\s\[{]*)'
    rf"|{_LONG}"
)
_SHOWN = 400


@dataclass(frozen=True)
class Reached:
    """How WeChat found the push address: the addresses of its name, and the part of
    packages that were lost, by address ("0%")."""

    found: tuple[str, ...]
    lost: dict[str, str]


@dataclass(frozen=True)
class Quota:
    """Calls of a day: how many there are, and how many are used."""

    limit: int
    used: int


@dataclass(frozen=True)
class Refusal:
    """A call that WeChat refused: when (seconds since 1970), from which address, and
    what was sent and answered, masked."""

    at: int
    address: str
    query: str = field(repr=False)
    body: str = field(repr=False)
    answer: str = field(repr=False)
    errcode: int | None


def reached(
    wechat: WeChat, app: AppCredentials, token: str, *, deadline: Deadline
) -> Reached:
    """How WeChat finds the push address that stands in the app's console.

    Raises as `app_calls.program_code`; errcode NO_ADDRESS where there is none.
    """

    def parse(data: Answer) -> Reached:
        pings = _rows(data, "ping")
        lost = {_text(one, "ip"): _text(one, "package_loss") for one in pings}
        names = tuple(_text(one, "ip") for one in _rows(data, "dns"))
        return Reached(tuple(filter(_is_address, names)), lost)

    body = {"action": "all", "check_operator": "DEFAULT"}
    question = Question(Call.CALLBACK_CHECK, app, {"access_token": token}, body)
    return wechat.ask(question, parse, deadline)


def pushing_addresses(
    wechat: WeChat, app: AppCredentials, token: str, *, deadline: Deadline
) -> list[str]:
    """The addresses and networks that pushes come from."""
    return _addresses(wechat, app, Call.PUSH_ADDRESSES, token, deadline)


def api_addresses(
    wechat: WeChat, app: AppCredentials, token: str, *, deadline: Deadline
) -> list[str]:
    """The addresses that calls go to."""
    return _addresses(wechat, app, Call.API_ADDRESSES, token, deadline)


def quota(
    wechat: WeChat, app: AppCredentials, token: str, path: str, *, deadline: Deadline
) -> Quota:
    """Today's quota of the call at this path. Raises errcodes of QUOTA_UNTOLD where
    WeChat counts none."""

    def parse(data: Answer) -> Quota:
        told = data.get("quota")
        if not isinstance(told, dict):
            raise garbled("quota")
        limit, used = told.get("daily_limit"), told.get("used")
        if type(limit) is not int or type(used) is not int:
            raise garbled("quota")
        return Quota(limit, used)

    question = Question(Call.QUOTA, app, {"access_token": token}, {"cgi_path": path})
    return wechat.ask(question, parse, deadline)


def refusal(
    wechat: WeChat, app: AppCredentials, token: str, rid: str, *, deadline: Deadline
) -> Refusal:
    """What the call was about that WeChat refused with this rid, in the last week.

    Raises errcodes RID_UNKNOWN, RID_FOREIGN and RID_UNTOLD.
    """

    def parse(data: Answer) -> Refusal:
        told = data.get("request")
        if not isinstance(told, dict):
            raise garbled("request")
        at, answer = told.get("invoke_time"), _text(told, "response_body")
        said = read_object(answer) or {}
        code = said.get("errcode")
        return Refusal(
            at=at if type(at) is int else 0,
            address=_text(told, "client_ip"),
            query=masked(_text(told, "request_url")),
            body=masked(_text(told, "request_body")),
            answer=masked(answer),
            errcode=code if type(code) is int else None,
        )

    question = Question(Call.RID, app, {"access_token": token}, {"rid": rid})
    return wechat.ask(question, parse, deadline)


def masked(text: str) -> str:
    """A query or JSON with the values of plain names only, shortened."""

    def hide(match: re.Match[str]) -> str:
        name, value = match["name"], match["value"]
        if name is None:
            return "…"
        hidden = '"…"' if value.startswith('"') else "…" if value else ""
        shown = re.sub(_LONG, "…", value) if name in _PLAIN else hidden
        return f"{name}{match['sign']}{shown}"

    found = _PAIR.sub(hide, text)
    plain = "".join(char if char.isprintable() else " " for char in found)
    return plain if len(plain) <= _SHOWN else f"{plain[:_SHOWN]}…"


def _addresses(
    wechat: WeChat, app: AppCredentials, call: Call, token: str, deadline: Deadline
) -> list[str]:
    def parse(data: Answer) -> list[str]:
        told = data.get("ip_list")
        if not isinstance(told, list):
            raise garbled("ip_list")
        return [one for one in told if isinstance(one, str) and _is_network(one)]

    return wechat.ask(Question(call, app, {"access_token": token}), parse, deadline)


def _rows(data: Answer, name: str) -> list[Answer]:
    rows = data.get(name)
    if not isinstance(rows, list):
        return []
    return [one for one in rows if isinstance(one, dict)]


def _text(data: Answer, name: str) -> str:
    value = data.get(name)
    return value if isinstance(value, str) else ""


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_network(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True
