"""Names and pictures that people choose, judged by WeChat before others see them.

For a mini program that says `content_check`; WeChat's rules for programs ask for it
where people write what others read (developers.weixin.qq.com/miniprogram/dev/server/
API/sec-center/sec-check/api_msgseccheck).

- A name is judged before it is stored. Only what passes is: "review" asks for a human
  being, and nobody waits here to look. Where WeChat cannot be asked nothing is stored
  either, and the person is told to try again.
- A picture is fetched by WeChat from our own address, so it is stored first. The
  verdict is pushed to the program's message address within half an hour
  (flows/push_inbox.py), and a picture that did not pass is shown no more.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from wxlogin import service
from wxlogin.accounts import avatars
from wxlogin.config import App
from wxlogin.errors import ContentRefused, WxloginError
from wxlogin.flows.credentials import with_token
from wxlogin.net.deadline import Deadline
from wxlogin.observability import get_logger
from wxlogin.service import running
from wxlogin.wechat import app_calls
from wxlogin.wechat.app_calls import Verdict
from wxlogin.wechat.client import WeChat
from wxlogin.wechat.errors import Call

# Twice as long as WeChat says that a verdict takes.
_VERDICT_SECONDS = 3600
# Longer than our own call takes.
_EARLY_SECONDS = 300

R = TypeVar("R")


@dataclass(frozen=True)
class Shown:
    """A picture that a user has chosen: `source` is what stands in place of WeChat's
    address for it, `url` our address."""

    user_id: int
    source: str
    url: str


@dataclass(frozen=True)
class _Submitted:
    """What a verdict will be about."""

    user_id: int
    source: str


@dataclass(frozen=True)
class _Early:
    """A verdict may come before WeChat's answer to the question is read."""

    suggest: str


_submitted = service.shelf("content_trace", _Submitted, seconds=_VERDICT_SECONDS)
_early = service.shelf("content_early", _Early, seconds=_EARLY_SECONDS)


def name(app: App, openid: str, text: str) -> None:
    """Returns where this name of the person's may be shown, or nothing is checked.

    Raises ContentRefused, and what `with_token` raises.
    """
    if not app.content_check:
        return
    verdict = _asked(
        app,
        Call.CHECK_TEXT,
        lambda wechat, token, deadline: app_calls.judge_text(
            wechat, app, token, text, openid=openid, deadline=deadline
        ),
    )
    if verdict is not Verdict.fine:
        raise ContentRefused(
            f"WeChat advises against a name: {verdict.value}", app=app.name
        )


def picture(app: App, openid: str, shown: Shown) -> None:
    """Has WeChat look at the picture, where anything is checked. Never raises: the
    picture is stored already, and a fault is the operator's to read."""
    if not app.content_check:
        return
    try:
        trace = _asked(
            app,
            Call.CHECK_MEDIA,
            lambda wechat, token, deadline: app_calls.submit_picture(
                wechat, app, token, shown.url, openid=openid, deadline=deadline
            ),
        )
        key = f"{app.appid} {trace}"
        _submitted.add(key, _Submitted(shown.user_id, shown.source))
        if (before := _early.take(key)) is not None:
            judged(app.appid, trace, before.suggest)
    except WxloginError as error:
        get_logger().warning("picture not judged", why=error.operator, **error.facts)


def judged(appid: str, trace_id: str, suggest: str) -> None:
    """Takes WeChat's verdict over a picture: one that did not pass is shown no more,
    unless the person has another one by now.

    For who receives the program's pushes, and has made sure that they are WeChat's. It
    may be called again, and inside no transaction.
    """
    if not trace_id or suggest == Verdict.fine:
        return
    key = f"{appid} {trace_id}"
    # Each side writes before it looks, so one of the two sees the other.
    _early.add(key, _Early(suggest))
    about = _submitted.get(key)
    if about is None:
        return
    gone = avatars.keep(about.user_id, url=about.source, picture=None)
    get_logger().warning("picture taken down", appid=appid, gone=gone)


def _asked(app: App, asks: Call, ask: Callable[[WeChat, str, Deadline], R]) -> R:
    wechat = running().wechat
    deadline = wechat.deadline()
    return with_token(
        app, lambda token: ask(wechat, token, deadline), deadline=deadline, asks=asks
    )
