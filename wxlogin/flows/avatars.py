"""A person's picture, taken from WeChat once and shown by us from then on.

No page and no API of ours points at a foreign host: WeChat's address of a picture
dies when its owner changes the picture, and its host would learn who looks at whom.
So the picture is fetched after a sign-in, off the request, and only where WeChat
named another address than the one we have been at. It neither delays a sign-in nor
fails it. What could not be fetched is tried again at the next sign-in; where the host
is out of reach, at one a little later. What WeChat has no picture for, and what is no
picture, is kept as "none" (`accounts.avatars`).

A person who has no account (yet) is shown the picture on the pages of a first visit. It
is fetched once, beside the request that brought WeChat's answer, and waits with that
answer in the ticket store: whoever looks at the page or at the site's code, and
however often, has nothing fetched and nothing decoded. Who looks before it has come
waits for a moment. What could not be fetched is no picture: a page is whole without.
So it is with a WeChat on an account that shows another one's picture (flows/wechats).
"""

import re
from base64 import b64decode, b64encode
from typing import NamedTuple

from wxlogin.accounts import avatars
from wxlogin.accounts.people import KnownIdentity
from wxlogin.accounts.person import Profile
from wxlogin.config import Settings
from wxlogin.config.outbound import proxy_of
from wxlogin.errors import BadRequest, WxloginError
from wxlogin.flows.background import Background, jobs_of
from wxlogin.net.deadline import Deadline
from wxlogin.observability import get_logger
from wxlogin.security.recoding import (
    LEAST_SIDE,
    MOST_PIXELS_OF_PHOTO,
    NoPicture,
    square_jpeg,
)
from wxlogin.service import running
from wxlogin.wechat.avatars import SIDE, AvatarHosts

KIND = "picture"
#: Seconds that a page waits for a picture which is on its way.
PATIENCE = 2.0
#: For how many seconds no picture is fetched once their host was out of reach.
REST_SECONDS = 30.0
# How many pictures may wait to be fetched in one process, of either sort.
WAITING = 64


class _Waiting(NamedTuple):
    """One picture to fetch, for the answer that waits under this key."""

    key: str
    url: str
    seconds: int


def after_sign_in(
    user_id: int, *, profile: Profile | None, known: KnownIdentity | None
) -> None:
    """Has the picture fetched if it is due. No statement, no waiting, no error.

    `profile` is what this sign-in brought, `known` what was on record before it.
    """
    url = (profile and profile.avatar) or (known and known.avatar)
    if not url or avatars.is_chosen(url):
        return
    if known and known.picture_source == avatars.source_of(url):
        return
    jobs().put(user_id)


def fetch_anew(user_id: int, *, deadline: Deadline) -> None:
    """Fetches the picture whether we have been there or not, and waits for it.

    For a person who asked for it. A fault leaves the picture there was.
    """
    found = avatars.on_record(user_id)
    if found:
        _fetch(user_id, found.url, deadline)


def fetchable(settings: Settings, url: str) -> str | None:
    """The address at which we fetch this picture; None for one that we never do.

    WeChat's own hosts speak https, though old answers, and tables made of them, say
    http.
    """
    secure = re.sub(r"\Ahttp://(?=[a-z]+\.qlogo\.cn/)", "https://", url)
    return secure if _hosts(settings).admits(secure) else None


def hold(key: str, url: str, *, seconds: int) -> None:
    """Has the picture at WeChat's address fetched, to be held for `seconds`.

    `key` is the secret one of the answer that waits. Waits for nothing.
    """
    if not waiting_jobs().put(_Waiting(key, url, seconds)):
        _hold(key, None, seconds)


def held(key: str) -> bytes | None:
    """A JPEG of our own making, or None for none. For who has had it fetched."""
    found = running().tickets.wait(KIND, key, version=0, timeout=PATIENCE)
    return b64decode(found.value) or None if found else None


def look(key: str, url: str, *, seconds: int) -> bytes | None:
    """The same, fetched for the first who looks and held for `seconds`."""
    if running().tickets.get(KIND, key) is None:
        hold(key, url, seconds=seconds)
    return held(key)


def forget(key: str) -> None:
    running().tickets.take(KIND, key)


def chosen(file: bytes) -> bytes:
    """The picture in a file that a person sent, as a JPEG of ours.

    What it is shows in its content; what its sender calls it is not asked for. Raises
    BadRequest for what is no picture.
    """
    try:
        return square_jpeg(file, SIDE, most=MOST_PIXELS_OF_PHOTO)
    except NoPicture as error:
        get_logger().warning("picture refused", why=str(error), size=len(file))
        raise BadRequest(
            f"the file is no picture that is taken: a still JPEG or PNG, {LEAST_SIDE} "
            f"pixels wide and high or more, {MOST_PIXELS_OF_PHOTO} in all or fewer"
        ) from None


def jobs() -> Background[int]:
    """The pictures of users that this process has yet to fetch."""
    return jobs_of("avatars", _work, limit=WAITING)


def waiting_jobs() -> Background[_Waiting]:
    """Those that are held for a while."""
    return jobs_of("pictures", _work_waiting, limit=WAITING)


def _work(user_id: int) -> None:
    found = avatars.on_record(user_id)
    if found and not found.fetched:
        _fetch(user_id, found.url, running().wechat.deadline())


def _fetch(user_id: int, url: str, deadline: Deadline) -> None:
    try:
        picture = _fetched(url, deadline)
    except WxloginError as error:
        _not_fetched(error)
        if error.facts.get("sent") is False:
            jobs().rest(REST_SECONDS)
    else:
        avatars.keep(user_id, url=url, picture=picture)


def _work_waiting(job: _Waiting) -> None:
    picture = None
    try:
        picture = _fetched(job.url, running().wechat.deadline())
    except WxloginError as error:
        _not_fetched(error)
    _hold(job.key, picture, job.seconds)


def _hold(key: str, picture: bytes | None, seconds: int) -> None:
    tickets = running().tickets
    tickets.add(KIND, key, b64encode(picture or b"").decode(), ttl=seconds)
    tickets.notify(KIND, key)


def _not_fetched(error: WxloginError) -> None:
    get_logger().warning("picture not fetched", why=error.operator, **error.facts)


def _fetched(url: str, deadline: Deadline) -> bytes | None:
    """A JPEG of our own making, or None where there is no picture.

    Raises WeChatUnavailable where trying again later may help.
    """
    hosts = _hosts(running().settings)
    if not hosts.admits(url):
        get_logger().warning("picture from elsewhere", url=url[:80])
    data = hosts.fetch(url, deadline=deadline)
    try:
        return data and square_jpeg(data, SIDE)
    except NoPicture as error:
        get_logger().warning("picture refused", why=str(error), size=len(data or b""))
        return None


def _hosts(settings: Settings) -> AvatarHosts:
    return AvatarHosts(
        simulator=settings.simulator_url if settings.simulated else "",
        proxy=proxy_of(settings),
    )
