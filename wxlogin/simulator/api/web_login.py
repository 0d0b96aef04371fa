"""What the four calls of a web login check, in which order, and what they answer.

Keys come in the order of real answers. A unionid is there only when the app is
bound to an open platform. Sources: developers.weixin.qq.com/doc/service/api/webdev/
access (the four calls); the order of checks begins with the appid, which real
probes showed, and goes on as inferred from reports.
"""

import base64
from typing import Any

from .. import protocol
from ..refusals import ApiError
from ..world import World, ids
from ..world.parties import GREY, App, Person
from ..world.tokens import Grant, Lives
from .asked import Asked
from .dialect import Raw

Fields = dict[str, Any]

# One region in the three languages that `lang` names; zh_CN is meant without it.
_REGION = {
    "zh_CN": ("深圳", "广东", "中国"),
    "zh_TW": ("深圳", "廣東", "中國"),
    "en": ("Shenzhen", "Guangdong", "China"),
}

# Everyone whose avatar is a preview's shares it with the other previews.
_SNAPSHOT_PERSON = "snapshot visitor"


def access_token(asked: Asked) -> Fields:
    """Exchange a code. A wrong secret does not use it up."""
    world, app = asked.world, asked.app()
    secret = asked.need("secret", 41004)
    code = asked.need("code", 41008)
    if asked.params.get("grant_type") != "authorization_code":
        raise ApiError(40002)
    if secret != app.secret:
        raise ApiError(40125)
    return _exchanged(world, app, code)


def component_access_token(asked: Asked) -> Fields:
    """The same for a third-party platform, which needs no secret of the account.

    The order of checks is inferred from the other exchange.
    """
    app, component = _for_component(asked)
    code = asked.need("code", 41008)
    if asked.params.get("grant_type") != "authorization_code":
        raise ApiError(40002)
    return _exchanged(asked.world, app, code, component)


def component_refresh_token(asked: Asked) -> Fields:
    """Prolong or replace an access_token as a third-party platform."""
    _for_component(asked)
    return refresh_token(asked)


def _for_component(asked: Asked) -> tuple[App, str]:
    """The account and the platform that speaks for it, proved by its token."""
    app, component = asked.app(), asked.need("component_appid", 41002)
    if component not in app.components:
        raise ApiError(40013)
    token = asked.need("component_access_token", 41001)
    asked.world.components.check(token, component)
    return app, component


def _exchanged(world: World, app: App, code: str, component: str = "") -> Fields:
    known = world.grants.peek(code)
    who = known.person if known else ""
    snapshot = bool(world.switches.get("snapshot", app=app.name, person=who))
    lives = _lives(world, app)
    grant = world.grants.spend(
        code, app, snapshot=snapshot, lives=lives, component=component
    )
    answer = _tokens(world, app, grant)
    if grant.scope != protocol.SCOPE_BASE or _known_before(world, app, grant):
        answer |= _unionid(world, app, grant)
    flag = world.switches.get("snapshot_flag", app=app.name, person=grant.person)
    if flag == "real" or (grant.snapshot and not flag):
        answer["is_snapshotuser"] = 1
    return answer


def refresh_token(asked: Asked) -> Fields:
    """Prolong or replace an access_token. Needs no secret, names no unionid."""
    app = asked.app()
    token = asked.need("refresh_token", 41003)
    if asked.params.get("grant_type") != "refresh_token":
        raise ApiError(40002)
    rotate = bool(asked.switch("rotate_refresh_token", app))
    lives = _lives(asked.world, app)
    grant = asked.world.grants.refresh(token, app, rotate=rotate, lives=lives)
    return _tokens(asked.world, app, grant)


def userinfo(asked: Asked) -> Fields:
    """The profile of the token's owner. The openid must be there, right or wrong.

    Without an openid WeChat answers 40001, not 41009 (github.com/logto-io/logto/
    pull/422, which also found the answer to depend on the token alone).
    """
    token = asked.need("access_token", 41001)
    asked.need("openid", 40001)
    grant = asked.world.grants.check(token)
    app = asked.world.registry.app(grant.appid)
    if asked.switch("strict_openid", app, grant.person):
        if asked.params["openid"] != _openid(app, grant):
            raise ApiError(40003)
    barred = asked.switch("snapshot_48001", app, grant.person)
    if grant.scope == protocol.SCOPE_BASE or (grant.snapshot and barred):
        raise ApiError(48001)
    return _profile(asked, app, grant)


