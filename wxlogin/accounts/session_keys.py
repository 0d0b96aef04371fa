"""Session keys: what WeChat's client signs and encrypts with for one mini program.

WeChat gives one with each login, and any login may end the one before. Data that a
phone made before its last login is of an earlier key; so the last three of an identity
are kept, and all its sessions read with them. Each is sealed and bound to the identity
(security rows 35 and 57); it never leaves the server.

How long one lives is not published (developers.weixin.qq.com/miniprogram/dev/api/
open-api/login/wx.checkSession.html); one that nobody got anew for a month is forgotten.
"""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from wxlogin.accounts.models import SessionKey
from wxlogin.accounts.resealing import Resealed, reseal_rows
from wxlogin.db import reading
from wxlogin.db.statements import insert, remove, run
from wxlogin.security.sealing import SealBroken, Sealer

#: How many of an identity are kept.
KEPT = 3
#: For how long.
KEEP = timedelta(days=30)


def store(
    session: Session, identity_id: int, key: str, *, sealer: Sealer, at: datetime
) -> None:
    """Keeps what WeChat gave with a login; the same key again is as new."""
    rows = list(session.scalars(_of(identity_id)))
    for row in rows:
        if _open(row, sealer) == key:
            same = sa.update(SessionKey).where(SessionKey.id == row.id)
            run(session, same.values(at=at))
            return
    sealed = sealer.seal(key, **_place(identity_id))
    insert(
        session,
        SessionKey,
        {"identity_id": identity_id, "session_key": sealed, "at": at},
    )
    if surplus := [row.id for row in rows[KEPT - 1 :]]:
        run(session, sa.delete(SessionKey).where(SessionKey.id.in_(surplus)))


def last(identity_id: int, sealer: Sealer) -> list[str]:
    """The identity's keys, the newest first; what does not open is left out."""
    with reading() as session:
        rows = list(session.scalars(_of(identity_id).limit(KEPT)))
    return [key for row in rows if (key := _open(row, sealer))]


def forget_old(at: datetime) -> int:
    """Removes keys that WeChat has not given for KEEP; says how many."""
    return remove(SessionKey, SessionKey.at <= at - KEEP)


def reseal_all(sealer: Sealer, *, batch: int = 200) -> Resealed:
    """Seals all of them with the first of ENCRYPTION_KEYS."""
    return reseal_rows(
        SessionKey,
        ("session_key",),
        lambda row: str(row.identity_id),
        sealer,
        batch=batch,
    )


def _of(identity_id: int) -> sa.Select[SessionKey]:
    return (
        sa.select(SessionKey)
        .where(SessionKey.identity_id == identity_id)
        .order_by(SessionKey.at.desc(), SessionKey.id.desc())
    )


def _open(row: SessionKey, sealer: Sealer) -> str | None:
    try:
        return sealer.unseal(row.session_key, **_place(row.identity_id))
    except SealBroken:
        # As good as none: the program logs in again.
        return None


def _place(identity_id: int) -> dict[str, str]:
    return {"table": "session_keys", "column": "session_key", "row": str(identity_id)}
