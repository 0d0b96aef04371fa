"""Who follows an official account: `/cgi-bin/user/info`, `user/info/batchget`,
`user/get`.

- Since 2021 neither name nor picture is in an answer; `unionid` is where the account is
  bound to an open platform, and captures show it for people who do not follow, too
  (developers.weixin.qq.com/doc/service/api/usermanage/userinfo/api_userinfo).
- An account that is not verified is told of nobody: 48001.
- A page of the list has 10,000 openids, and `next_openid` is its last one, also on the
  last page; the call after that has a count of 0, no `data` and an empty `next_openid`
  (developers.weixin.qq.com/doc/offiaccount/User_Management/Getting_a_User_List.html;
  github.com/wechatpy/wechatpy, client/api/user.py).
"""

from typing import Any

from ..refusals import ApiError
from ..world import ids
from ..world.parties import App, Person
from .access_token import caller
from .asked import Asked, need

Fields = dict[str, Any]

_KIND = "official_account"
#: Openids in a page of the list, and people in one question.
PAGE, _BATCH = 10_000, 100


def user_info(asked: Asked) -> Fields:
    """One person, by openid."""
    app = _caller(asked)
    openid = need(asked.query, "openid", 41009)
    asked.within_day(app)
    person = asked.world.registry.find_openid(app, openid)
    if person is None:
        raise ApiError(40003)
    return _told(asked, app, person)


def batch_get(asked: Asked) -> Fields:
    """Up to a hundred, by their openids."""
    app = _caller(asked)
    wanted = asked.json().get("user_list")
    if not isinstance(wanted, list) or not 0 < len(wanted) <= _BATCH:
        raise ApiError(40032)
    find = asked.world.registry.find_openid
    found = [find(app, one["openid"]) for one in wanted if _is_named(one)]
    # Who is not known there is left out.
    return {"user_info_list": [_told(asked, app, one) for one in found if one]}


def user_get(asked: Asked) -> Fields:
    """The openids of all who follow, a page of them from behind `next_openid` on."""
    app = _caller(asked)
    people = asked.world.relations.followers(app)
    openids = [ids.openid(app.appid, person) for person in people]
    after = asked.query.get("next_openid", "")
    if after and after not in openids:
        raise ApiError(40003)
    rest = openids[openids.index(after) + 1 :] if after else openids
    page = rest[:PAGE]
    told: Fields = {"total": len(openids), "count": len(page)}
    if page:
        told["data"] = {"openid": page}
    return told | {"next_openid": page[-1] if page else ""}


def _caller(asked: Asked) -> App:
    app = caller(asked, _KIND)
    if not app.verified:
        raise ApiError(48001)
    return app


def _told(asked: Asked, app: App, person: Person) -> Fields:
    who: Fields = {"openid": ids.openid(app.appid, person.name)}
    hidden = asked.switch("drop_unionid", app, person.name)
    if app.open_platform and not hidden:
        who["unionid"] = ids.unionid(app.open_platform, person.name)
    following = asked.world.relations.following(app, person.name)
    if following is None:
        return {"subscribe": 0, **who, "tagid_list": []}
    code = following.code
    scene = code.scene if code else ""
    return {
        "subscribe": 1,
        **who,
        "subscribe_time": int(following.since),
        "remark": "",
        "groupid": 0,
        "tagid_list": [],
        "subscribe_scene": "ADD_SCENE_QR_CODE" if code else "ADD_SCENE_OTHERS",
        "qr_scene": scene if isinstance(scene, int) else 0,
        "qr_scene_str": scene if isinstance(scene, str) else "",
    }


def _is_named(one: object) -> bool:
    return isinstance(one, dict) and isinstance(one.get("openid"), str)