def auth(asked: Asked) -> Fields:
    """Whether an access_token is live and belongs to this openid."""
    grant = asked.world.grants.check(asked.need("access_token", 41001))
    app = asked.world.registry.app(grant.appid)
    if asked.params.get("openid") != _openid(app, grant):
        raise ApiError(40003)
    return {"errcode": 0, "errmsg": "ok"}


def _openid(app: App, grant: Grant) -> str:
    return grant.snapshot or ids.openid(app.appid, grant.person)


def _tokens(world: World, app: App, grant: Grant) -> Fields:
    comma = world.switches.get("scope_comma", app=app.name, person=grant.person)
    return {
        "access_token": grant.access_token,
        "expires_in": _lives(world, app).access_token,
        "refresh_token": grant.refresh_token,
        "openid": _openid(app, grant),
        "scope": f"{grant.scope}," if comma else grant.scope,
    }


def _lives(world: World, app: App) -> Lives:
    """How long tokens live, and whether a login ends the older ones."""
    given = world.switches.get("token_lives", app=app.name) or {}
    return Lives(
        access_token=given.get("access_token", protocol.ACCESS_TOKEN_SECONDS),
        refresh_token=given.get("refresh_token", protocol.REFRESH_TOKEN_SECONDS),
        older_stay=bool(world.switches.get("keep_refresh_token", app=app.name)),
    )


def _known_before(world: World, app: App, grant: Grant) -> bool:
    """Whether a silent login names the unionid, as some saw after a consent.

    Tencent's documents say it never does (github.com/NeverMin/omniauth-wechat-oauth2/
    pull/10 says it may); hence a switch.
    """
    told = world.switches.get("base_unionid", app=app.name, person=grant.person)
    return bool(told) and world.relations.consented(app, grant.person)


def _unionid(world: World, app: App, grant: Grant) -> Fields:
    dropped = world.switches.get("drop_unionid", app=app.name, person=grant.person)
    if not app.open_platform or dropped:
        return {}
    # Strangers' previews share one unionid; services keyed on it merged people.
    owner = _SNAPSHOT_PERSON if grant.snapshot else grant.person
    return {"unionid": ids.unionid(app.open_platform, owner)}


def _profile(asked: Asked, app: App, grant: Grant) -> Fields:
    person = _shown(asked.world, grant)

    def switch(name: str) -> Any:
        return asked.switch(name, app, grant.person)

    answer = {
        "openid": switch("userinfo_openid") or _openid(app, grant),
        "nickname": _nickname(person, switch("nickname")),
        "sex": 0,
        "language": person.language,
        "city": "",
        "province": "",
        "country": "",
        "headimgurl": person.headimgurl(switch("avatar_host") or asked.avatars),
        "privilege": switch("privilege") or [],
    }
    if switch("old_profile"):
        answer |= _old(asked.params.get("lang", ""))
    answer |= _unionid(asked.world, app, grant)
    if switch("userinfo_unionid"):
        answer["unionid"] = switch("userinfo_unionid")
    return answer


def _old(lang: str) -> Fields:
    """What stood there before October 2021; `lang` is about the region's names."""
    city, province, country = _REGION.get(lang, _REGION["zh_CN"])
    return {"sex": 1, "city": city, "province": province, "country": country}


def _shown(world: World, grant: Grant) -> Person:
    if not grant.snapshot:
        return world.registry.person(grant.person)
    return Person(_SNAPSHOT_PERSON, nickname="微信用户", avatar=GREY, language="")


def _nickname(person: Person, override: Any) -> Any:
    if override is None:
        return person.nickname
    if isinstance(override, dict) and "raw" in override:
        return Raw(override["raw"].encode("utf-8", "backslashreplace"))
    if isinstance(override, dict) and "base64" in override:
        # The text's own bytes, whatever they are; the quotes are ours.
        return Raw(b'"' + base64.b64decode(override["base64"]) + b'"')
    return override
