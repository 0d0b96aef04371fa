"""Pages of Tencent's consoles, as an operator finds them through the menus.

Those of the errcodes are in `wxlogin.wechat.errcode`. Tencent renames menus now and
then; the last part of each path is the name of the field to look for.
"""

from wxlogin.config import AppKind
from wxlogin.wechat.errcode import ABILITIES_PAGE, ACCOUNT_PAGE, APP_PAGE

__all__ = ["ABILITIES_PAGE", "BINDING_PAGE", "DOMAIN_PAGES", "SECRET_PAGES"]

_MOBILE_PAGE = "open.weixin.qq.com > 管理中心 > 移动应用 > 查看"

#: Where the callback domain is entered. The path on mp.weixin.qq.com is not in the
#: protocol's documents; the field's name is.
DOMAIN_PAGES = {
    AppKind.website: f"{APP_PAGE} > 开发信息 > 授权回调域",
    AppKind.official_account: "mp.weixin.qq.com > 设置与开发 > 功能设置 > 网页授权域名",
}

#: Where an app's AppID and AppSecret are.
SECRET_PAGES = {
    AppKind.website: f"{APP_PAGE} > AppSecret",
    AppKind.official_account: ACCOUNT_PAGE,
    AppKind.mini_program: "mp.weixin.qq.com > 开发管理 > 开发设置 > AppSecret",
    AppKind.mobile: f"{_MOBILE_PAGE} > AppSecret",
}

#: Where apps are bound to an open-platform account, so that they share unionids.
BINDING_PAGE = "open.weixin.qq.com > 管理中心"
