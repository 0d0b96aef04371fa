"""Updates and deletes by condition."""

from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session


def run(session: Session, statement: sa.Update | sa.Delete) -> int:
    """Runs it and returns how many rows matched, on every database alike.

    Objects of the session are not brought up to date; read them again.
    """
    plain = statement.execution_options(synchronize_session=False)
    return cast(sa.CursorResult[Any], session.execute(plain)).rowcount
