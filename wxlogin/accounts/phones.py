"""Phone numbers that people gave to mini programs, one for each identity, sealed.

Kept only where the app says so, and decoration as a name is: nobody is signed in or
told apart by a number. No index finds one; the operator who is asked about somebody has
all of them opened (`whose`). It is the identity's: it goes
where that goes in a merge, and goes with it when it is deleted.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from wxlogin.accounts import models
from wxlogin.accounts.models import Identity
from wxlogin.accounts.resealing import Resealed, reseal_rows
from wxlogin.db import reading
from wxlogin.db.statements import insert_or_change, table_of
from wxlogin.security.sealing import SealBroken, Sealer
from wxlogin.wechat.open_data import PhoneNumber

# Rows that are held at a time where all are read.
_BATCH = 1000


@dataclass(frozen=True)
class KeptPhone:
    """A number, the app it was given to, and when."""

    appid: str
    phone: PhoneNumber
    at: datetime


def store(
    session: Session,
    identity_id: int,
    phone: PhoneNumber,
    *,
    sealer: Sealer,
    at: datetime,
) -> None:
    """The identity's number from now on."""
    text = f"{phone.country_code} {phone.number}"
    sealed = sealer.seal(text, **_place(identity_id))
    dialect = session.get_bind().dialect.name
    statement = insert_or_change(
        dialect,
        models.PhoneNumber,
        key=("identity_id",),
        news=lambda new: {"number": new.number, "at": new.at},
    )
    values = {"identity_id": identity_id, "number": sealed, "at": at}
    session.execute(statement, values)


def of_user(user_id: int, sealer: Sealer) -> list[KeptPhone]:
    """The numbers of a user, in the order of the identities; what does not open is
    left out."""
    with reading() as session:
        return of_users(session, [user_id], sealer)[user_id]


def of_users(
    session: Session, user_ids: Collection[int], sealer: Sealer
) -> dict[int, list[KeptPhone]]:
    """The same of several users."""
    number = models.PhoneNumber
    query = (
        sa.select(
            Identity.user_id, Identity.id, Identity.appid, number.number, number.at
        )
        .join(number, number.identity_id == Identity.id)
        .where(Identity.user_id.in_(user_ids))
        .order_by(Identity.id)
    )
    found: dict[int, list[KeptPhone]] = defaultdict(list)
    for row in session.execute(query):
        if phone := opened(row.number, row.id, sealer):
            found[row.user_id].append(KeptPhone(row.appid, phone, row.at))
    return found


def whose(session: Session, digits: str, sealer: Sealer) -> set[int]:
    """The ids of the users who gave this number, with its country's code or without."""
    number = models.PhoneNumber
    query = sa.select(Identity.user_id, Identity.id, number.number).join(
        number, number.identity_id == Identity.id
    )
    found = set()
    for row in session.execute(query.execution_options(yield_per=_BATCH)):
        phone = opened(row.number, row.id, sealer)
        if phone and digits in (phone.number, phone.country_code + phone.number):
            found.add(row.user_id)
    return found


def opened(sealed: bytes, identity_id: int, sealer: Sealer) -> PhoneNumber | None:
    """The number that was sealed for this identity; None where no key opens it."""
    try:
        code, _, number = sealer.unseal(sealed, **_place(identity_id)).partition(" ")
    except SealBroken:
        return None
    return PhoneNumber(code, number)


def reseal_all(sealer: Sealer, *, batch: int = 200) -> Resealed:
    """Seals all of them with the first of ENCRYPTION_KEYS."""
    return reseal_rows(
        models.PhoneNumber,
        ("number",),
        lambda row: str(row.identity_id),
        sealer,
        batch=batch,
    )


def _place(identity_id: int) -> dict[str, str]:
    table = table_of(models.PhoneNumber).name
    return {"table": table, "column": "number", "row": str(identity_id)}
