"""What a visitor reads when WeChat answers with an errcode.

Each says what happened and what to do next, in Chinese and in English, and nothing
about secrets, settings or numbers: those are for the operator.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """One sentence or two, in both languages."""

    zh: str
    en: str

    def in_language(self, language: str) -> str:
        """The Chinese words for `zh`, `zh_CN`, `zh-Hans` …, else the English ones."""
        return self.zh if language.lower().startswith("zh") else self.en


START_AGAIN = Words(
    "这次微信授权已失效，请重新登录。",
    "This WeChat sign-in is no longer valid. Please start again.",
)
TOO_LATE = Words(
    "登录超时，或本次授权已经用过了，请重新登录。",
    "This sign-in took too long or was used before. Please start again.",
)
USED = Words(
    "这次微信授权已经用过了，请重新登录。",
    "This WeChat sign-in was already used. Please start again.",
)
EXPIRED = Words(
    "微信授权已过期，请重新用微信登录。",
    "Your WeChat authorization has run out. Please sign in with WeChat again.",
)
PASSWORD_CHANGED = Words(
    "微信密码修改后需要重新授权，请重新用微信登录。",
    "After a change of the WeChat password, please sign in with WeChat again.",
)
NOT_AUTHORIZED = Words(
    "还没有得到你的微信授权，请重新登录，并在微信里点“允许”。",
    "WeChat has no permission from you yet. Please start again and tap Allow.",
)
OUT_OF_ORDER = Words(
    "本站的微信登录出了问题，需要网站管理员处理。请稍后再试，或联系本站。",
    "WeChat sign-in on this site is out of order and its operator has to fix it. "
    "Please try later, or contact the site.",
)
BUSY = Words(
    "微信服务繁忙，登录未完成，请稍后再试。",
    "WeChat is busy and could not finish the sign-in. Please try again in a moment.",
)
CROWDED = Words(
    "当前登录的人较多，请一分钟后再试。",
    "Too many people are signing in right now. Please try again in a minute.",
)
TOMORROW = Words(
    "本站今天的微信登录次数已用完。请明天再试，或联系本站。",
    "This site has used up its WeChat sign-ins for today. "
    "Please try again tomorrow, or contact the site.",
)
BARRED = Words(
    "微信不允许这个账号登录。请在微信里查看账号状态。",
    "WeChat does not let this account sign in. "
    "Please check the state of the account in WeChat.",
)
FOLLOW_FIRST = Words(
    "请先在微信里关注本站的公众号，再重新登录。",
    "Please follow this site's official account in WeChat first, then start again.",
)
NOT_FINISHED = Words(
    "微信登录未完成，请稍后再试。",
    "WeChat did not finish this sign-in. Please try again later.",
)
