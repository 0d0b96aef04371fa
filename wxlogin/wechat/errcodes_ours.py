"""Errcodes that are about our settings and our requests: the operator's business."""

from wxlogin.wechat.errcode import (
    ABILITIES_PAGE,
    ACCOUNT_PAGE,
    APP_PAGE,
    NOTICES_PAGE,
    Action,
    Actor,
    Errcode,
    row,
)

_THIRD_PARTY = (
    "This belongs to third-party platforms; check that appid and secret are those "
    f"of a website app: {APP_PAGE}."
)

OURS: tuple[Errcode, ...] = (
    row(40002, "invalid grant_type\n", "grant_type is wrong", Action.BUG, seen=True),
    row(
        40013,
        "invalid appid",
        "WeChat does not know this appid",
        Action.CFG,
        f"Compare the appid in the settings, letter by letter, with {APP_PAGE}.",
        seen=True,
    ),
    row(40037, "invalid template_id", "not an error of logins", Action.BUG),
    row(
        40066,
        "invalid url",
        "the path is wrong",
        Action.BUG,
        "Check WECHAT_API_URL: it must be https://api.weixin.qq.com without a path.",
        actor=Actor.OPERATOR,
        seen=True,
    ),
    row(
        40125,
        "invalid appsecret",
        "the AppSecret is wrong, was reset, or is frozen",
        Action.CFG,
        "Nobody can sign in until this is mended. Open "
        f"{APP_PAGE} > AppSecret, see whether it is frozen or was reset, and put the "
        "new one into the settings.",
        seen=True,
    ),
    row(
        40164,
        "invalid ip, not in whitelist",
        "this server's address is not on the list of allowed ones",
        Action.CFG,
        f"Add the address WeChat names to {ACCOUNT_PAGE} > IP白名单.",
    ),
    row(
        40188,
        "invalid scope",
        "the scope is wrong for this app",
        Action.CFG,
        "Check that the app's kind in the settings is what it is in the console, and "
        f"that 微信登录 is granted: {ABILITIES_PAGE}.",
    ),
    row(
        40222,
        "invalid request idc domain",
        "the regional host is the wrong one",
        Action.CFG,
        "Set WECHAT_API_URL back to https://api.weixin.qq.com.",
    ),
    row(41001, "access_token missing", "a parameter is missing", Action.BUG),
    row(
        41002,
        "appid missing",
        "a parameter is missing",
        Action.BUG,
        f"The app has an empty appid in the settings; it stands at {APP_PAGE}.",
        actor=Actor.OPERATOR,
        seen=True,
    ),
    row(41003, "refresh_token missing", "a parameter is missing", Action.BUG),
    row(
        41004,
        "appsecret missing",
        "a parameter is missing",
        Action.BUG,
        "The app has an empty secret in the settings; make one at "
        f"{APP_PAGE} > AppSecret.",
        actor=Actor.OPERATOR,
    ),
    row(41005, "media data missing", "not an error of logins", Action.BUG),
    row(41006, "media_id missing", "not an error of logins", Action.BUG),
    row(41007, "sub_menu data missing", "not an error of logins", Action.BUG),
    row(41008, "missing code", "a parameter is missing", Action.BUG, seen=True),
    row(
        41009,
        "missing openid",
        "a parameter is missing (WeChat really answers 40001)",
        Action.BUG,
    ),
    row(43001, "require GET method", "the method is wrong", Action.BUG),
    row(43002, "require POST method", "the method is wrong", Action.BUG),
    row(
        43003,
        "require https",
        "plain http was used",
        Action.BUG,
        "Check WECHAT_API_URL: it must begin with https://.",
        actor=Actor.OPERATOR,
    ),
    row(
        45035,
        "",
        "this server's address is not allowed; third-party platforms",
        Action.CFG,
        _THIRD_PARTY,
    ),
    row(
        48001,
        "api unauthorized",
        "the scope does not allow this call (a silent or a snapshot login), or the "
        "app has lost the permission",
        Action.CFG,
        "Check that 微信登录 is granted and the yearly review is paid: "
        f"{ABILITIES_PAGE}.",
        seen=True,
    ),
    row(
        48004,
        "api forbidden",
        "WeChat has barred this app from the call",
        Action.CFG,
        f"Read why, and appeal, at {NOTICES_PAGE}.",
    ),
    row(
        61004,
        "",
        "this server's address is not allowed; third-party platforms",
        Action.CFG,
        _THIRD_PARTY,
    ),
    row(
        61023,
        "",
        "a refresh token of a third-party platform is wrong",
        Action.CFG,
        _THIRD_PARTY,
    ),
    row(61024, "", "of third-party platforms", Action.CFG, _THIRD_PARTY),
    row(
        89503,
        "",
        "this server's address waits for the administrator's confirmation",
        Action.CFG,
        "The administrator of the account confirms the address in WeChat, or adds it "
        f"to {ACCOUNT_PAGE} > IP白名单.",
    ),
)
