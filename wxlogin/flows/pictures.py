"""The picture of a person who has no account (yet), for the pages of a first visit.

It is fetched once, beside the request that brought WeChat's answer, and waits with
that answer in the ticket store: whoever looks at the page or at the site's code, and
however often, has nothing fetched and nothing decoded. Who looks before it has come
waits for a moment. What could not be fetched is no picture: a page is whole without.
"""

from base64 import b64decode, b64encode
from typing import NamedTuple, cast

from flask import Flask, current_app

from wxlogin.errors import WxloginError
from wxlogin.flows import avatars
from wxlogin.flows.background import Background
from wxlogin.observability import get_logger
from wxlogin.service import running

KIND = "picture"
#: Seconds that a page waits for a picture which is on its way.
PATIENCE = 2.0
# First visits that may wait for their picture in one process.
WAITING = 64
_JOBS = "wxlogin.pictures"


class _Job(NamedTuple):
    """One picture to fetch, for the answer that waits under this key."""

    key: str
    url: str
    seconds: int


def fetch(key: str, url: str, *, seconds: int) -> None:
    """Has the picture at WeChat's address fetched, to be kept for `seconds`.

    `key` is the secret one of the answer that waits. Waits for nothing.
    """
    if not jobs().put(_Job(key, url, seconds)):
        _keep(key, None, seconds)


def kept(key: str) -> bytes | None:
    """A JPEG of our own making, or None for none. For who has had it fetched."""
    found = running().tickets.wait(KIND, key, version=0, timeout=PATIENCE)
    return b64decode(found.value) or None if found else None


def forget(key: str) -> None:
    running().tickets.take(KIND, key)


def jobs() -> Background[_Job]:
    """The pictures that this process has yet to fetch."""
    made = current_app.extensions.get(_JOBS)
    if made is None:
        app = cast(Flask, current_app._get_current_object())  # type: ignore[attr-defined]
        work = Background[_Job]("pictures", lambda job: _work(app, job), limit=WAITING)
        # Of two requests that come here at once, both get the first one's.
        made = current_app.extensions.setdefault(_JOBS, work)
    return cast("Background[_Job]", made)


def _work(app: Flask, job: _Job) -> None:
    with app.app_context():
        _keep(job.key, _fetched(job.url), job.seconds)


def _fetched(url: str) -> bytes | None:
    try:
        return avatars.fetch_picture(url, deadline=running().wechat.deadline())
    except WxloginError as error:
        get_logger().warning("picture not fetched", why=error.operator, **error.facts)
        return None


def _keep(key: str, picture: bytes | None, seconds: int) -> None:
    tickets = running().tickets
    tickets.add(KIND, key, b64encode(picture or b"").decode(), ttl=seconds)
    tickets.notify(KIND, key)
