"""Users by WeChat's ids, for sites and operators that know only those."""

import sqlalchemy as sa

from wxlogin.accounts.models import Identity, UnionId
from wxlogin.db import reading

# What a database may hold and compare; no id of WeChat's is anything else.
_LONGEST = 128


def by_openid(appid: str, openid: str) -> int | None:
    """The id of the user who has this openid."""
    query = sa.select(Identity.user_id).where(
        Identity.appid == appid, Identity.openid == openid
    )
    return _one(query, openid)


def by_unionid(unionid: str) -> int | None:
    """The id of the user who has this unionid, on whichever open platform.

    None where two platforms give it to different users: WeChat's unionids are
    unique within one only.
    """
    query = sa.select(UnionId.user_id).where(UnionId.unionid == unionid)
    return _one(query.distinct(), unionid)


def _one(query: sa.Select[int], text: str) -> int | None:
    if not text.isascii() or not text.isprintable() or len(text) > _LONGEST:
        return None
    with reading() as session:
        found = session.scalars(query.limit(2)).all()
    return found[0] if len(found) == 1 else None
