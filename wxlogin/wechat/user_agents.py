"""Where a page is open: which of Tencent's clients, or an ordinary browser.

Tencent documents no format; the rules are read off real User-Agent strings and
their order matters. WeCom names MicroMessenger too, a mini program's web-view ends
in `miniProgram/<appid>` (a case-blind search would also hit `MiniProgramEnv`,
which every page in a desktop client has), and old Mac clients call themselves
WindowsWechat as well. Desktop clients name an old MicroMessenger version, so no
feature is ever decided by the version.

HarmonyOS says first what it runs on: `(Phone; OpenHarmony 5.0)`, `(Tablet; …)`, and
`(PC; …)` for computers (developer.huawei.com, "Default User-Agent"). A further name
may follow for old sites, `Windows NT 10.0` or `Android 10`, and is not believed.
"""

import re
from enum import StrEnum


class Surroundings(StrEnum):
    """Where the visitor's page is open."""

    wecom_phone = "wecom_phone"
    wecom_desktop = "wecom_desktop"
    mini_program = "mini_program"
    wechat_phone = "wechat_phone"
    wechat_desktop = "wechat_desktop"
    phone = "phone"
    desktop = "desktop"

    @property
    def in_wechat(self) -> bool:
        """Does WeChat open its consent sheet for pages here?"""
        return self in (Surroundings.wechat_phone, Surroundings.wechat_desktop)


_WECOM = re.compile(r"wxwork", re.I)
_WECHAT = re.compile(r"MicroMessenger|wechatdevtools", re.I)
_MINI_PROGRAM = re.compile(r"miniProgram/")
_DESKTOP_CLIENT = re.compile(r"MacWechat|WindowsWechat|UnifiedPC\w+Wechat", re.I)
_PHONE = re.compile(
    r"iPhone|iPod|Android|HarmonyOS|OpenHarmony|Mobile|Windows Phone|BlackBerry", re.I
)
_HARMONY_COMPUTER = re.compile(
    r"\(\s*(?:PC|2in1)\s*;[^)]*Harmony|\([^)]*Harmony[^)]*;\s*(?:PC|2in1)\s*[;)]", re.I
)
_TABLET = re.compile(r"iPad|Tablet", re.I)


def surroundings(user_agent: str) -> Surroundings:
    """What this User-Agent tells. An unknown or empty one is a desktop browser."""
    on_computer = bool(_HARMONY_COMPUTER.search(user_agent))
    on_phone = not on_computer and bool(
        _PHONE.search(user_agent) or _TABLET.search(user_agent)
    )
    if _WECOM.search(user_agent):
        return Surroundings.wecom_phone if on_phone else Surroundings.wecom_desktop
    if _MINI_PROGRAM.search(user_agent):
        return Surroundings.mini_program
    if _WECHAT.search(user_agent):
        if on_computer or _DESKTOP_CLIENT.search(user_agent):
            return Surroundings.wechat_desktop
        return Surroundings.wechat_phone
    return Surroundings.phone if on_phone else Surroundings.desktop
