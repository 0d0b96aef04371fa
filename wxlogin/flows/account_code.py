"""The picture of an official account's code: WeChat makes the code, and we draw it.

    picture = account_code.picture(app, scene, seconds=300)

Each scene costs one call of the day's quota, and whoever reloads a page asks again: so
it is made once, and all workers show that. What else goes wrong with all codes of an
account is remembered for half a minute, as wxacode.py does.

Only a verified service account has such codes. That WeChat refuses them for that reason
(48001) is remembered for an hour, after which it is asked once more: the account may
have been verified meanwhile. Who says so in APPS (`verified_service`) spares us that.
Every account has an ordinary code, which holds no scene and is not made by a call.
"""

import io
import math
import time
from dataclasses import dataclass, replace

import segno

from wxlogin import service
from wxlogin.config import App
from wxlogin.errors import NoServiceAccount, NotFound, WeChatMisconfigured
from wxlogin.flows.call_rests import Failure
from wxlogin.flows.credentials import with_token
from wxlogin.flows.wxacode import FAILED_SECONDS, Picture
from wxlogin.service import running
from wxlogin.tickets.once import Turn
from wxlogin.wechat import account_codes
from wxlogin.wechat.errcodes import NO_RIGHT
from wxlogin.wechat.errors import Call, errcode_of

#: How long it is remembered that an account has no codes with a scene.
REST_SECONDS = 3600

_WHY = (
    "only a verified service account (已认证的服务号) has codes with a scene (48001); "
    "people send a number instead, and with verified_service = false in its entry of "
    "APPS they do so everywhere"
)


@dataclass(frozen=True)
class _Made(Turn):
    """The address in a code; empty while WeChat makes it."""

    url: str = ""


@dataclass(frozen=True)
class _Rest:
    """An account to which WeChat gives no codes with a scene; asked again from `until`
    on, in seconds since 1970."""

    until: float


_rests = service.shelf("account_code_rest", _Rest, seconds=REST_SECONDS)
_made = service.once("account_code", _Made, seconds=1800)
_failed = service.shelf("account_code_failed", Failure, seconds=FAILED_SECONDS)


def has_none(app: App) -> bool:
    """Has this account no codes with a scene, as far as APPS or WeChat has said?"""
    if app.verified_service is not None:
        return not app.verified_service
    rest = _rests.get(app.appid)
    return rest is not None and rest.until > time.time()


def plain(app: App) -> Picture:
    """The account's ordinary code, which all people share. Raises NotFound where APPS
    does not say what stands in it."""
    if not app.plain_code:
        raise NotFound("the app has no plain_code", app=app.name)
    return drawn(app.plain_code)


def picture(app: App, scene: str, *, seconds: float, spare: float = 0) -> Picture:
    """The account's code with this scene, which is shown for so many seconds, and good
    for `spare` more.

    Raises NoServiceAccount where the account has none, as `account_codes.account_code`
    otherwise, and LoginPending where another request makes it for too long.
    """
    if has_none(app):
        raise NoServiceAccount(_WHY, app=app.name)

    def make(turn: _Made) -> _Made:
        return replace(turn, url=_make(app, scene, math.ceil(seconds + spare)))

    key = f"{app.appid}\x1f{scene}"
    return drawn(_made.made(key, _Made(), make, seconds=seconds).url)


def _make(app: App, scene: str, seconds: int) -> str:
    if failure := _failed.get(app.appid):
        raise failure.again(app)
    wechat = running().wechat
    deadline = wechat.deadline()
    try:
        return with_token(
            app,
            lambda token: account_codes.account_code(
                wechat, app, token, scene, seconds=seconds, deadline=deadline
            ),
            deadline=deadline,
            asks=Call.ACCOUNT_CODE,
        )
    except WeChatMisconfigured as error:
        # The access token's own failures are remembered with it.
        if error.facts.get("call") != Call.ACCOUNT_CODE:
            raise
        if errcode_of(error) == NO_RIGHT:
            _rests.take(app.appid)
            _rests.add(app.appid, _Rest(time.time() + REST_SECONDS))
            # Without the errcode, of which the table knows what it means for websites.
            rid = error.facts.get("rid")
            raise NoServiceAccount(_WHY, app=app.name, rid=rid) from None
        _failed.add(app.appid, Failure.of(error))
        raise


def drawn(url: str) -> Picture:
    """This address as a code to scan."""
    out = io.BytesIO()
    segno.make(url, error="m").save(out, kind="svg", scale=8, border=4, light="#fff")
    return Picture(out.getvalue(), "image/svg+xml")
