"""What can be an openid or a unionid, and what only says that there is none.

Two people must never meet in a value that means nothing (security row 44): programs
and tables write "no unionid" in dozens of ways, and each that is taken for an id makes
strangers one. So a word is looked at without its case, its brackets, its blanks and
the width of its letters.

WeChat's own answers are taken as data, whatever letters are in them. A file is held
to what WeChat gives out today (docs/wechat.md, "Words"), because whatever is not like
that was damaged on its way or never was an id.
"""

import re
import unicodedata

#: WeChat's have 28 or 29 characters; this is what we can hold.
LONGEST = 128
# Printable ASCII, no blank at either end: it would be another key for one person.
_DATA = re.compile(rf"[!-~](?:[ -~]{{0,{LONGEST - 2}}}[!-~])?")
# Some room around WeChat's 28 and 29 characters, which it does not promise.
# They are drawn from 64 characters: one without a small letter, or without a capital
# or digit, is a word (`undefinedundefined…`), and UUIDs are other programs' ids.
_ISSUED = re.compile(r"(?=.*[a-z])(?=.*[A-Z0-9])[A-Za-z0-9_-]{20,64}")
_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
# What is neither a letter nor a digit, of whatever script.
_NO_LETTERS = re.compile(r"[\W_]+")
# What the phone number's button gives; a code of wx.login has 32 characters.
_PHONE_CODE = re.compile(r"[0-9A-Fa-f]{64}")
# And that one's, as seen; what looks like neither is WeChat's to judge.
_LOGIN_CODE = re.compile(r"[0-9A-Za-z_-]{32}")
_NOTHING = frozenset(
    "n na nan null nil none nothing no undefined unknown missing empty blank void "
    "dbnull nullptr nullvalue false true notavailable notapplicable notset unset "
    "无 空 暂无 没有 未知 未绑定 未填写 未设置 不详 匿名".split()
)


def says_nothing(text: str) -> bool:
    r"""Is this a way of writing "nothing", such as `\N`, `(null)`, `#N/A`, `—`, `0`?"""
    plain = unicodedata.normalize("NFKC", text).casefold()
    letters = _NO_LETTERS.sub("", plain)
    return not letters.strip("0") or letters in _NOTHING


def is_id(value: object) -> bool:
    """Can this, from WeChat's own answer, be an openid or unionid?"""
    if not isinstance(value, str) or _DATA.fullmatch(value) is None:
        return False
    return not says_nothing(value)


def is_phone_code(code: str) -> bool:
    """Is this a mini program's code for a phone number, and none of wx.login?

    Both are called `code` on the phone, and WeChat answers 40029 to either in the place
    of the other.
    """
    return _PHONE_CODE.fullmatch(code) is not None


def is_login_code(code: str) -> bool:
    """Is this a code of wx.login, and none for a phone number?"""
    return _LOGIN_CODE.fullmatch(code) is not None


def is_issued(value: object) -> bool:
    """Does this, from a file, look like what WeChat gives out?"""
    text = str(value)
    issued = _ISSUED.fullmatch(text) and not _UUID.fullmatch(text)
    return is_id(value) and bool(issued)
