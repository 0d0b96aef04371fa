"""TLS to MariaDB: as PyMySQL does it, without reading certificates for nothing."""

import ssl
from pathlib import Path

import pytest
import sqlalchemy as sa
from pymysql.connections import Connection

from wxlogin.db import prepare_engine


def engine_of(url: str | sa.URL) -> sa.Engine:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    prepare_engine(engine)
    return engine


def opened_by(engine: sa.Engine) -> Connection:
    """A connection of the driver's, closed again."""
    with engine.connect() as connection:
        opened = connection.connection.dbapi_connection
        assert isinstance(opened, Connection)
        return opened


def context_of(engine: sa.Engine) -> ssl.SSLContext | None:
    """Of a new connection; None where it never speaks TLS."""
    opened = opened_by(engine)
    return opened.ctx if opened.ssl else None


def test_where_nothing_is_checked_certificates_are_read_once(
    mariadb_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = engine_of(mariadb_url)
    context = context_of(engine)
    assert context is not None
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_NONE, False)
    # A server that speaks no TLS is as good.
    assert not opened_by(engine)._ssl_required

    def read(_self: ssl.SSLContext, _purpose: object = None) -> None:
        raise AssertionError("read again")

    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", read)
    assert context_of(engine) is context
    assert context_of(engine_of(mariadb_url)) is context


def test_what_database_url_says_of_tls_is_kept(
    mariadb_url: str, tmp_path: Path
) -> None:
    url = sa.make_url(mariadb_url)
    assert context_of(engine_of(url.update_query_dict({"ssl_disabled": "1"}))) is None
    authority = tmp_path / "ca.pem"
    authority.write_text("no certificate")
    asked = url.update_query_dict({"ssl_ca": str(authority)})
    with pytest.raises(ssl.SSLError, match="no certificate"):
        context_of(engine_of(asked))
