"""What the openids of an official account became when it moved to another one.

Asked with the new account's token. WeChat knows the old one by its appid, as developers
report, or by its `gh_` id, as the page says, and answers 63178 to the other, and before
both administrators have confirmed the move; fifteen days after the move it answers -1.
The openids are a list: a text in its place is answered with errcode 0 and an error for
one person, as is whoever does not follow the account (developers.weixin.qq.com/doc/
service/api/usermanage/changeopenid/api_changeopenid; community/develop/doc/
0008e4efff89089668db493925bc00).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from wxlogin.net.deadline import Deadline
from wxlogin.wechat.answers import Answer, garbled, identifier
from wxlogin.wechat.client import WeChat
from wxlogin.wechat.errors import Call
from wxlogin.wechat.question import AppCredentials, Question

#: Openids that one call takes.
MOST = 100
_GOOD = "ok"
# Characters of what WeChat says of one person that anybody reads.
_WORDS = 80


@dataclass(frozen=True, slots=True)
class NewOpenid:
    """What one openid became; None where WeChat names none, and `why`, in its words."""

    old: str
    new: str | None
    why: str = ""


def new_openids(
    wechat: WeChat,
    app: AppCredentials,
    token: str,
    openids: Sequence[str],
    *,
    source: str,
    deadline: Deadline,
) -> list[NewOpenid]:
    """What these openids of the account `source` became in `app`, in their order.

    `source` is the old account's appid, or its `gh_` id. Raises ValueError for more
    than MOST openids, `WeChatMisconfigured` where the old account did not move here
    (63178), `AppTokenStale`, `WeChatBusy`, `WeChatUnavailable`.
    Source: POST /cgi-bin/changeopenid.
    """
    if len(openids) > MOST:
        raise ValueError(f"at most {MOST} openids at a time")

    def parse(data: Answer) -> list[NewOpenid]:
        lines = data.get("result_list")
        if not isinstance(lines, list):
            raise garbled("result_list")
        return _told(openids, lines)

    body = {"from_appid": source, "openid_list": list(openids)}
    query = {"access_token": token}
    return wechat.ask(Question(Call.NEW_OPENIDS, app, query, body), parse, deadline)


def _told(openids: Sequence[str], lines: list[Any]) -> list[NewOpenid]:
    """What is said of others than were asked for counts for nothing."""
    told: dict[str, list[NewOpenid]] = {openid: [] for openid in openids}
    for line in lines:
        old = line.get("ori_openid") if isinstance(line, dict) else None
        if isinstance(old, str) and old in told:
            told[old].append(_line(old, line))
    taken = [one.new for found in told.values() for one in set(found)]
    return [_one(old, set(found), taken) for old, found in told.items()]


def _line(old: str, line: dict[str, Any]) -> NewOpenid:
    said = line.get("err_msg")
    words = said if isinstance(said, str) else ""
    words = "".join(one for one in words[:_WORDS] if one.isprintable())
    if words != _GOOD:
        return NewOpenid(old, None, words or "no err_msg")
    new = identifier(line.get("new_openid"))
    return NewOpenid(old, new, "" if new else "no usable new_openid")


def _one(old: str, found: set[NewOpenid], taken: list[str | None]) -> NewOpenid:
    """Two answers about one person, and one answer about two, are none."""
    if not found:
        return NewOpenid(old, None, "WeChat did not answer about it")
    if len(found) > 1:
        return NewOpenid(old, None, "WeChat named it twice, and not alike")
    (one,) = found
    if one.new is not None and taken.count(one.new) > 1:
        return NewOpenid(old, None, "WeChat named two people alike")
    return one
