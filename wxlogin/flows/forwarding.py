"""What is none of ours goes to another system of the operator's, and its answer back.

For an account that had a server before: that one goes on as if WeChat asked it. Tencent
has no such thing; what a server of an account's hears and may answer is in developers.
weixin.qq.com/doc/oplatform/developers/dev/push/.

- With a `forward_token` the push is signed anew, and sealed anew where there is a
  `forward_aes_key`: the other system can then read what it gets, and write nothing to
  us. Without one it has the app's own, and the request is passed on as it came, query
  and body byte for byte.
- Its answer is read here, and is sealed again for each delivery of WeChat's. What
  WeChat would not read, anything but status 200, and what is late or too long is
  silence: the person never reads that the account is out of order for its sake.
- A push is passed on once, however often it is delivered; who asks meanwhile waits. So
  two services that pass on to each other stop, too.
- No more than a quarter of the threads wait for such systems at a time. Beyond that it
  is silence at once: people sign in here.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import BoundedSemaphore
from urllib.parse import urlencode

from flask import current_app

from wxlogin import service
from wxlogin.config import App
from wxlogin.config.outbound import proxy_of
from wxlogin.errors import PushRefused, PushUnreadable, Unready
from wxlogin.net import outgoing
from wxlogin.net.deadline import Deadline
from wxlogin.observability import get_logger
from wxlogin.service import running
from wxlogin.tickets.shelf import Kept
from wxlogin.wechat import push_envelope, pushes
from wxlogin.wechat.push_envelope import Delivery, PushKeys
from wxlogin.wechat.pushes import Push

#: Bytes of an answer; the longest reply of WeChat's is a fraction.
MOST_BYTES = 32 * 1024
#: Threads that wait at a time, where nobody says how many there are.
AT_ONCE = 4
#: Longer than WeChat's last delivery of a push may take.
_REMEMBERED_SECONDS = 120
_EXTENSION = "wxlogin.forwarding"


@dataclass(frozen=True)
class _Answer(Kept):
    """What the other system said; `message` is empty for silence."""

    done: bool = False
    message: str = field(default="", repr=False)


_answers = service.shelf("forwarded", _Answer, seconds=_REMEMBERED_SECONDS)


def reply_of(
    app: App, delivery: Delivery, push: Push, *, deadline: Deadline
) -> bytes | None:
    """The other system's reply to this push, not sealed, and the same for each delivery
    of it; None for silence. Never raises for what it does."""
    try:
        return _once(app, delivery, push, deadline)
    except Unready as error:
        get_logger().warning("not forwarded", app=app.name, why=error.operator)
        return None


def _once(app: App, delivery: Delivery, push: Push, deadline: Deadline) -> bytes | None:
    key = f"{app.appid}\x1f{push.digest.hex()}"
    if not _answers.add(key, _Answer()):
        found = _answers.wait(key, version=1, timeout=deadline.remaining())
        return found.message.encode() if found and found.message else None
    said = _asked(app, delivery, push, deadline)
    done = _Answer(done=True, message=said.decode(), key=key, version=1)
    _answers.swap(done)
    _answers.notify(key)
    return said or None


def _asked(app: App, delivery: Delivery, push: Push, deadline: Deadline) -> bytes:
    """Its reply; empty for silence."""
    with _seat() as is_free:
        if not is_free:
            get_logger().warning("not forwarded", app=app.name, why="too many wait")
            return b""
        answer = _sent(app, delivery, push, deadline)
    said = _reply_in(app, push, answer.body) if answer.status == 200 else None
    if said is None:
        get_logger().warning(
            "forwarded without an answer",
            app=app.name,
            status=answer.status,
            fault=answer.fault,
        )
    return said or b""


def _sent(
    app: App, delivery: Delivery, push: Push, deadline: Deadline
) -> outgoing.Reply:
    query, body = _letter(app, delivery, push)
    url = app.forward_url or ""
    kind = "application/json" if pushes.is_json(delivery.body) else "text/xml"
    return outgoing.post(
        f"{url}{'&' if '?' in url else '?'}{query}",
        body,
        {"Content-Type": kind},
        inside=app.forward_inside or running().settings.env == "development",
        proxy=proxy_of(running().settings),
        deadline=deadline,
        most=MOST_BYTES,
    )


def _letter(app: App, delivery: Delivery, push: Push) -> tuple[str, bytes]:
    """The query and the body that the other system gets."""
    if app.forward_token is None:
        return delivery.query, delivery.body
    theirs, signed = _their_keys(app), delivery.signed
    query = {
        "signature": push_envelope.signature(theirs, signed),
        "timestamp": signed.timestamp,
        "nonce": signed.nonce,
        "openid": push.fields.get("FromUserName", ""),
    }
    message = _plain(app, delivery)
    if theirs.aes_key is None:
        return urlencode(query), message
    at = int(signed.timestamp)
    sealed = push_envelope.seal(theirs, message, nonce=signed.nonce, at=at)
    query |= {"encrypt_type": "aes", "msg_signature": sealed.signature}
    return urlencode(query), pushes.sealed_push(
        push, sealed.encrypt, is_json=pushes.is_json(delivery.body)
    )


def _plain(app: App, delivery: Delivery) -> bytes:
    """The message as WeChat wrote it."""
    if app.aes_key is None:
        return delivery.body
    keys = PushKeys(app.appid, app.token or "", app.aes_key)
    return pushes.unsealed(keys, delivery)


def _reply_in(app: App, push: Push, body: bytes) -> bytes | None:
    """The reply in an answer; empty where it wants to say nothing, None where WeChat
    would not read it."""
    if body.strip() in (b"", pushes.SUCCESS):
        return b""
    try:
        return pushes.checked_reply(push, _opened(app, body))
    except PushUnreadable:
        return None


def _opened(app: App, body: bytes) -> bytes:
    """The reply in a sealed one. A plain one may speak of <Encrypt>, too."""
    for encrypt in pushes.sealed_texts(body):
        with suppress(PushRefused):
            return push_envelope.unseal(_their_keys(app), encrypt)
    return body


def _their_keys(app: App) -> PushKeys:
    if app.forward_token is None:
        return PushKeys(app.appid, app.token or "", app.aes_key)
    return PushKeys(app.appid, app.forward_token, app.forward_aes_key)


@contextmanager
def _seat() -> Iterator[bool]:
    """May this thread wait for another system now?"""
    threads = running().threads
    most = AT_ONCE if threads is None else max(1, threads // 4)
    # Of two requests that come here at once, both get the first one's.
    seats = current_app.extensions.setdefault(_EXTENSION, BoundedSemaphore(most))
    if not seats.acquire(blocking=False):
        yield False
        return
    try:
        yield True
    finally:
        seats.release()
