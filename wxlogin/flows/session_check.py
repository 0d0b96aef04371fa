"""Does WeChat's session key of a mini program's person still live?

The phone's own wx.checkSession tells of the key that belongs to the last code on that
phone, which our server may never have seen. Here WeChat is asked about the newest key
that we hold (developers.weixin.qq.com/miniprogram/dev/server/API/user-login/
api_checksessionkey). That takes an access token, and our own session takes nothing of
WeChat's: where WeChat cannot be asked, the answer is "unknown", and no error.
"""

from enum import StrEnum

from wxlogin.errors import WxloginError
from wxlogin.flows.credentials import with_token
from wxlogin.flows.open_data import Sender
from wxlogin.observability import get_logger
from wxlogin.service import running
from wxlogin.wechat import app_calls
from wxlogin.wechat.errors import Call


class KeyState(StrEnum):
    """What has become of a session key."""

    live = "live"
    #: Data that is made from now on needs a new one: wx.login, and its code to us.
    over = "over"
    unknown = "unknown"


def key_state(sender: Sender) -> KeyState:
    """Whether data that the sender's WeChat makes now can be read here."""
    if not sender.keys:
        return KeyState.over
    wechat, app = running().wechat, sender.app
    newest, deadline = sender.keys[0], wechat.deadline()
    try:
        alive = with_token(
            app,
            lambda token: app_calls.is_key_alive(
                wechat, app, token, newest, openid=sender.openid, deadline=deadline
            ),
            deadline=deadline,
            asks=Call.CHECK_SESSION,
        )
    except WxloginError as error:
        get_logger().warning("session key not checked", why=error.operator)
        return KeyState.unknown
    return KeyState.live if alive else KeyState.over
