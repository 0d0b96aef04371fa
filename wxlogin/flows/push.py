"""A push of WeChat's is proven, kept and answered; what it means is done after.

WeChat waits five seconds, delivers three times and then tells the person that the
account is out of order (docs/official-account.md). So the answer waits for nothing but
the row that keeps the push, and not for that longer than PATIENCE_SECONDS: a database
that is slow gets it later, from this process.

- What is sealed is proven by `msg_signature`, which covers it; where the app has an
  aes_key nothing else is taken (security rows 83 and 84).
- `signature` covers neither body nor person. A push that has no other proof is taken
  within five minutes, once for each timestamp and nonce: WeChat's own identical retry
  is answered, another body is refused (security row 81).
- The addressee must be this account: by the appid inside, or by its `original_id`, or
  where that is not set because no other app has this token.
"""

import re
import time
from concurrent.futures import Future
from dataclasses import dataclass

from wxlogin import service
from wxlogin.config import App
from wxlogin.errors import Crowded, NotFound, PushRefused, PushUnopened, Unready
from wxlogin.flows import chat, following, push_inbox, symptoms
from wxlogin.flows.background import jobs_of
from wxlogin.flows.chat import Answer, Ours, Reply
from wxlogin.flows.symptoms import Symptom
from wxlogin.net.deadline import Deadline
from wxlogin.observability import get_logger
from wxlogin.service import running
from wxlogin.wechat import push_envelope, pushes
from wxlogin.wechat.push_envelope import Delivery, PushKeys
from wxlogin.wechat.pushes import Push, is_probe, read_push

#: How far WeChat's clock may be from ours, either way.
FRESH_SECONDS = 300
#: How long an answer waits until the push is kept.
PATIENCE_SECONDS = 3.0
#: And until it has what others answer: WeChat's five, and a second for the way.
ANSWER_SECONDS = 4.0
#: Pushes that one process holds while its database does not answer.
WAITING = 1000

# Between the tries of one process to keep a push.
_PAUSES = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0)
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_ORIGINAL_ID = re.compile(r"gh_[0-9a-z]{12}")


@dataclass(frozen=True)
class _Taken:
    """By which body a timestamp and nonce came first."""

    body: str


_taken = service.shelf("push", _Taken, seconds=2 * FRESH_SECONDS)


@dataclass(frozen=True)
class Received:
    """A push that was taken, and what its person is told in the chat, if anything."""

    push: Push
    answer: Answer | None = None


class _Job:
    """A proven push that is to be kept; each is a job of its own."""

    def __init__(self, app: App, delivery: Delivery, push: Push) -> None:
        self.app, self.delivery, self.push = app, delivery, push
        self.kept: Future[Ours | None] = Future()


def verify(app: App, delivery: Delivery) -> None:
    """Is it WeChat who asks whether somebody listens here? Raises PushRefused, and
    NotFound for an app without a token."""
    _require_signature(_keys(app), delivery)


def receive(app: App, delivery: Delivery) -> Received:
    """Takes a push of WeChat's, or refuses it.

    Raises PushRefused for what is not WeChat's, PushUnreadable for a document type
    definition, NotFound for an app without a token, and Crowded where the database has
    not answered for a long time.
    """
    deadline, push = Deadline(ANSWER_SECONDS), proven(app, delivery)
    if is_probe(push) or not push.fields:
        return Received(push)
    job = _Job(app, delivery, push)
    if not jobs_of("pushes", _keep, limit=WAITING).put(job):
        raise Crowded("the database keeps no pushes", app=app.name)
    try:
        ours = job.kept.result(timeout=PATIENCE_SECONDS)
    except TimeoutError:
        # Whether it is ours is not known, so nobody else is told of it either.
        get_logger().warning("push answered before it was kept", app=app.name)
        return Received(push)
    if ours is None:
        return Received(push)
    answer = chat.answer(app, delivery, push, ours, deadline=deadline)
    return Received(push, answer)


def written(app: App, delivery: Delivery, push: Push, reply: Reply) -> bytes:
    """The answer to this delivery that the person reads in the chat, sealed where
    pushes are. The same again is the same bytes."""
    keys, message = _keys(app), _message(delivery, push, reply)
    if keys.aes_key is None:
        return message
    nonce, at = delivery.signed.nonce, reply.at
    front = push_envelope.front_of(keys, message, nonce=nonce)
    sealed = push_envelope.seal(keys, message, nonce=nonce, at=at, front=front)
    return pushes.sealed_body(sealed, is_json=pushes.is_json(delivery.body))


