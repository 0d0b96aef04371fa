"""A push has one effect, however often, late or twisted it comes, and whoever dies or
waits meanwhile (security rows 85 and 86, fault F14).

Processes are real and the signal is SIGKILL; a database that is slow is one whose table
another session holds.
"""

import os
import signal
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from itertools import count
from pathlib import Path
from threading import Event as Signal

import pytest
import sqlalchemy as sa
from flask import Flask

from tests.services.test_killed import MANY, in_a_process_killed_at
from tests.support.tables import create_tables
from tests.web.pushes import Hand, is_taken, settle
from tests.web.test_push_spellings import OPENID, xml
from wxlogin import create_app
from wxlogin.accounts.models import Event, Follower, Push
from wxlogin.accounts.person import Person
from wxlogin.accounts.resolve import resolve
from wxlogin.config import Site, load_settings
from wxlogin.config.demo import demo_apps
from wxlogin.db import db, now, reading, transaction
from wxlogin.flows import following, push_inbox
from wxlogin.sites import members

SHOP = Site(name="shop", client_id="shop", client_secret="sh0p-secret-of-24-characters")
OA = demo_apps()[1]


@pytest.fixture
def app(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Flask]:
    """The service, to whose shop the follower is known; WeChat is asked nothing."""
    monkeypatch.setattr(following, "ask_soon", lambda: None)
    # The work of one that died is free at once.
    monkeypatch.setattr(push_inbox, "LEASE", push_inbox.LEASE * 0)
    settings = load_settings(
        tmp_path, database_url=database_url, apps=[OA], sites=(SHOP,), log_level="error"
    )
    app = create_app(settings)
    with app.app_context():
        create_tables()
        transaction(_known_to_the_shop)
        yield app
        settle(app)
        db.engine.dispose()


def _known_to_the_shop(session: sa.orm.Session) -> None:
    who = Person(OA.appid, OA.kind, OPENID, None, None)
    known = resolve(session, who, at=now())
    members.join(session, SHOP.name, known.user_id, at=now())


def hand(app: Flask, first: int = 0) -> Hand:
    """WeChat; each delivery is signed and sealed anew."""
    return Hand(app, nonces=count(first))


def said(event: str, age: int = 0) -> bytes:
    return xml(Event=event, CreateTime=str(AT - age))


AT = int(time.time())


def told() -> list[str]:
    """What the shop heard of follows."""
    with reading() as session:
        types = session.scalars(sa.select(Event.type).order_by(Event.id))
        return [one for one in types if "follow" in one]


def follows() -> bool:
    with reading() as session:
        return session.scalars(sa.select(Follower.followed)).one()


def kept() -> list[bytes | None]:
    with reading() as session:
        return list(session.scalars(sa.select(Push.message)))


def forgets() -> None:
    def work(session: sa.orm.Session) -> None:
        for table in (Push, Follower, Event):
            session.execute(sa.delete(table))

    transaction(work)


@contextmanager
def child(act: Callable[[], object]) -> Iterator[int]:
    """Another process that does the same; ends with it."""
    db.engine.dispose()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        with suppress(BaseException):
            act()
            os._exit(0)
        os._exit(1)
    yield pid


def test_three_deliveries_at_once_to_each_of_two_processes(app: Flask) -> None:
    def deliver(first: int) -> None:
        wechat = hand(app, first)
        with ThreadPoolExecutor(3) as pool:
            answers = list(pool.map(wechat.sends, [said("subscribe")] * 3))
        settle(app)
        assert all(is_taken(one) for one in answers)

    with child(lambda: deliver(100)) as pid:
        deliver(200)
        assert os.waitpid(pid, 0)[1] == 0
    push_inbox.work_due()
    assert (kept(), follows(), told()) == ([None], True, ["user.followed"])
    _any_order(hand(app, 300))


def _any_order(wechat: Hand) -> None:
    """Late, and of one second: what happened last counts."""
    for pushes, end in (
        ([said("subscribe"), said("unsubscribe", age=60)], True),
        ([said("unsubscribe"), said("subscribe", age=60)], False),
        ([said("subscribe"), said("unsubscribe")], False),
        ([said("unsubscribe"), said("subscribe")], False),
    ):
        forgets()
        for one in (*pushes, *pushes):
            assert is_taken(wechat.sends(one))
        settle(wechat.app)
        assert (kept(), follows()) == ([None, None], end)


def test_killed_between_the_answer_and_the_work(app: Flask) -> None:
    answered, (ours, theirs) = Signal(), os.pipe()

    def dies(_push_id: int) -> bool:
        answered.wait(10)
        os.kill(os.getpid(), signal.SIGKILL)
        return False

    def deliver() -> None:
        push_inbox.work = dies
        answer = hand(app).sends(said("subscribe"))
        os.write(theirs, answer.data)
        answered.set()
        time.sleep(10)

    with child(deliver) as pid:
        assert os.read(ours, 100) == b"success"
        assert os.WTERMSIG(os.waitpid(pid, 0)[1]) == signal.SIGKILL
    os.close(ours), os.close(theirs)
    assert told() == []
    assert push_inbox.work_due() == 1
    assert is_taken(hand(app, 10).sends(said("subscribe")))
    settle(app)
    assert push_inbox.work_due() == 0
    assert (kept(), follows(), told()) == ([None], True, ["user.followed"])


def test_killed_at_any_statement_and_delivered_again(app: Flask) -> None:
    def deliver(first: int) -> None:
        assert is_taken(hand(app, first).sends(said("subscribe")))
        settle(app)

    for number in range(1, MANY):
        finished = in_a_process_killed_at(number, partial(deliver, 100 + number))
        assert is_taken(hand(app, 200 + number).sends(said("subscribe")))
        settle(app)
        push_inbox.work_due()
        state = (kept(), follows(), told())
        assert state == ([None], True, ["user.followed"]), f"at statement {number}"
        forgets()
        if finished:
            break
    assert finished and number > 10


@contextmanager
def pushes_locked(url: str) -> Iterator[None]:
    """Another session has the table, or SQLite's one writer, and does not let go."""
    other = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    begin, lock, release = {
        "postgresql": (
            *("BEGIN", "LOCK TABLE pushes IN ACCESS EXCLUSIVE MODE", "ROLLBACK"),
        ),
        "mysql": ("SELECT 1", "LOCK TABLES pushes WRITE", "UNLOCK TABLES"),
        "sqlite": ("SELECT 1", "BEGIN EXCLUSIVE", "ROLLBACK"),
    }[other.dialect.name]
    with other.connect() as connection:
        connection.exec_driver_sql(begin)
        connection.exec_driver_sql(lock)
        yield
        connection.exec_driver_sql(release)


def test_a_database_that_hangs_is_answered_for(app: Flask, database_url: str) -> None:
    wechat = hand(app)
    with pushes_locked(database_url):
        began = time.monotonic()
        with ThreadPoolExecutor(3) as pool:
            answers = list(pool.map(wechat.sends, [said("subscribe")] * 3))
        assert time.monotonic() - began < 4
        assert all(is_taken(one) for one in answers)
    settle(app)
    assert (kept(), follows(), told()) == ([None], True, ["user.followed"])
