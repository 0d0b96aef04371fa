"""Real User-Agent strings (ids shortened), and where each page is open.

Those of Tencent's clients were collected from public reports; their format is
documented nowhere.
"""

from wxlogin.wechat.user_agents import Surroundings as S

_IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_2_1 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Mobile/15E148"
)
_ANDROID = (
    "Mozilla/5.0 (Linux; Android 10; ONEPLUS A5000 Build/QKQ1.191014.012; wv) "
    "AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/111.0.5563.116 Mobile "
    "Safari/537.36"
)
_WINDOWS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/132.0.0.0 Safari/537.36"
)
_MAC = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like "
    "Gecko) Chrome/144.0.0.0 Safari/537.36"
)
WECHAT_IPHONE = (
    f"{_IPHONE} MicroMessenger/8.0.76(0x18004c24) NetType/WIFI Language/zh_CN"
)
WECHAT_ANDROID = (
    f"{_ANDROID} XWEB/1110005 MMWEBSDK/20230805 MMWEBID/4650 "
    "MicroMessenger/8.0.42.2460(0x28002A58) WeChat/arm64 Weixin NetType/WIFI "
    "Language/zh_CN ABI/arm64"
)

# What follows the system in every browser of HarmonyOS.
_ARK = (
    "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/132.0.0.0 Safari/537.36 "
    "ArkWeb/6.1.0.115"
)
_HUAWEI = "HuaweiBrowser/6.1.7.302"