def _message(delivery: Delivery, push: Push, reply: Reply) -> bytes:
    is_json = pushes.is_json(delivery.body)
    match reply:
        case chat.Text(text, at):
            return pushes.text_reply(push, text, at=at, is_json=is_json)
        case chat.Transfer(at):
            return pushes.transfer(push, at=at, is_json=is_json)
        case chat.Foreign(message):
            return message


def proven(app: App, delivery: Delivery) -> Push:
    """The push in a delivery that is WeChat's. Raises as `receive`."""
    keys = _keys(app)
    _require_fresh(delivery)
    if keys.aes_key is None:
        _require_signature(keys, delivery)
        push = read_push(delivery.body)
    else:
        push = read_push(_unsealed(app, keys, delivery))
    _require_addressee(app, push)
    return push


def _keys(app: App) -> PushKeys:
    if app.token is None:
        raise NotFound("this app takes no pushes", app=app.name)
    return PushKeys(app.appid, app.token, app.aes_key)


def _require_signature(keys: PushKeys, delivery: Delivery) -> None:
    if not push_envelope.is_signed(keys, delivery.signed, delivery.signature):
        raise PushRefused(
            "the signature is not WeChat's, or the token is not the app's"
        )


def _require_fresh(delivery: Delivery) -> None:
    text = delivery.signed.timestamp
    at = int(text) if _TIMESTAMP.fullmatch(text) else 0
    if abs(time.time() - at) > FRESH_SECONDS:
        raise PushRefused("the timestamp is not of now")


def _unsealed(app: App, keys: PushKeys, delivery: Delivery) -> bytes:
    if delivery.encrypt_type != "aes":
        raise PushRefused("the push is not sealed, and the app has an aes_key")
    try:
        return pushes.unsealed(keys, delivery)
    except PushUnopened:
        symptoms.note(app, Symptom.unfit_key)
        raise


def _require_addressee(app: App, push: Push) -> None:
    if not push.fields or is_probe(push):
        return
    if app.original_id is not None:
        if push.to != app.original_id:
            symptoms.note(app, Symptom.stranger, _account(push))
            raise PushRefused(
                f"the push is for another account, {_account(push)}", app=app.name
            )
    elif app.aes_key is None and _shares_token(app):
        symptoms.note(app, Symptom.stranger, _account(push))
        raise PushRefused("no original_id, and another app has its token", app=app.name)
    symptoms.note(app, Symptom.account, _account(push))


def _account(push: Push) -> str:
    """The `gh_…` that it is for; empty where there is something else."""
    return push.to if _ORIGINAL_ID.fullmatch(push.to) else ""


def _shares_token(app: App) -> bool:
    apps = running().settings.apps
    return any(one.token == app.token for one in apps if one.name != app.name)


def _keep(job: _Job) -> None:
    """Keeps a push, as soon as the database lets us, and does its work."""
    for pause in (*_PAUSES, None):
        try:
            kept = _take(job)
        except Unready as error:
            if pause is None:
                job.kept.set_exception(error)
                return
            time.sleep(pause)
            continue
        except Exception as error:
            job.kept.set_exception(error)
            return
        job.kept.set_result(_ours(job))
        if kept is not None:
            push_inbox.work(kept)
            following.ask_soon()
        return


def _ours(job: _Job) -> Ours | None:
    """What we say in the chat. None where the ticket store or the database does not
    answer: then nobody says anything. Whoever scanned scans again, and the push is
    worked on all the same."""
    try:
        return chat.ours(job.app, job.push)
    except Exception:
        get_logger().exception("a push is not answered", app=job.app.name)
        return None


def _take(job: _Job) -> int | None:
    """The id of the row that keeps the push; None where one did before."""
    _require_first(job)
    return push_inbox.keep(job.app.appid, job.push)


def _require_first(job: _Job) -> None:
    signed, mine = job.delivery.signed, job.delivery.digest
    key = f"{job.app.appid}\x1f{signed.timestamp}\x1f{signed.nonce}"
    if _taken.add(key, _Taken(mine)):
        return
    before = _taken.get(key)
    if before is not None and before.body != mine:
        raise PushRefused(
            "timestamp and nonce came with another body", app=job.app.name
        )
