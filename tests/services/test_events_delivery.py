"""Every event arrives, whoever is killed on the way (acceptance 6).

Processes are real and the signal is SIGKILL. The shop here is one that moves its
orders by the events alone.
"""

import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from tests.services.test_killed import MANY, in_a_process_killed_at
from tests.support.people import People, by_choice, user_of
from tests.support.receiver import Heard, Receiver, receiver
from tests.support.telling import customer, delivers, site, something_happens
from wxlogin import create_app
from wxlogin.accounts import people as accounts
from wxlogin.accounts.merges import undo
from wxlogin.accounts.models import Event, Merge
from wxlogin.config import load_settings
from wxlogin.db import db, reading
from wxlogin.telling.outbox import LEASE
from wxlogin.telling.webhooks import outbox


@dataclass
class Shop:
    """Orders by customer, kept by nothing but what we tell."""

    server: Receiver
    orders: dict[str, list[str]] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)

    def takes(self, heard: Heard) -> int:
        if heard.id in self.seen:
            return 200
        self.seen.add(heard.id)
        event = heard.json
        data = event["data"]
        match event["type"]:
            case "user.created":
                self.orders.setdefault(data["uid"], [])
            case "user.merged":
                moved = self.orders.pop(data["former_uid"], [])
                self.orders.setdefault(data["uid"], []).extend(moved)
            case "user.deleted":
                for uid in (data["uid"], *data["former_uids"]):
                    self.orders.pop(uid, None)
        return 204


@pytest.fixture
def shop() -> Iterator[Shop]:
    with receiver() as server:
        made = Shop(server)
        server.answers = made.takes
        yield made


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(datetime.now(UTC), tick=True) as traveller:
        yield traveller


@pytest.fixture
def people(
    tables_url: str, tmp_path: Path, shop: Shop, clock: time_machine.Traveller
) -> Iterator[People]:
    """The service on each database, with its context pushed."""
    settings = load_settings(
        tmp_path,
        database_url=tables_url,
        sites=(site("shop", webhook=shop.server.url),),
        simulator_url="http://localhost:5001",
    )
    app: Flask = create_app(settings)
    with app.app_context():
        db.create_all()
        yield People()
        db.engine.dispose()


def waiting() -> int:
    query = sa.select(sa.func.count()).select_from(Event)
    with reading() as session:
        return session.scalar(query.where(Event.settled_at.is_(None))) or 0


def in_another_process(act: Callable[[], object]) -> None:
    """Runs `act` in a process that dies at once afterwards, telling nobody."""
    db.engine.dispose()
    with warnings.catch_warnings():
        # The child touches none of the threads that a test runner may have.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        with suppress(BaseException):
            act()
            os.kill(os.getpid(), 9)
        os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)


def test_a_shop_moves_its_orders_by_the_merged_event_alone(
    people: People, shop: Shop
) -> None:
    older, younger = customer(people, "o1", "shop"), customer(people, "o2", "shop")
    delivers()
    shop.orders[older.uid].append("one pot of tea")
    shop.orders[younger.uid].append("two cups")
    by_choice(people, older, younger)
    delivers()
    assert shop.orders == {older.uid: ["one pot of tea", "two cups"]}
    accounts.delete(older.id)
    delivers()
    assert shop.orders == {}


def test_killed_between_commit_and_delivery(people: People, shop: Shop) -> None:
    """fault F20"""
    older, younger = customer(people, "o1", "shop"), customer(people, "o2", "shop")
    in_another_process(lambda: by_choice(people, older, younger))
    assert user_of("web", "o2").uid == older.uid
    assert shop.seen == set()
    delivers()
    assert list(shop.orders) == [older.uid]
    assert waiting() == 0


def test_killed_at_any_statement_of_a_delivery(
    people: People, shop: Shop, clock: time_machine.Traveller
) -> None:
    """At least once, by the same id, and in order; for each point of death."""
    user = customer(people, "o1", "shop")
    expected = 1
    for number in range(1, MANY):
        something_happens(user)
        expected += 2
        finished = in_a_process_killed_at(number, delivers_here)
        clock.shift(LEASE.total_seconds() + 1)
        delivers()
        assert waiting() == 0, f"lost at statement {number}"
        if finished:
            break
    assert finished and number > 3
    in_order: list[str] = []
    for heard in shop.server.requests:
        if heard.id not in in_order:
            in_order.append(heard.id)
    with reading() as session:
        ids = session.scalars(sa.select(Event.event_id).order_by(Event.id))
        assert in_order == list(ids)
    assert len(in_order) == expected


def delivers_here() -> int:
    """Without a thread, so that the statements are counted where they are sent."""

    return sum(outbox.tell(one) for one in outbox.sites_due())


def test_receiver_down_for_an_hour(
    people: People, shop: Shop, clock: time_machine.Traveller
) -> None:
    older, younger = customer(people, "o1", "shop"), customer(people, "o2", "shop")
    shop.server.answers = lambda _heard: 503
    by_choice(people, older, younger)
    for minute in range(60):
        delivers()
        if minute == 30:
            with reading() as session:
                merge_id = session.scalars(sa.select(Merge.id)).one()
            undo(merge_id)
        clock.shift(60)
    shop.server.answers = shop.takes
    arrived: list[str] = []
    for _ in range(180):
        if not waiting():
            break
        delivers()
        clock.shift(60)
    for heard in shop.server.requests:
        if heard.headers["x-answered"] == "204":
            arrived.append(heard.json["type"])
    assert waiting() == 0
    assert arrived == [*["user.created"] * 2, "user.merged", "user.split"]
