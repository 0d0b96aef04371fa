"""The calls of a mini program's server, one table of checks each.

code2Session wants appid, secret, js_code and grant_type, no access_token and no
registered address (developers.weixin.qq.com/miniprogram/dev/server/API/user-login/
api_code2session). Which of its checks comes first is not documented; here it is, in
this order: appid 41002, 40013 · secret 41004, 40125 · js_code 41008 · grant_type 40002
· the code 40029, 40163 · a person whom WeChat refuses 40226 · a hundred exchanges a
minute for one person 45011.

checksession and resetusersessionkey prove a session_key by an HMAC-SHA256 of nothing,
keyed with its base64 text, in lower-case hex (developers.weixin.qq.com/miniprogram/dev/
server/API/user-login/api_checksessionkey, api_resetusersessionkey).
"""

import hmac
from typing import Any

from ..refusals import ApiError
from ..world import ids, open_data
from ..world.mini_programs import MOCK_CODE, SessionKey
from ..world.parties import App
from ..world.quotas import MINUTE
from .access_token import caller
from .asked import Asked, need

Fields = dict[str, Any]


def code2session(asked: Asked) -> Fields:
    """Exchange a code of wx.login. A refusal does not use it up."""
    app = asked.own_app(asked.params)
    code = asked.need("js_code", 41008)
    if asked.params.get("grant_type") != "authorization_code":
        raise ApiError(40002)
    programs = asked.world.mini_programs
    person = _mocked(asked, app) if code == MOCK_CODE else programs.check(code, app)
    if asked.switch("blocked", app, person):
        raise ApiError(40226)
    asked.within(45011, f"{app.appid} {person}", most=100, seconds=MINUTE)
    if code == MOCK_CODE:
        key = programs.open_key(app, person)
    else:
        key = programs.redeem(code, app)
    answer = {"session_key": key.value, "openid": ids.openid(app.appid, person)}
    return answer | unionid(asked, app, person, "unionid")


def check_session(asked: Asked) -> Fields:
    """Whether the server holds the live session_key of this person."""
    _proved_key(asked)
    return {"errcode": 0, "errmsg": "ok"}


def reset_session_key(asked: Asked) -> Fields:
    """A new session_key, which ends when the old one would have."""
    app, person, old = _proved_key(asked)
    asked.within(45011, app.appid, most=60_000, seconds=MINUTE)
    # "Frequent resets of the same user" are refused; how many are is not published.
    asked.within(45011, f"{app.appid} {person}", most=10, seconds=MINUTE)
    key = asked.world.mini_programs.replace_key(app, person, old)
    openid = ids.openid(app.appid, person)
    return {"errcode": 0, "errmsg": "ok", "openid": openid, "session_key": key.value}


def _proved_key(asked: Asked) -> tuple[App, str, SessionKey]:
    app = caller(asked, "mini_program")
    person = asked.world.registry.find_openid(app, asked.need("openid", 41009))
    if person is None:
        raise ApiError(40003)
    if asked.params.get("sig_method") != "hmac_sha256":
        raise ApiError(87008)
    key = asked.world.mini_programs.key(app, person.name)
    if key is None:
        raise ApiError(87007)
    wanted = hmac.new(key.value.encode(), b"", "sha256").hexdigest()
    if asked.params.get("signature") != wanted:
        raise ApiError(87009)
    return app, person.name, key


def phone_number(asked: Asked) -> Fields:
    """The number behind a code of the phone number button.

    The code stands in the JSON body; one in the query is as good as none.
    """
    app = caller(asked, "mini_program")
    if not asked.body and "code" in asked.params:
        raise ApiError(40029)
    given = asked.json()
    code, openid = need(given, "code", 40029), given.get("openid", "")
    if not isinstance(openid, str):
        raise ApiError(47001)
    wanted = asked.world.registry.find_openid(app, openid) if openid else None
    if openid and not wanted:
        raise ApiError(40003)
    name = wanted.name if wanted else ""
    owner = asked.world.mini_programs.redeem_phone(code, app, name)
    person = asked.world.registry.person(owner)
    as_number = asked.switch("country_code", app, owner) == "number"
    told = int(person.country_code) if as_number else person.country_code
    info = open_data.phone_number(person, told)
    info |= open_data.watermark(app.appid, asked.world.now())
    return {"errcode": 0, "errmsg": "ok", "phone_info": info}


def unionid(asked: Asked, app: App, person: str, name: str) -> Fields:
    """The unionid under `name`; nothing where the app is bound to no open platform."""
    if not app.open_platform or asked.switch("drop_unionid", app, person):
        return {}
    return {name: ids.unionid(app.open_platform, person)}


def _mocked(asked: Asked, app: App) -> str:
    """Whom the developer tools' literal code stands for. Raises ApiError 40029."""
    wanted = asked.switch("mock_code", app)
    people = [person.name for person in asked.world.registry.people()]
    if wanted is True and people:
        return people[0]
    if wanted not in people:
        raise ApiError(40029)
    return str(wanted)
