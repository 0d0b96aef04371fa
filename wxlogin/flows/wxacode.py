"""The picture of a mini program's code (小程序码), drawn by WeChat.

    picture = wxacode.picture(app, scene)
    picture.data, picture.mimetype

Each costs one of five thousand calls a minute, and whoever reloads a page asks again
(developers.weixin.qq.com/miniprogram/dev/server/API/qrcode-link/qr-code/
api_getunlimitedqrcode). So WeChat draws each scene once, and all workers show that.

What comes is decoded to its last pixel before it is kept: an error in a picture's
clothes, an empty body and half a JPEG are no codes, and the next visitor asks anew.
What all codes of the program have in common, such as a page that is not published, is
remembered for half a minute.
"""

from base64 import b64decode, b64encode
from dataclasses import dataclass, field, replace

from wxlogin import service
from wxlogin.config import App
from wxlogin.errors import WeChatMisconfigured, WxloginError
from wxlogin.flows.call_rests import Failure
from wxlogin.flows.credentials import with_token
from wxlogin.net.deadline import Deadline
from wxlogin.security.recoding import NoPicture, whole
from wxlogin.service import running
from wxlogin.tickets.once import Turn
from wxlogin.wechat import app_calls
from wxlogin.wechat.answers import no_picture
from wxlogin.wechat.app_calls import ProgramCode
from wxlogin.wechat.errors import Call

#: For how long a picture is kept, unless its user says otherwise: longer than any
#: scene is good for.
KEEP_SECONDS = 1920
FAILED_SECONDS = 30


@dataclass(frozen=True)
class Picture:
    """A code to scan, as WeChat drew it."""

    data: bytes = field(repr=False)
    mimetype: str


@dataclass(frozen=True)
class _Drawn(Turn):
    """A picture, as base64; empty while it is drawn."""

    data: str = field(default="", repr=False)
    mimetype: str = ""

    @property
    def picture(self) -> Picture:
        return Picture(b64decode(self.data), self.mimetype)


_drawn = service.once("wxacode", _Drawn, seconds=KEEP_SECONDS)
_failed = service.shelf("wxacode_failed", Failure, seconds=FAILED_SECONDS)


def picture(app: App, scene: str, *, seconds: float = KEEP_SECONDS) -> Picture:
    """The code that opens the app's `scan_page` with this scene.

    It is kept for `seconds`, which should be as long as the scene is good for. Raises
    `WeChatMisconfigured` where the operator has to act, `WeChatBusy` past WeChat's
    limit, `WeChatUnavailable` where no whole picture came, LoginPending where another
    request draws it for too long, and ValueError for what is no scene
    (`app_calls.is_scene`).
    """
    wanted = ProgramCode(scene, app.scan_page, app.env_version.value)
    key = "\x1f".join((app.appid, scene, wanted.page, wanted.env_version))

    def draw(turn: _Drawn) -> _Drawn:
        drawn = _draw(app, wanted)
        text = b64encode(drawn.data).decode()
        return replace(turn, data=text, mimetype=drawn.mimetype)

    return _drawn.made(key, _Drawn(), draw, seconds=seconds).picture


def _draw(app: App, wanted: ProgramCode) -> Picture:
    common = "\x1f".join((app.appid, wanted.page, wanted.env_version))
    if failure := _failed.get(common):
        raise failure.again(app)
    deadline = running().wechat.deadline()
    try:
        return _drawn_by_wechat(app, wanted, deadline)
    except WeChatMisconfigured as error:
        # The access token's own failures are remembered with it.
        if error.facts.get("call") == Call.PROGRAM_CODE:
            _failed.add(common, Failure.of(error))
        raise


def _drawn_by_wechat(app: App, wanted: ProgramCode, deadline: Deadline) -> Picture:
    wechat = running().wechat
    data = with_token(
        app,
        lambda token: app_calls.program_code(
            wechat, app, token, wanted, deadline=deadline
        ),
        deadline=deadline,
        asks=Call.PROGRAM_CODE,
    )
    try:
        return Picture(data, whole(data))
    except NoPicture:
        raise _not_whole(app, len(data)) from None


def _not_whole(app: App, length: int) -> WxloginError:
    error = no_picture(length)
    error.facts |= {"app": app.name, "call": Call.PROGRAM_CODE.value}
    return error
