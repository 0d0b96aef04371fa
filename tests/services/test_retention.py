"""What has run out is forgotten: daily, by one process, in small steps."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from click.testing import CliRunner
from flask import Flask

from tests.services.conftest import Clock
from tests.support.people import People, appid_of, rows, user_of
from wxlogin.accounts.models import Follower, FollowerList, LoginEvent, Session
from wxlogin.cli import main
from wxlogin.config import load_settings
from wxlogin.db import db, reading, statements, transaction
from wxlogin.factory import build
from wxlogin.flows import retention
from wxlogin.flows.retention import forget_if_due
from wxlogin.service import service_of
from wxlogin.telling import delivery
from wxlogin.telling.delivery import Deliverer

HOUR = 3600.0


@pytest.fixture
def app(tables_url: str, tmp_path: Path, clock: Clock) -> Iterator[Flask]:
    """The service on each database; `clock` moves the time of its tickets."""
    app = build(load_settings(tmp_path, database_url=tables_url))
    service_of(app).tickets._ahead = clock
    with app.app_context():
        db.create_all()
        yield app
        db.engine.dispose()


@pytest.fixture
def people(app: Flask) -> People:
    people = People()
    people.at = datetime.now(UTC)
    return people


def long_ago(people: People, openid: str) -> None:
    now, people.at = people.at, people.at - timedelta(days=200)
    people.signs_in("web", openid)
    people.at = now


def test_of_many_who_look_at_once_one_does_it(app: Flask, people: People) -> None:
    long_ago(people, "o1")
    people.signs_in("web", "o2")
    gate = threading.Barrier(8)

    def look(_number: int) -> object:
        with app.app_context():
            gate.wait(10)
            return forget_if_due()

    with ThreadPoolExecutor(8) as pool:
        found = [one for one in pool.map(look, range(8)) if one is not None]
    assert found == [
        retention.Forgotten(
            sessions=1,
            logins=1,
            tokens=0,
            events=0,
            tickets=0,
            program_keys=0,
            pushes=0,
            followers=0,
        )
    ]
    assert (rows(Session), rows(LoginEvent)) == (1, 1)


def test_once_a_day_and_not_again_after_a_restart(
    app: Flask, people: People, clock: Clock, tables_url: str, tmp_path: Path
) -> None:
    assert forget_if_due() is not None
    again = build(load_settings(tmp_path, database_url=tables_url))
    service_of(again).tickets._ahead = clock
    with again.app_context():
        for _hour in range(23):
            clock.advance(HOUR)
            assert forget_if_due() is None
        clock.advance(HOUR)
        assert forget_if_due() is not None
        db.engine.dispose()


def test_who_is_killed_in_the_middle_is_followed_within_the_hour(
    app: Flask, people: People, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def killed(*_arguments: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(retention, "forget_tokens", killed)
        with pytest.raises(Killed):
            forget_if_due()
    clock.advance(HOUR / 2)
    assert forget_if_due() is None
    clock.advance(HOUR / 2 + 1)
    assert forget_if_due() is not None


def test_many_rows_go_in_steps_between_which_others_write(
    app: Flask, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statements, "PAUSE", 0)
    people.signs_in("web", "o1")
    user = user_of("web", "o1")
    old = people.at - timedelta(days=200)
    one = {
        "user_id": user.id,
        "at": old,
        "appid": "wx",
        "door": "qr",
        "outcome": "known",
        "address": "",
        "browser": "",
        "request_id": "",
    }
    many = [one] * (2 * statements.BATCH + 7)
    transaction(lambda session: session.execute(sa.insert(LoginEvent), many))
    sizes: list[int] = []

    def note(
        _connection: object, cursor: object, statement: str, *_more: object
    ) -> None:
        if statement.startswith("DELETE FROM login_events"):
            sizes.append(cursor.rowcount)  # type: ignore[attr-defined]

    sa.event.listen(db.engine, "after_cursor_execute", note)
    found = forget_if_due()
    assert found is not None and found.logins == len(many)
    assert sizes == [statements.BATCH, statements.BATCH, 7]
    assert rows(LoginEvent) == 1


def test_who_ceased_to_follow_and_never_signed_in_goes(
    app: Flask, people: People
) -> None:
    """Whoever follows stays, and whoever is a user, by openid or by unionid."""
    people.signs_in("oa", "user")
    people.signs_in("web", "other", "uuser")
    at = people.at
    long, lately = at - timedelta(days=31), at - timedelta(days=29)
    told = [
        ("gone", False, long, None),
        ("left", False, lately, None),
        ("follows", True, long, None),
        ("user", False, long, None),
        ("by unionid", False, long, "uuser"),
    ]
    place = {"began_at": at - timedelta(hours=25), "holder": "", "appid": "wx1"}
    blank = {"appid": appid_of("oa"), "open_platform": "main", "scene": ""}

    def follow(session: Any) -> None:
        session.add(FollowerList(**place, next_openid="gone"))
        for openid, followed, changed_at, unionid in told:
            when = {"followed": followed, "changed_at": changed_at}
            session.add(Follower(**blank, **when, openid=openid, unionid=unionid))

    transaction(follow)
    found = forget_if_due()
    assert found is not None and found.followers == 1
    with reading() as session:
        left = set(session.scalars(sa.select(Follower.openid)))
        assert left == {"left", "follows", "user", "by unionid"}
        # A place in a list names somebody, too, and is no use after a day.
        assert session.scalars(sa.select(FollowerList.next_openid)).one() == ""


@pytest.mark.parametrize("year", [1970, 2099])
def test_a_wrong_clock_of_ours_ends_nobody_s_session(
    app: Flask, people: People, year: int
) -> None:
    people.signs_in("web", "o1")
    with time_machine.travel(datetime(year, 1, 1, tzinfo=UTC)):
        assert forget_if_due() is not None
    assert (rows(Session), rows(LoginEvent)) == (1, 1)


def test_the_thread_that_delivers_does_it(
    app: Flask, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = threading.Event()

    def look() -> None:
        forget_if_due()
        done.set()

    long_ago(people, "o1")
    monkeypatch.setattr(delivery, "FIRST_SECONDS", 0.0)
    monkeypatch.setattr(delivery, "forget_if_due", look)
    deliverer = Deliverer(app.app_context, app)
    deliverer.start()
    assert done.wait(30)
    deliverer.stop()
    assert rows(Session) == 0


@pytest.fixture
def commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[str, int]]:
    monkeypatch.setenv("WXLOGIN_INSTANCE", str(tmp_path))

    def run(*words: str) -> tuple[str, int]:
        done = CliRunner().invoke(main, words)
        return done.stdout, done.exit_code

    return run


def test_cron_does_it_where_nothing_delivers_beside_the_service(
    commands: Callable[..., tuple[str, int]], tmp_path: Path
) -> None:
    commands("db", "upgrade")
    app = build(load_settings(tmp_path))
    with app.app_context():
        people = People()
        people.at = datetime.now(UTC)
        long_ago(people, "o1")
        assert commands("deliver") == ("Delivered 0.\n", 0)
        assert rows(Session) == 0
        long_ago(people, "o1")
        commands("deliver")
        assert rows(Session) == 1
        assert commands("cleanup")[1] == 0
        assert rows(Session) == 0
        db.engine.dispose()
