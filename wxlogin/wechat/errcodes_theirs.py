"""Errcodes about people, their tokens, quotas, and WeChat's own state."""

from wxlogin.wechat import words
from wxlogin.wechat.errcode import (
    ABILITIES_PAGE,
    APP_PAGE,
    NOTICES_PAGE,
    Action,
    Actor,
    Errcode,
    Retry,
    row,
)

THEIRS: tuple[Errcode, ...] = (
    row(
        -1,
        "system error",
        "WeChat is busy; a code may be spent all the same",
        Action.RETRY,
        f"WeChat had a bad moment. If it lasts, see {NOTICES_PAGE}.",
        retry=Retry.ONCE,
    ),
    row(
        40001,
        "invalid credential, access_token is invalid or not latest",
        "the access token is wrong or over, or openid is missing",
        Action.AGAIN,
        visitor=words.EXPIRED,
        retry=Retry.ONCE,
        seen=True,
    ),
    row(
        40003,
        "invalid openid",
        "the openid does not belong to this token and app",
        Action.AGAIN,
        "Tokens of two people or apps were mixed up, perhaps on purpose. Look at the "
        "log lines of this request.",
        seen=True,
    ),
    row(
        40014,
        "invalid access_token",
        "the access token is malformed or over",
        Action.AGAIN,
        visitor=words.EXPIRED,
    ),
    row(
        40029,
        "invalid code",
        "the code is wrong, over, used, or another app's",
        Action.AGAIN,
        "If every login ends so, appid and secret belong to another app than the "
        f"login page's: compare them with {APP_PAGE}.",
        visitor=words.TOO_LATE,
        seen=True,
    ),
    row(
        40030,
        "invalid refresh_token",
        "the refresh token is wrong, over, or replaced by a newer login",
        Action.AGAIN,
        visitor=words.EXPIRED,
        seen=True,
    ),
    row(
        40163,
        "code been used",
        "the code was exchanged before",
        Action.AGAIN,
        "Expected now and then: reload, back button, or a phone that opens the "
        "callback twice.",
        visitor=words.USED,
        seen=True,
    ),
    row(
        40226,
        "code blocked",
        "WeChat holds this person for a risk",
        Action.DENY,
        "WeChat blocks this person; nothing can be done from here.",
    ),
    row(
        42001,
        "access_token expired",
        "the two hours of the access token are over",
        Action.AGAIN,
        visitor=words.EXPIRED,
    ),
    row(
        42002,
        "refresh_token expired",
        "the thirty days of the refresh token are over",
        Action.AGAIN,
        visitor=words.EXPIRED,
    ),
    row(
        42003,
        "code expired",
        "the code is over (WeChat really answers 40029)",
        Action.AGAIN,
        visitor=words.TOO_LATE,
    ),
    row(
        42007,
        "access_token and refresh_token exception",
        "the person has changed the WeChat password; both tokens are dead",
        Action.AGAIN,
        visitor=words.PASSWORD_CHANGED,
    ),
    row(
        45009,
        "reach max api daily quota limit",
        "the quota of the day is used up",
        Action.LATER,
        f"No login until midnight in China. See the quota at {ABILITIES_PAGE} and ask "
        "whether something logs in too often.",
        visitor=words.TOMORROW,
        actor=Actor.OPERATOR,
    ),
    row(
        45011,
        "api minute-quota reach limit, must slower, retry next minute",
        "more calls than one minute allows",
        Action.LATER,
        "More logins in a minute than WeChat allows (50 000 of each call). Look for a "
        "loop or an attack.",
        visitor=words.CROWDED,
        retry=Retry.MINUTE,
        seen=True,
    ),
    row(
        50001,
        "user unauthorized",
        "the person has not allowed this call",
        Action.AGAIN,
        visitor=words.NOT_AUTHORIZED,
    ),
    row(
        50002,
        "user limited",
        "the person's account is frozen or closed, or the app is frozen",
        Action.DENY,
        f"If it meets everybody, the app itself is frozen: see {NOTICES_PAGE}.",
    ),
    row(
        50005,
        "user is unsubscribed",
        "the person does not follow the official account",
        Action.AGAIN,
        visitor=words.FOLLOW_FIRST,
    ),
)

#: For every number that is not in the table.
UNKNOWN = row(
    0,
    "",
    "unknown to us",
    Action.LATER,
    "Look the number up in Tencent's list of return codes "
    "(developers.weixin.qq.com/doc/oplatform/developers/errCode) and report it.",
    actor=Actor.OPERATOR,
)
