"""Who was who, after an official account moved to another: `/cgi-bin/changeopenid`.

Called with the new account's access_token. Before the move is confirmed, and for an
account that did not move here, 63178; after fifteen days -1 (developers.weixin.qq.com/
community/personal/oCJUswz5jbNcJDcuYKq6IzaFzniM/question, community/develop/doc/
000e6adca4cf806db2dae1d495b400). The page says that from_appid is the old account's
`gh_` id; the appid is what works (blog.csdn.net/hch15112345824/article/details/
127843149), unless a switch says otherwise.

Who does not follow has no new openid. A text in the place of the list is taken as one
openid that nobody has; nothing at all is 63182 (developers.weixin.qq.com/community/
develop/doc/000a4ef72285d0e3981a1c93456400).
"""

from typing import Any

from ..refusals import ApiError
from ..world import ids
from ..world.migrations import Migration
from ..world.parties import App
from .access_token import caller
from .asked import Asked, need

Fields = dict[str, Any]

_MOST = 100


def change_openid(asked: Asked) -> Fields:
    """Old openids and new ones, line by line."""
    target = caller(asked, "official_account")
    given = asked.json()
    move = _move(asked, target, need(given, "from_appid", 63178))
    wanted = given.get("openid_list")
    if not wanted:
        raise ApiError(63182)
    if not isinstance(wanted, list):
        wanted = [wanted]
    if len(wanted) > _MOST:
        raise ApiError(40032)
    now = {ids.openid(move.source, person): person for person in move.followers}
    lines = [_line(openid, now, target) for openid in wanted]
    return {"errcode": 0, "errmsg": "ok", "result_list": lines}


def _move(asked: Asked, target: App, named: str) -> Migration:
    by_original = asked.switch("from_original_id", target)
    for app in asked.world.registry.apps():
        if named == (app.original_id if by_original else app.appid):
            move = asked.world.migrations.of(app.appid, target.appid)
            if move and move.at is not None:
                if not move.tells(asked.world.now()):
                    raise ApiError(-1)
                return move
    raise ApiError(63178)


def _line(openid: object, people: dict[str, str], target: App) -> Fields:
    person = people.get(openid) if isinstance(openid, str) else None
    if person is None:
        return {"ori_openid": openid, "err_msg": "ori_openid error"}
    new = ids.openid(target.appid, person)
    return {"ori_openid": openid, "new_openid": new, "err_msg": "ok"}