USER_AGENTS: dict[str, tuple[str, S]] = {
    "wechat iphone": (WECHAT_IPHONE, S.wechat_phone),
    "wechat android": (WECHAT_ANDROID, S.wechat_phone),
    "wechat ipad": (
        "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, "
        "like Gecko) Mobile/15E148 MicroMessenger/8.0.42(0x18002a2c) NetType/WIFI",
        S.wechat_phone,
    ),
    "wechat harmony": (
        "Mozilla/5.0 (Phone; OpenHarmony 5.0) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/114.0.0.0 Safari/537.36 ArkWeb/4.1.6.1 Mobile "
        "MicroMessenger/8.0.7(0xf4100733) NetType/WIFI",
        S.wechat_phone,
    ),
    "wechat devtools": (
        f"{_IPHONE} wechatdevtools/1.06.2405020 MicroMessenger/8.0.5 Language/zh_CN",
        S.wechat_phone,
    ),
    "wechat windows": (
        f"{_WINDOWS} NetType/WIFI MicroMessenger/7.0.20.1781(0x6700143B) "
        "WindowsWechat(0x63090a13) UnifiedPCWindowsWechat(0xf2541022) XWEB/16467 Flue",
        S.wechat_desktop,
    ),
    "wechat mac, older": (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, "
        "like Gecko) MicroMessenger/6.8.0(0x16080000) MacWechat/3.3(0x13030013) "
        "NetType/WIFI WindowsWechat",
        S.wechat_desktop,
    ),
    "wechat mac, newer": (
        f"{_MAC} MicroMessenger/7.0.20.1781(0x6700143B) NetType/WIFI "
        "MiniProgramEnv/Mac MacWechat/WMPF MacWechat/3.8.7(0x13080712) "
        "UnifiedPCMacWechat(0xf2641c1d) XWEB/25300",
        S.wechat_desktop,
    ),
    "wechat linux": (
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/132.0.0.0 Safari/537.36 MicroMessenger/7.0.20.1781(0x6700143B) "
        "NetType/WIFI UnifiedPCLinuxWechat(0xf2741104)",
        S.wechat_desktop,
    ),
    "mini program iphone": (
        f"{WECHAT_IPHONE} miniProgram/wx0123456789abcdef",
        S.mini_program,
    ),
    "mini program android": (
        f"{WECHAT_ANDROID} miniProgram/wx0123456789abcdef",
        S.mini_program,
    ),
    "mini program windows": (
        f"{_WINDOWS} MicroMessenger/7.0.20.1781(0x6700143B) NetType/WIFI "
        "MiniProgramEnv/Windows WindowsWechat/WMPF WindowsWechat(0x63090a13) "
        "UnifiedPCWindowsWechat(0xf254162e) XWEB/18163 miniProgram/wx0123456789abcdef",
        S.mini_program,
    ),
    "wecom iphone": (
        f"{_IPHONE} wxwork/4.1.30 MicroMessenger/7.0.1 Language/zh ColorScheme/Light "
        "wwmver/3.26.13.714",
        S.wecom_phone,
    ),
    "wecom android": (
        f"{_ANDROID} wxwork/4.1.22 MicroMessenger/7.0.1 NetType/WIFI Language/zh",
        S.wecom_phone,
    ),
    "wecom windows": (
        f"{_WINDOWS} Language/zh wxwork/4.1.10 (MicroMessenger/6.2) WindowsWechat "
        "MailPlugin_Electron WeMail embeddisk",
        S.wecom_desktop,
    ),
    "wecom mac": (
        f"{_MAC} wxworklocal/2.8.10 wxwork/4.1.10 MicroMessenger/6.2 MacWechat",
        S.wecom_desktop,
    ),
    "safari iphone": (
        f"{_IPHONE.replace('Mobile', 'Version/17.2 Mobile')} Safari/604.1",
        S.phone,
    ),
    "chrome android": (_ANDROID.replace("; wv", ""), S.phone),
    "chrome iphone": (f"{_IPHONE} CriOS/120.0.6099.119 Safari/604.1", S.phone),
    "huawei": (
        "Mozilla/5.0 (Linux; Android 12; HarmonyOS; NOH-AN00; HMSCore 6.13.0.302) "
        "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/99.0.4844.88 "
        "HuaweiBrowser/14.0.2.311 Mobile Safari/537.36",
        S.phone,
    ),
    "harmony computer": (
        f"Mozilla/5.0 (PC; OpenHarmony 6.1; Windows NT 10.0) {_ARK} {_HUAWEI}",
        S.desktop,
    ),
    "harmony computer, alone": (
        f"Mozilla/5.0 (PC; OpenHarmony 5.0) {_ARK}",
        S.desktop,
    ),
    "harmony computer, forward compatible": (
        f"Mozilla/5.0 (PC; OpenHarmony 6.0; Android 10) {_ARK} Mobile {_HUAWEI}",
        S.desktop,
    ),
    "harmony computer, named as the product": (
        f"Mozilla/5.0 (PC; HarmonyOS 6.0; HarmonyOS 6.0) {_ARK}",
        S.desktop,
    ),
    "harmony computer, another order": (
        f"Mozilla/5.0 (X11; OpenHarmony 5.1; PC) {_ARK}",
        S.desktop,
    ),
    "harmony two in one": (f"Mozilla/5.0 (2in1; OpenHarmony 5.1) {_ARK}", S.desktop),
    "harmony computer, lower case": (
        f"Mozilla/5.0 ( pc ;openharmony 5.1) {_ARK}",
        S.desktop,
    ),
    "wechat harmony computer": (
        f"Mozilla/5.0 (PC; OpenHarmony 6.0) {_ARK} MicroMessenger/8.0.9.39(0xf3100927)"
        " Weixin NetType/WIFI Language/zh_CN",
        S.wechat_desktop,
    ),
    "wecom harmony computer": (
        f"Mozilla/5.0 (PC; OpenHarmony 6.0) {_ARK} wxwork/5.0.0 MicroMessenger/7.0.1",
        S.wecom_desktop,
    ),
    "harmony phone": (
        f"Mozilla/5.0 (Phone; OpenHarmony 5.0) {_ARK} Mobile {_HUAWEI}",
        S.phone,
    ),
    "harmony phone, with Android": (
        f"Mozilla/5.0 (Phone; OpenHarmony 6.0; Android 10) {_ARK} Mobile {_HUAWEI}",
        S.phone,
    ),
    "harmony tablet": (f"Mozilla/5.0 (Tablet; OpenHarmony 5.0) {_ARK}", S.phone),
    "harmony tablet, with Android": (
        f"Mozilla/5.0 (Tablet; OpenHarmony 6.0; Android 10) {_ARK} {_HUAWEI}",
        S.phone,
    ),
    "harmony app that names a PC": (
        f"Mozilla/5.0 (Phone; OpenHarmony 5.0) {_ARK} Mobile Link/PC (PC; companion)",
        S.phone,
    ),
    "wechat harmony tablet": (
        f"Mozilla/5.0 (Tablet; OpenHarmony 6.0) {_ARK} MicroMessenger/8.0.9.39 Weixin",
        S.wechat_phone,
    ),
    "uc": (f"{_ANDROID} UCBrowser/16.1.0.1280", S.phone),
    "qq browser": (f"{_ANDROID} MQQBrowser/14.1", S.phone),
    "qq": (f"{_IPHONE} QQ/8.9.85.618 V1_IPH_SQ_8.9.85 NetType/WIFI", S.phone),
    "alipay": (f"{_IPHONE} AlipayClient/10.5.50.6000 Language/zh-Hans", S.phone),
    "weibo": (f"{_IPHONE} Weibo (iPhone13,2__weibo__13.12.2)", S.phone),
    "android tablet": (_ANDROID.replace(" Mobile", "").replace("; wv", ""), S.phone),
    "ipad": (
        "Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, "
        "like Gecko) Version/12.1.2 Mobile/15E148 Safari/604.1",
        S.phone,
    ),
    "chrome windows": (_WINDOWS, S.desktop),
    "edge windows": (f"{_WINDOWS} Edg/132.0.0.0", S.desktop),
    "chrome mac": (_MAC, S.desktop),
    "safari mac": (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, "
        "like Gecko) Version/17.2 Safari/605.1.15",
        S.desktop,
    ),
    "firefox linux": (
        "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0",
        S.desktop,
    ),
    "360": (f"{_WINDOWS} QIHU 360SE", S.desktop),
    "none": ("", S.desktop),
    "a program": ("curl/8.5.0", S.desktop),
}
