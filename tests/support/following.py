"""What WeChat says of one person at an official account, as if it had been asked."""

from datetime import datetime

from wxlogin.accounts import follower_answers
from wxlogin.accounts.follower_answers import Answers, Said
from wxlogin.db import transaction


def wechat_says(
    appid: str,
    openid: str,
    *,
    follows: bool,
    at: datetime,
    unionid: tuple[str, str] | None = None,
) -> None:
    """`unionid` is a pair of open platform and unionid."""
    before = follower_answers.states(appid, [openid])
    said = Said(openid, follows, unionid=unionid)
    answers = Answers(appid, [said], before, at)
    transaction(lambda session: follower_answers.learn(session, answers))
