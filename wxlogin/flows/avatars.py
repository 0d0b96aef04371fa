"""A person's picture, taken from WeChat once and shown by us from then on.

No page and no API of ours points at a foreign host: WeChat's address of a picture
dies when its owner changes the picture, and its host would learn who looks at whom.
So the picture is fetched after a sign-in, off the request, and only where WeChat
named another address than the one we have been at. It neither delays a sign-in nor
fails it. What could not be fetched is tried again at the next sign-in.

What WeChat has no picture for, and what is no picture, is kept as "none".
"""

import re
from typing import cast

from flask import Flask, current_app

from wxlogin.accounts import avatars
from wxlogin.accounts.people import KnownIdentity
from wxlogin.accounts.person import Profile
from wxlogin.config import Settings
from wxlogin.errors import WxloginError
from wxlogin.flows.background import Background
from wxlogin.net.deadline import Deadline
from wxlogin.observability import get_logger
from wxlogin.security.recoding import NoPicture, square_jpeg
from wxlogin.service import running
from wxlogin.wechat.pictures import SIDE, Pictures

# People who may wait for their picture in one process.
WAITING = 64
_JOBS = "wxlogin.avatars"


def after_sign_in(
    user_id: int, *, profile: Profile | None, known: KnownIdentity | None
) -> None:
    """Has the picture fetched if it is due. No statement, no waiting, no error.

    `profile` is what this sign-in brought, `known` what was on record before it.
    """
    url = (profile and profile.avatar) or (known and known.avatar)
    if not url or (known and known.picture_source == avatars.source_of(url)):
        return
    jobs().put(user_id)


def fetch_anew(user_id: int, *, deadline: Deadline) -> None:
    """Fetches the picture whether we have been there or not, and waits for it.

    For a person who asked for it. A fault leaves the picture there was.
    """
    found = avatars.on_record(user_id)
    if found:
        _fetch(user_id, found.url, deadline)


def picture_url(settings: Settings, user_id: int, uid: str) -> str | None:
    """The whole address of the user's picture, for sites; None for no picture."""
    version = avatars.version_of(user_id)
    return f"{settings.public_url}/avatars/{uid}?v={version}" if version else None


def fetchable(settings: Settings, url: str) -> str | None:
    """The address at which we fetch this picture; None for one that we never do.

    WeChat's own hosts speak https, though old answers, and tables made of them, say
    http.
    """
    secure = re.sub(r"\Ahttp://(?=[a-z]+\.qlogo\.cn/)", "https://", url)
    return secure if _pictures_of(settings).admits(secure) else None


def jobs() -> Background[int]:
    """The pictures that this process has yet to fetch."""
    made = current_app.extensions.get(_JOBS)
    if made is None:
        app = cast(Flask, current_app._get_current_object())  # type: ignore[attr-defined]
        work = Background[int]("avatars", lambda key: _work(app, key), limit=WAITING)
        # Of two requests that come here at once, both get the first one's.
        made = current_app.extensions.setdefault(_JOBS, work)
    return cast("Background[int]", made)


def _work(app: Flask, user_id: int) -> None:
    with app.app_context():
        found = avatars.on_record(user_id)
        if found and not found.fetched:
            _fetch(user_id, found.url, running().wechat.deadline())


def _fetch(user_id: int, url: str, deadline: Deadline) -> None:
    try:
        picture = fetch_picture(url, deadline=deadline)
    except WxloginError as error:
        get_logger().warning("picture not fetched", why=error.operator, **error.facts)
        return
    avatars.keep(user_id, url=url, picture=picture)


def fetch_picture(url: str, *, deadline: Deadline) -> bytes | None:
    """A JPEG of our own making, or None where there is no picture.

    Raises WeChatUnavailable where trying again later may help.
    """
    pictures = _pictures()
    if not pictures.admits(url):
        get_logger().warning("picture from elsewhere", url=url[:80])
    return _ours(pictures.fetch(url, deadline=deadline))


def _ours(data: bytes | None) -> bytes | None:
    if data is None:
        return None
    try:
        return square_jpeg(data, SIDE)
    except NoPicture as error:
        get_logger().warning("picture refused", why=str(error), size=len(data))
        return None


def _pictures() -> Pictures:
    return _pictures_of(running().settings)


def _pictures_of(settings: Settings) -> Pictures:
    return Pictures(simulator=settings.simulator_url if settings.simulated else "")
