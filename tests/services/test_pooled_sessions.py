"""Behind PgBouncer in transaction mode nothing that belongs to a session is relied on.

The address with `prepare_threshold=none` says so; here PostgreSQL itself is behind it.
"""

import pytest
import sqlalchemy as sa

from tests.support.people import accounts_app
from wxlogin.db import brief_engine, db, patient_engine
from wxlogin.db.soundness import flaws

LIMITS = "SELECT current_setting('statement_timeout'), current_setting('lock_timeout')"


@pytest.fixture
def pooled_url(postgresql_url: str) -> str:
    return f"{postgresql_url}?prepare_threshold=none"


def test_a_visitor_has_the_limits_of_the_role(pooled_url: str) -> None:
    with accounts_app(pooled_url, tables=False), db.engine.connect() as connection:
        assert tuple(connection.exec_driver_sql(LIMITS).one()) == ("0", "0")
        for _ in range(12):
            connection.exec_driver_sql("SELECT 1")
        prepared = connection.exec_driver_sql("SELECT * FROM pg_prepared_statements")
        assert prepared.all() == []


def test_a_command_is_patient_for_its_transactions_only(pooled_url: str) -> None:
    engine = patient_engine(sa.make_url(pooled_url))
    with engine.connect() as connection:
        with connection.begin():
            connection.exec_driver_sql("SET statement_timeout = '8s'")
        with connection.begin():
            limits = connection.exec_driver_sql(LIMITS).one()
            assert tuple(limits) == ("0", "0")
        driver = connection.connection.driver_connection
        assert driver is not None
        assert driver.execute(LIMITS).fetchone() == ("8s", "0")


def test_a_role_without_limits_is_told(pooled_url: str) -> None:
    with accounts_app(pooled_url, tables=False):
        engine = brief_engine(sa.make_url(pooled_url))
        found = [flaw for flaw in flaws(engine) if flaw.about == "limits"]
    assert not any(flaw.stops for flaw in found)
    assert [flaw.todo for flaw in found] == [
        "Run ALTER ROLE postgres SET lock_timeout = '5s'.",
        "Run ALTER ROLE postgres SET statement_timeout = '8s'.",
    ]


def test_a_role_with_limits_is_not(pooled_url: str, postgresql_url: str) -> None:
    with accounts_app(postgresql_url, tables=False):
        with db.engine.begin() as connection:
            name = connection.exec_driver_sql("SELECT current_database()").scalar_one()
            for limit in ("statement_timeout", "lock_timeout"):
                connection.exec_driver_sql(f"ALTER DATABASE {name} SET {limit} = '8s'")
        engine = brief_engine(sa.make_url(pooled_url))
        assert [flaw for flaw in flaws(engine) if flaw.about == "limits"] == []
