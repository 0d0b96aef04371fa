"""What an operator is told to do about an errcode, fit for the app and the call.

The table of errcodes speaks of website apps, through which most logins go. Another kind
of app has the same field on another page, and what a missing right (48001) or a used-up
quota (45009) means depends on what was asked.

Sources: the section on rights (权限) of each call's page at developers.weixin.qq.com/
doc/service and /miniprogram/dev/server/API. A follower's unionid and the list of
followers want a verified account, a code with a scene a verified service account, the
phone number a verified program of no single person.
"""

from wxlogin.wechat.errcodes import (
    ABILITIES_PAGE,
    ACCOUNT_PAGE,
    APP_PAGE,
    NO_RIGHT,
    PROGRAM_PAGE,
    Errcode,
)

#: Where the rights of an account's calls stand, and of a program's.
ACCOUNT_RIGHTS_PAGE = "mp.weixin.qq.com > 设置与开发 > 开发接口管理 > 接口权限"
PROGRAM_RIGHTS_PAGE = "mp.weixin.qq.com > 开发管理 > 接口设置"
MOBILE_PAGE = "open.weixin.qq.com > 管理中心 > 移动应用 > 查看"

_WEBSITE, _ACCOUNT, _PROGRAM = "website", "official_account", "mini_program"
_MOBILE = "mobile"
# Calls (`wechat.errors.Call`) that only one kind of app makes.
_KIND_OF = {
    "code2session": _PROGRAM,
    "program_code": _PROGRAM,
    "phone_number": _PROGRAM,
    "check_session": _PROGRAM,
    "check_text": _PROGRAM,
    "check_media": _PROGRAM,
    "follower": _ACCOUNT,
    "followers": _ACCOUNT,
    "follower_list": _ACCOUNT,
    "account_code": _ACCOUNT,
    "menu": _ACCOUNT,
    "make_menu": _ACCOUNT,
    "auto_replies": _ACCOUNT,
    "new_openids": _ACCOUNT,
}
# By kind: the page where the app is, and that of what it may do.
_PAGES = {
    _ACCOUNT: (ACCOUNT_PAGE, ACCOUNT_RIGHTS_PAGE),
    _PROGRAM: (PROGRAM_PAGE, PROGRAM_RIGHTS_PAGE),
    _MOBILE: (MOBILE_PAGE, f"{MOBILE_PAGE} > 接口信息"),
}
_BAD_CODE, _QUOTA = 40029, 45009
_WRONG_PROGRAM = (
    "If every sign-in ends so, the program that calls is another one than the app in "
    "APPS: compare appid and secret with those of the program that is published "
    f"(its project.config.json), at {PROGRAM_PAGE}."
)
_NO_CHECKS = (
    f"Content checks (内容安全) are not open to the program: {PROGRAM_RIGHTS_PAGE}."
)
_MENU = (
    "The account may neither read nor make its menu by a call, see "
    f"{ACCOUNT_RIGHTS_PAGE} > 自定义菜单."
)
#: What an app needs for a call that WeChat does not let it make.
_RIGHTS = {
    "follower": (
        f"Have the account verified (微信认证), see {ACCOUNT_RIGHTS_PAGE} > 用户管理. "
        "Until then followers are known by openid alone."
    ),
    "account_code": (
        "Codes with a scene are for verified service accounts (已认证的服务号), see "
        f"{ACCOUNT_RIGHTS_PAGE} > 账号管理 > 生成带参数的二维码. Of others people "
        "send a number; set verified_service = false in APPS."
    ),
    "phone_number": (
        "The program needs the phone number's component (手机号快速验证), which is for "
        "verified programs of no single person and has a quota of its own, see "
        f"{PROGRAM_RIGHTS_PAGE}."
    ),
    "menu": _MENU,
    "make_menu": _MENU,
    "auto_replies": _MENU,
    "new_openids": (
        "The openids of a move are told to the account that people were moved to, once "
        f"it is confirmed and verified, see {ACCOUNT_RIGHTS_PAGE} > 用户管理."
    ),
    "check_text": _NO_CHECKS,
    "check_media": _NO_CHECKS,
}
_ANY_RIGHT = {
    _ACCOUNT: (
        "Profiles are for verified service accounts (已认证的服务号), see "
        f"{ACCOUNT_RIGHTS_PAGE} > 网页授权获取用户基本信息. A silent sign-in has none."
    ),
    _PROGRAM: (
        "WeChat does not let the program make this call; which it may make stands at "
        f"{PROGRAM_RIGHTS_PAGE}."
    ),
    _MOBILE: f"Check that 微信登录 is granted: {MOBILE_PAGE} > 接口信息.",
}


def advice(row: Errcode, call: str, kind: str | None = None) -> str:
    """What the operator of an app of this kind reads about this call; `kind` may be
    None where it is not known."""
    kind = _KIND_OF.get(call, kind)
    if row.code == _BAD_CODE and kind == _PROGRAM:
        return _WRONG_PROGRAM
    if row.code == NO_RIGHT and (known := right(call, kind)):
        return known
    if row.code == _QUOTA and kind in (_ACCOUNT, _PROGRAM):
        return _quota(call, kind)
    return _elsewhere(row.operator, kind)


def right(call: str, kind: str | None) -> str:
    """What the app needs to make this call, and where; empty for a website app."""
    return _RIGHTS.get(call) or _ANY_RIGHT.get(kind or "", "")


def _quota(call: str, kind: str) -> str:
    if call == "program_code":
        return (
            "Of a mini program's codes WeChat draws 5 000 in a minute. Look for a loop."
        )
    return (
        "WeChat counts anew at midnight in China. `wxlogin doctor` shows the quota of "
        f"each call; it can be emptied ten times a month at {_PAGES[kind][1]} or by "
        "clear_quota. Ask whether something calls too often."
    )


def _elsewhere(text: str, kind: str | None) -> str:
    """The text of a website app, with the pages of this kind."""
    if kind not in _PAGES:
        return text
    page, rights = _PAGES[kind]
    return text.replace(ABILITIES_PAGE, rights).replace(APP_PAGE, page)
