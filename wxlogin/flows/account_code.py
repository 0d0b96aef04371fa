"""The picture of an official account's code: WeChat makes the code, and we draw it.

    picture = account_code.picture(app, scene, seconds=300)

Each scene costs one call of the day's quota, and whoever reloads a page asks again: so
it is made once, and all workers show that. That an account may have none (48001: not a
verified service account) is remembered for half a minute, as wxacode.py does.
"""

import io
import math
from dataclasses import dataclass, replace

import segno

from wxlogin import service
from wxlogin.config import App
from wxlogin.errors import WeChatMisconfigured
from wxlogin.flows.credentials import Failure, with_token
from wxlogin.flows.wxacode import FAILED_SECONDS, Picture
from wxlogin.service import running
from wxlogin.tickets.once import Turn
from wxlogin.wechat import account_codes
from wxlogin.wechat.errors import Call


@dataclass(frozen=True)
class _Made(Turn):
    """The address in a code; empty while WeChat makes it."""

    url: str = ""


_made = service.once("account_code", _Made, seconds=1800)
_failed = service.shelf("account_code_failed", Failure, seconds=FAILED_SECONDS)


def picture(app: App, scene: str, *, seconds: float) -> Picture:
    """The account's code with this scene, which is good for so many seconds.

    Raises as `account_codes.account_code`, and LoginPending where another request
    makes it for too long.
    """

    def make(turn: _Made) -> _Made:
        return replace(turn, url=_make(app, scene, math.ceil(seconds)))

    key = f"{app.appid}\x1f{scene}"
    return _drawn(_made.made(key, _Made(), make, seconds=seconds).url)


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
        )
    except WeChatMisconfigured as error:
        # The access token's own failures are remembered with it.
        if error.facts.get("call") == Call.ACCOUNT_CODE:
            _failed.add(app.appid, Failure.of(error))
        raise


def _drawn(url: str) -> Picture:
    out = io.BytesIO()
    segno.make(url, error="m").save(out, kind="svg", scale=8, border=4, light="#fff")
    return Picture(out.getvalue(), "image/svg+xml")
