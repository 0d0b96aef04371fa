"""What an operator asks of WeChat: quotas, addresses, whether pushes arrive.

- Quotas are emptied ten times a month, by token or by secret, and asked for by path;
  those of `/sns/` cannot be (developers.weixin.qq.com/doc/oplatform/Third-party_
  Platforms/2.0/api/openApi/clear_quota.html, get_api_quota.html). The secret is taken
  from the query, as one page says (developers.weixin.qq.com/doc/channels/API/apimgnt/
  clearQuotaByAppSecret.html), and from the body, as another does.
- A refusal is asked about by its rid, by the app it was told (developers.weixin.qq.com
  /doc/service/openApi/get_rid_info.html).
- A mini program's list of addresses covers the emptying by secret, too.
- Pushes come from getcallbackip's addresses (developers.weixin.qq.com/doc/service/
  Basic_Information/Get_the_WeChat_server_IP_address.html). callback/check says whether
  the push address is found (Network_Detection.html there); nobody is asked here.
"""

import ipaddress
import re
from typing import Any
from urllib.parse import urlsplit

from ..refusals import ApiError
from ..world.parties import App
from ..world.quotas import DAILY, DAY, MONTH
from .access_token import caller, refuse_strangers
from .asked import Asked, need

Fields = dict[str, Any]

_CLEARINGS = 10
_RID = re.compile("[0-9a-f]{8}(-[0-9a-f]{8}){2}")
_ACTIONS = ("dns", "ping", "all")
_OPERATORS = ("CHINANET", "UNICOM", "CAP", "DEFAULT")


def clear_quota(asked: Asked) -> Fields:
    """The day's counts of the token's own app begin anew."""
    app = caller(asked)
    if need(asked.json(), "appid", 41002) != app.appid:
        raise ApiError(40013)
    return _cleared(asked, app)


def clear_quota_by_secret(asked: Asked) -> Fields:
    """The same without a token."""
    given = {**asked.fields, **asked.params}
    app = asked.own_app(given | {"secret": given.get("appsecret", "")})
    refuse_strangers(asked, app)
    return _cleared(asked, app)


def _cleared(asked: Asked, app: App) -> Fields:
    taken = asked.world.quotas.take(
        "clear_quota", app.appid, most=_CLEARINGS, seconds=MONTH
    )
    if not taken:
        raise ApiError(48006)
    asked.world.quotas.clear_day(app.appid)
    return {"errcode": 0, "errmsg": "ok"}


def quota(asked: Asked) -> Fields:
    """How much of a call's day is left."""
    app = caller(asked)
    path = need(asked.json(), "cgi_path", 76021)
    if path.startswith("/sns/"):
        raise ApiError(76022)
    if path not in DAILY:
        raise ApiError(76021)
    most = asked.most(path, DAILY[path])
    used = min(most, asked.world.quotas.used(path, app.appid, DAY))
    left = {"daily_limit": most, "used": used, "remain": most - used}
    return {"errcode": 0, "errmsg": "ok", "quota": left}


def refusal(asked: Asked) -> Fields:
    """What a call of the last seven days was about, by the rid it was refused with."""
    app = caller(asked)
    rid = need(asked.json(), "rid", 76002)
    if not _RID.fullmatch(rid):
        raise ApiError(76002)
    found = asked.world.rids.find(rid)
    if found is None:
        raise ApiError(76001)
    if found.path.startswith("/sns/"):
        raise ApiError(76022)
    if found.appid != app.appid:
        raise ApiError(76003)
    request = {
        "invoke_time": int(found.time),
        "cost_in_ms": 30,
        "request_url": found.query,
        "request_body": found.body,
        "response_body": found.answer,
        "client_ip": found.address,
    }
    return {"errcode": 0, "errmsg": "ok", "request": request}


def callback_addresses(asked: Asked) -> Fields:
    """Where pushes come from: addresses and ranges."""
    caller(asked)
    return {"ip_list": ["127.0.0.1", "::1", "101.226.103.0/25"]}


def api_addresses(asked: Asked) -> Fields:
    """Where the calls go."""
    caller(asked)
    return {"ip_list": ["127.0.0.1"]}


def check_callback(asked: Asked) -> Fields:
    """Whether the name of the push address leads somewhere that answers."""
    app, given = caller(asked), asked.json()
    action = need(given, "action", 40202)
    operator = need(given, "check_operator", 40203)
    if action not in _ACTIONS:
        raise ApiError(40202)
    if operator not in _OPERATORS:
        raise ApiError(40203)
    if not app.push_url:
        raise ApiError(40201)
    ip, source = _address(app.push_url), operator.replace("DEFAULT", "UNICOM")
    ping = {"ip": ip, "from_operator": source, "package_loss": "0%", "time": "23.079ms"}
    told = {"dns": [{"ip": ip, "real_operator": "UNICOM"}], "ping": [ping]}
    return {name: told[name] for name in told if action in (name, "all")}


def _address(url: str) -> str:
    host = urlsplit(url).hostname or ""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        # No name is asked for; every one is this machine here.
        return "127.0.0.1"
