"""Who follows an official account: one person, a hundred of them, the whole list.

- The answer about a person names the unionid where the account is bound to an open
  platform, and no profile; of who does not follow, in practice, the unionid too
  (developers.weixin.qq.com/doc/service/api/usermanage/userinfo/api_userinfo).
- A hundred people can be asked about in one call, by a POST. Fewer may come back, and
  an openid that is none of this account's may refuse the whole call
  (developers.weixin.qq.com/doc/subscription/api/usermanage/userinfo/api_batchuserinfo).
- A page of the list has up to 10,000 openids, and `next_openid` is its last one, also
  on the last page; the page behind that one has no `data` (developers.weixin.qq.com/
  doc/offiaccount/User_Management/Getting_a_User_List.html).

Only a verified account may ask (48001).
"""

from collections.abc import Collection
from dataclasses import dataclass

from wxlogin.errors import WeChatUnavailable
from wxlogin.net.deadline import Deadline
from wxlogin.wechat.answers import Answer, garbled, identifier
from wxlogin.wechat.client import WeChat
from wxlogin.wechat.errors import Call
from wxlogin.wechat.question import AppCredentials, Question

#: How many people one call may ask about.
MOST_ASKED = 100
#: How many openids a page of the list has at most.
PAGE = 10_000
# 64 characters are what WeChat lets stand in a scene; seconds since 1970, until 2286.
_SCENE_LENGTH, _LATEST = 64, 9_999_999_999


@dataclass(frozen=True, slots=True)
class Follower:
    """Whether a person follows an account, and what WeChat names beside it.

    `since` is when the person began to follow, in seconds since 1970, and `scene` that
    of the account's code by which; 0 and empty where WeChat does not say.
    """

    openid: str
    follows: bool
    unionid: str | None
    since: int = 0
    scene: str = ""


@dataclass(frozen=True, slots=True)
class FollowerPage:
    """A page of the list. `after` names the next one, and is empty at the end; `total`
    is how many follow the account."""

    openids: tuple[str, ...]
    after: str
    total: int


def follower(
    wechat: WeChat, app: AppCredentials, token: str, openid: str, *, deadline: Deadline
) -> Follower:
    """What WeChat says of the person with this openid.

    Raises `AppTokenStale`, `WeChatMisconfigured` (with errcode 48001 where the account
    may not ask), `WeChatBusy`, `WeChatUnavailable`. Source: GET /cgi-bin/user/info.
    """

    def parse(data: Answer) -> Follower:
        found = _follower(data)
        if found.openid != openid:
            raise garbled("openid")
        return found

    query = {"access_token": token, "openid": openid, "lang": "zh_CN"}
    return wechat.ask(Question(Call.FOLLOWER, app, query), parse, deadline)


def followers(
    wechat: WeChat,
    app: AppCredentials,
    token: str,
    openids: Collection[str],
    *,
    deadline: Deadline,
) -> dict[str, Follower]:
    """What WeChat says of these people, at most MOST_ASKED, by openid. Of whom it says
    nothing is missing, and so is who was not asked about.

    Raises as `follower`. Source: POST /cgi-bin/user/info/batchget.
    """
    if not 0 < len(openids) <= MOST_ASKED:
        raise ValueError(f"1 to {MOST_ASKED} people")
    wanted = frozenset(openids)

    def parse(data: Answer) -> dict[str, Follower]:
        listed = data.get("user_info_list")
        if not isinstance(listed, list):
            raise garbled("user_info_list")
        told = [one for one in map(_follower_if, listed) if one is not None]
        return {one.openid: one for one in told if one.openid in wanted}

    body = {"user_list": [{"openid": one, "lang": "zh_CN"} for one in openids]}
    query = {"access_token": token}
    return wechat.ask(Question(Call.FOLLOWERS, app, query, body), parse, deadline)


def follower_page(
    wechat: WeChat, app: AppCredentials, token: str, after: str, *, deadline: Deadline
) -> FollowerPage:
    """The page of the list behind the person `after`; the first one for "".

    Nobody is in it twice. Raises as `follower`, and `WeChatMisconfigured` with errcode
    40003 where WeChat does not know `after` any more. Source: GET /cgi-bin/user/get.
    """
    query = {"access_token": token}
    if after:
        query["next_openid"] = after
    return wechat.ask(Question(Call.FOLLOWER_LIST, app, query), _page, deadline)


def _follower(data: Answer) -> Follower:
    subscribe = data.get("subscribe")
    if subscribe not in (0, 1):
        raise garbled("subscribe")
    openid = identifier(data.get("openid"))
    if openid is None:
        raise garbled("openid")
    follows = subscribe == 1
    return Follower(
        openid,
        follows,
        identifier(data.get("unionid")),
        since=_number(data.get("subscribe_time"), _LATEST) if follows else 0,
        scene=_scene(data) if follows else "",
    )


def _follower_if(told: object) -> Follower | None:
    """One of a hundred: what cannot be read costs nobody else the answer."""
    try:
        return _follower(told) if isinstance(told, dict) else None
    except WeChatUnavailable:
        return None


def _scene(data: Answer) -> str:
    """A text of the account's own, or a number, 0 for none."""
    text = data.get("qr_scene_str")
    if isinstance(text, str) and text.isprintable() and len(text) <= _SCENE_LENGTH:
        number = _number(data.get("qr_scene"), 2**32)
        return text or (str(number) if number else "")
    return ""


def _page(data: Answer) -> FollowerPage:
    listed = data.get("data")
    if listed is None:
        return FollowerPage((), "", _number(data.get("total"), _LATEST))
    openids = listed.get("openid") if isinstance(listed, dict) else None
    if not isinstance(openids, list):
        raise garbled("data")
    # A dict keeps the order, and each of them once.
    found = dict.fromkeys(map(identifier, openids))
    if None in found:
        raise garbled("openid")
    after = identifier(data.get("next_openid")) or ""
    total = _number(data.get("total"), _LATEST)
    return FollowerPage(tuple(one for one in found if one), after, total)


def _number(value: object, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        return 0
    return value if 0 <= value <= most else 0
