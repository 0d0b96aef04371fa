"""Values that no database can hold are refused before a statement is sent.

PostgreSQL knows no NUL in a text, no driver can encode half a character, and SQLite's
numbers end at 64 bits; each of these would be a fault of the server's for what was
somebody's odd request. Whatever a client sends may become a parameter: a piece of a
path, a field, a cookie, a number. So it is looked at here, where all of them pass,
and is a bad request on every database alike (security row 56, finding L6).
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from wxlogin.errors import BadRequest

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
#: The largest number that a column can hold.
LARGEST = 2**63 - 1


def guard_parameters(engine: sa.Engine) -> None:
    """Has each statement's parameters looked at, and BadRequest raised."""
    sa.event.listen(engine, "before_cursor_execute", _look)


def _look(
    _connection: object,
    _cursor: object,
    _statement: object,
    parameters: Any,
    *_more: object,
) -> None:
    for value in _values(parameters):
        if isinstance(value, str):
            if _UNSTORABLE.search(value):
                raise BadRequest("a value holds NUL or half a character")
        elif isinstance(value, int) and not -LARGEST <= value <= LARGEST:
            raise BadRequest("a number is larger than any of ours")


def _values(parameters: Any) -> Iterable[Any]:
    """All values of one statement, also where it is sent for many rows."""
    if isinstance(parameters, Mapping):
        return parameters.values()
    if isinstance(parameters, list):
        return (value for row in parameters for value in _values(row))
    return parameters or ()
