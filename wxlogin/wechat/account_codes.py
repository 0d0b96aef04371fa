"""An official account's code with a scene of ours (带参数二维码).

WeChat makes it, and tells the address that is in it: the picture is drawn by whoever
shows it. The code is a temporary one, whose scene is a text. Its life is always sent,
since WeChat's own is a minute, and was half of one. The scene stands two levels deep in
the body; one level up it makes a code without one (developers.weixin.qq.com/doc/
service/api/qrcode/qrcodes/api_createqrcode).

Neither ticket nor address is a secret, and both are in the code that everybody sees.
"""

import re

from wxlogin.net.deadline import Deadline
from wxlogin.wechat.answers import Answer, garbled
from wxlogin.wechat.client import WeChat
from wxlogin.wechat.errors import Call
from wxlogin.wechat.question import AppCredentials, Question

#: Seconds that a temporary code may live.
LONGEST = 2_592_000
_SCENE = re.compile(r"[\w-]{1,64}", re.ASCII)
# `http://weixin.qq.com/q/…`; the simulator's is longer.
_ADDRESS = re.compile(r"https?://[!-~]{1,500}")


def account_code(
    wechat: WeChat,
    app: AppCredentials,
    token: str,
    scene: str,
    *,
    seconds: int,
    deadline: Deadline,
) -> str:
    """The address that the code with this scene holds, for so many seconds.

    Raises ValueError for what is no scene, `AppTokenStale`, `WeChatMisconfigured` (of
    an account that has no such codes with errcode 48001), `WeChatBusy` past the day's
    quota, `WeChatUnavailable`. Source: POST /cgi-bin/qrcode/create.
    """
    if not _SCENE.fullmatch(scene):
        raise ValueError("no scene: 1 to 64 letters, digits, - and _")

    def parse(data: Answer) -> str:
        url = data.get("url")
        if not isinstance(url, str) or not _ADDRESS.fullmatch(url):
            raise garbled("url")
        return url

    body = {
        "expire_seconds": max(1, min(seconds, LONGEST)),
        "action_name": "QR_STR_SCENE",
        "action_info": {"scene": {"scene_str": scene}},
    }
    query = {"access_token": token}
    return wechat.ask(Question(Call.ACCOUNT_CODE, app, query, body), parse, deadline)
