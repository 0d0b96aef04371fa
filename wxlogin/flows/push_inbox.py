"""What WeChat pushed waits in a table until it has had its effect.

    kept → claimed, for as long as a lease → done
                                           | failed → tried again, by pauses that grow

The row is written before WeChat is answered, and the effect is made in the transaction
that marks it done: a process that dies in between leaves a row that another one works
on, and a delivery that comes again finds the row (security row 85). What was in it is
sealed, and goes when the work is done; the row itself a day later, with what is in it
where no try did the work.
"""

import json
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from wxlogin.accounts import followers, withdrawals
from wxlogin.accounts.followers import Follow
from wxlogin.accounts.models import Push as PushRow
from wxlogin.accounts.models.push_tables import SCENE_LENGTH
from wxlogin.accounts.withdrawals import Part
from wxlogin.config import App
from wxlogin.db import now, reading, transaction
from wxlogin.db.statements import insert_or_ignore, remove, run
from wxlogin.flows import chat, content_check, must_follow
from wxlogin.observability import get_logger
from wxlogin.security.sealing import SealBroken
from wxlogin.service import running
from wxlogin.wechat import revocations
from wxlogin.wechat.pushes import Push

#: Longer than any work takes.
LEASE = timedelta(seconds=60)
#: How long a row is kept, by which a push that comes again is known.
KEPT = timedelta(days=1)
#: Tries of a push whose work fails; after that it is left to the log.
TRIES = 8

_BATCH = 100
# WeChat's verdict over a picture that a person chose.
_JUDGED = "wxa_media_check"
_FOLLOWS = {"subscribe": True, "unsubscribe": False}


def keep(appid: str, push: Push) -> int | None:
    """Keeps a push and returns its id; None where the same was kept before."""
    text = json.dumps(dict(push.fields), ensure_ascii=False)
    sealed = running().sealer.seal(text, **_place(push.digest))
    values = {
        "appid": appid,
        "digest": push.digest,
        "at": now(),
        "message": sealed,
        "tries": 0,
    }

    def work(session: Session) -> int | None:
        before = session.scalar(_ID, values)
        if before is not None:
            return None
        insert_or_ignore(session, PushRow, values)
        return session.scalar(_ID, values)

    return transaction(work)


def work(push_id: int) -> bool:
    """Does what a kept push asks for, where nobody else has it; True where it did."""
    row = _claim(push_id)
    if row is None:
        return False
    push = _push_of(row)
    if push is None:
        return False
    if push.event == _JUDGED:
        content_check.judged(row.appid, *push.verdict)
    # As a rule it is marked by now, before WeChat was answered.
    if app := _app_of(row.appid):
        chat.heard(app, push)
        must_follow.heard(app, push)
    transaction(lambda session: _finish(session, row, push))
    return True


def work_due() -> int:
    """Does what was left undone, by a process that died say; says how much."""
    query = sa.select(PushRow.id).where(*_due(now())).order_by(PushRow.id)
    with reading() as session:
        ids = list(session.scalars(query.limit(_BATCH)))
    return sum(work(one) for one in ids)


def forget(at: datetime) -> int:
    """Removes the rows of pushes that are long done or given up; says how many."""
    over = sa.or_(PushRow.message.is_(None), PushRow.tries >= TRIES)
    return remove(PushRow, PushRow.at <= at - KEPT, over)


def _finish(session: Session, row: PushRow, push: Push) -> None:
    _apply(session, row.appid, push)
    done = sa.update(PushRow).where(PushRow.id == row.id)
    run(session, done.values(message=None, lease_until=None))


def _apply(session: Session, appid: str, push: Push) -> None:
    if not push.openid:
        return
    follows = _FOLLOWS.get(push.event)
    if follows is not None:
        at = datetime.fromtimestamp(push.at, UTC)
        # One that is longer is none that an account can make.
        scene = push.scene if len(push.scene) <= SCENE_LENGTH else ""
        follow = Follow(appid, push.openid, follows, min(at, now()), scene)
        followers.note(session, follow, now=now())
    elif push.event in revocations.EVENTS:
        _take_back(session, appid, push)


def _take_back(session: Session, appid: str, push: Push) -> None:
    """What a person takes back. A plain push proves nothing of what it says, and wipes
    nothing."""
    app = _app_of(appid)
    if app is None or app.aes_key is None:
        get_logger().warning("a plain push wipes nothing", appid=appid, told=push.event)
        return
    match push.event:
        case revocations.CLOSED:
            known = withdrawals.close(session, appid, push.openid, at=now())
        case revocations.CHANGED:
            known = withdrawals.has_changed(session, appid, push.openid)
        case _:
            parts = frozenset(map(Part, revocations.taken_back(app.kind, push)))
            known = withdrawals.take_back(session, appid, push.openid, parts, at=now())
    get_logger().info("taken back", app=app.name, told=push.event, known=known)


def _app_of(appid: str) -> App | None:
    return next((one for one in running().settings.apps if one.appid == appid), None)


def _claim(push_id: int) -> PushRow | None:
    at = now()
    own = sa.update(PushRow).where(PushRow.id == push_id, *_due(at))
    values = {"lease_until": at + LEASE, "tries": PushRow.tries + 1}

    def work(session: Session) -> PushRow | None:
        won = run(session, own.values(values))
        return session.get(PushRow, push_id) if won else None

    return transaction(work)


def _due(at: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    free = sa.or_(PushRow.lease_until.is_(None), PushRow.lease_until <= at)
    return (PushRow.message.is_not(None), free, PushRow.tries < TRIES)


def _push_of(row: PushRow) -> Push | None:
    try:
        text = running().sealer.unseal(row.message or b"", **_place(row.digest))
    except SealBroken:
        get_logger().error("push not readable", appid=row.appid, push=row.id)
        return None
    return Push(json.loads(text))


def _place(digest: bytes) -> dict[str, str]:
    return {"table": "pushes", "column": "message", "row": digest.hex()}


_ID = sa.select(PushRow.id).where(
    PushRow.appid == sa.bindparam("appid"), PushRow.digest == sa.bindparam("digest")
)
