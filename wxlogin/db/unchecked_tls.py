"""Certificates that nobody checks are not read for each connection to MariaDB.

PyMySQL speaks TLS where the server offers it, and checks the server's certificate where
DATABASE_URL names a CA. Where it names none, nothing is checked, and PyMySQL reads all
certificates of the system nevertheless, anew for each connection: 30 ms of a processor,
which a visitor waits for. Here one context serves all such connections.
"""

from functools import cache
from typing import Any


def connect(_dialect: object, _record: object, arguments: Any, named: Any) -> Any:
    """A connection by PyMySQL; hears SQLAlchemy's `do_connect`.

    TLS is used and checked as PyMySQL does it. Raises what PyMySQL raises.
    """
    return _sharing()(*arguments, **named)


@cache
def _sharing() -> Any:
    # Only those who use MariaDB have its driver.
    from pymysql.connections import Connection  # type: ignore[import-untyped, unused-ignore]

    kept: list[Any] = []

    class Sharing(Connection):  # type: ignore[misc, unused-ignore]
        def _create_ssl_ctx(self, sslp: Any) -> Any:
            if sslp:
                return super()._create_ssl_ctx(sslp)
            # Two threads may both be the first; the second one's context is dropped.
            if not kept:
                kept.append(super()._create_ssl_ctx({}))
            return kept[0]

    return Sharing
