"""What the four `/sns/` calls check, in which order, and what they answer.

Keys come in the order of real answers. A unionid is there only when the app is
bound to an open platform. Sources: developers.weixin.qq.com/doc/service/api/webdev/
access (the four calls); the order of checks begins with the appid, which real
probes showed, and goes on as inferred from reports.
"""

from collections.abc import Mapping
from typing import Any

from .. import protocol
from ..refusals import SnsError
from ..world import World, ids
from ..world.parties import GREY, App, Person
from ..world.tokens import Grant
from .dialect import Raw

Params = Mapping[str, str]
Answer = dict[str, Any]

# Everyone whose avatar is a preview's shares it with the other previews.
_SNAPSHOT_PERSON = "snapshot visitor"


def access_token(world: World, params: Params, origin: str) -> Answer:
    """Exchange a code. A wrong secret does not use it up."""
    app = _app(world, params)
    secret = _need(params, "secret", 41004)
    code = _need(params, "code", 41008)
    if params.get("grant_type") != "authorization_code":
        raise SnsError(40002)
    if secret != app.secret:
        raise SnsError(40125)
    known = world.grants.peek(code)
    who = known.person if known else ""
    snapshot = bool(world.switches.get("snapshot", app=app.name, person=who))
    grant = world.grants.spend(code, app, snapshot=snapshot)
    answer = _tokens(app, grant)
    if grant.scope != protocol.SCOPE_BASE or _known_before(world, app, grant):
        answer |= _unionid(world, app, grant)
    if grant.snapshot:
        answer["is_snapshotuser"] = 1
    return answer


def refresh_token(world: World, params: Params, origin: str) -> Answer:
    """Prolong or replace an access_token. Needs no secret, names no unionid."""
    app = _app(world, params)
    token = _need(params, "refresh_token", 41003)
    if params.get("grant_type") != "refresh_token":
        raise SnsError(40002)
    rotate = bool(world.switches.get("rotate_refresh_token", app=app.name))
    return _tokens(app, world.grants.refresh(token, app, rotate=rotate))


def userinfo(world: World, params: Params, origin: str) -> Answer:
    """The profile of the token's owner. The openid must be there, right or wrong.

    Without an openid WeChat answers 40001, not 41009 (github.com/logto-io/logto/
    pull/422, which also found the answer to depend on the token alone).
    """
    token = _need(params, "access_token", 41001)
    _need(params, "openid", 40001)
    grant = world.grants.check(token)
    app = world.registry.app(grant.appid)
    barred = world.switches.get("snapshot_48001", app=app.name, person=grant.person)
    if grant.scope == protocol.SCOPE_BASE or (grant.snapshot and barred):
        raise SnsError(48001)
    return _profile(world, app, grant, origin)


def auth(world: World, params: Params, origin: str) -> Answer:
    """Whether an access_token is live and belongs to this openid."""
    grant = world.grants.check(_need(params, "access_token", 41001))
    app = world.registry.app(grant.appid)
    if params.get("openid") != _openid(app, grant):
        raise SnsError(40003)
    return {"errcode": 0, "errmsg": "ok"}


CALLS = {
    protocol.SNS_ACCESS_TOKEN: access_token,
    protocol.SNS_REFRESH_TOKEN: refresh_token,
    protocol.SNS_USERINFO: userinfo,
    protocol.SNS_AUTH: auth,
}


def _app(world: World, params: Params) -> App:
    app = world.registry.find_app(_need(params, "appid", 41002))
    if app is None:
        raise SnsError(40013)
    return app


def _need(params: Params, name: str, errcode: int) -> str:
    value = params.get(name, "")
    if not value:
        raise SnsError(errcode)
    return value


def _openid(app: App, grant: Grant) -> str:
    return grant.snapshot or ids.openid(app.appid, grant.person)


def _tokens(app: App, grant: Grant) -> Answer:
    return {
        "access_token": grant.access_token,
        "expires_in": protocol.ACCESS_TOKEN_SECONDS,
        "refresh_token": grant.refresh_token,
        "openid": _openid(app, grant),
        "scope": grant.scope,
    }


def _known_before(world: World, app: App, grant: Grant) -> bool:
    """Whether a silent login names the unionid, as some saw after a consent.

    Tencent's documents say it never does (github.com/NeverMin/omniauth-wechat-oauth2/
    pull/10 says it may); hence a switch.
    """
    told = world.switches.get("base_unionid", app=app.name, person=grant.person)
    return bool(told) and world.relations.consented(app, grant.person)


def _unionid(world: World, app: App, grant: Grant) -> Answer:
    dropped = world.switches.get("drop_unionid", app=app.name, person=grant.person)
    if not app.open_platform or dropped:
        return {}
    # Strangers' previews share one unionid; services keyed on it merged people.
    owner = _SNAPSHOT_PERSON if grant.snapshot else grant.person
    return {"unionid": ids.unionid(app.open_platform, owner)}


def _profile(world: World, app: App, grant: Grant, origin: str) -> Answer:
    person = _shown(world, grant)

    def switch(name: str) -> Any:
        return world.switches.get(name, app=app.name, person=grant.person)

    answer = {
        "openid": switch("userinfo_openid") or _openid(app, grant),
        "nickname": _nickname(person, switch("nickname")),
        "sex": 0,
        "language": person.language,
        "city": "",
        "province": "",
        "country": "",
        "headimgurl": person.headimgurl(origin),
        "privilege": [],
    }
    answer |= _unionid(world, app, grant)
    if switch("userinfo_unionid"):
        answer["unionid"] = switch("userinfo_unionid")
    return answer


def _shown(world: World, grant: Grant) -> Person:
    if not grant.snapshot:
        return world.registry.person(grant.person)
    return Person(_SNAPSHOT_PERSON, nickname="微信用户", avatar=GREY, language="")


def _nickname(person: Person, override: Any) -> Any:
    if override is None:
        return person.nickname
    if isinstance(override, dict) and "raw" in override:
        return Raw(override["raw"])
    return override
