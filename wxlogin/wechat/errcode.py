"""One errcode of WeChat's: what it means, who must act, what people are told.

The rows are in `errcodes_ours` (our settings and our requests) and `errcodes_theirs`
(people, their tokens, WeChat's own state). Sources of both: Tencent's return codes
(developers.weixin.qq.com/doc/oplatform/developers/errCode and
/doc/service/en/Getting_Started/Global_Return_Code.html). `seen` marks a text that
was found in a real answer; the other texts are the documents'. WeChat changes texts
without notice: only the number decides anything.
"""

from dataclasses import dataclass
from enum import StrEnum

from wxlogin.wechat import words
from wxlogin.wechat.words import Words


class Action(StrEnum):
    """What the service does about an errcode."""

    CFG = "tell the operator"
    AGAIN = "send the person through login again"
    RETRY = "ask once more, then ask for patience"
    BUG = "report a malformed request of ours"
    DENY = "refuse this person"
    LATER = "ask for patience"


class Actor(StrEnum):
    """Who can do something about it."""

    OPERATOR = "operator"
    VISITOR = "visitor"
    DEVELOPER = "developer"
    WAIT = "nobody: wait"


class Retry(StrEnum):
    """Whether the same call may be made again, at once."""

    NO = "no"
    ONCE = "once, after half a second"
    MINUTE = "after a minute"


@dataclass(frozen=True, slots=True)
class Errcode:
    """One row: what WeChat says, what it means, who acts, what people are told."""

    code: int
    text: str
    meaning: str
    action: Action
    visitor: Words
    operator: str
    actor: Actor
    retry: Retry = Retry.NO
    seen: bool = False


# Pages of Tencent's consoles, as an operator finds them.
APP_PAGE = "open.weixin.qq.com > 管理中心 > 网站应用 > 查看"
ABILITIES_PAGE = "open.weixin.qq.com > 管理中心 > 网站应用 > 查看 > 接口信息"
ACCOUNT_PAGE = "mp.weixin.qq.com > 设置与开发 > 开发接口管理 > 基本配置"
NOTICES_PAGE = "open.weixin.qq.com > 通知中心"

_REPORT = (
    "wxlogin or something between it and WeChat sent a malformed request: check "
    "WECHAT_API_URL, then report this with the errcode and the rid."
)
_NOTHING = "Nothing to do, unless it happens often."
_ACTORS = {
    Action.CFG: Actor.OPERATOR,
    Action.AGAIN: Actor.VISITOR,
    Action.RETRY: Actor.WAIT,
    Action.BUG: Actor.DEVELOPER,
    Action.DENY: Actor.VISITOR,
    Action.LATER: Actor.WAIT,
}
_WORDS = {
    Action.CFG: words.OUT_OF_ORDER,
    Action.AGAIN: words.START_AGAIN,
    Action.RETRY: words.BUSY,
    Action.BUG: words.OUT_OF_ORDER,
    Action.DENY: words.BARRED,
    Action.LATER: words.NOT_FINISHED,
}


def row(
    code: int,
    text: str,
    meaning: str,
    action: Action,
    operator: str = "",
    *,
    visitor: Words | None = None,
    actor: Actor | None = None,
    retry: Retry = Retry.NO,
    seen: bool = False,
) -> Errcode:
    default = _REPORT if action is Action.BUG else _NOTHING
    return Errcode(
        code=code,
        text=text,
        meaning=meaning,
        action=action,
        visitor=visitor or _WORDS[action],
        operator=operator or default,
        actor=actor or _ACTORS[action],
        retry=retry,
        seen=seen,
    )
