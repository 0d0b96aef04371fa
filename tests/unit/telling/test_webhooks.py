"""Events reach a site's server, signed, in order, and in the end."""

import json
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from tests.support.people import People, by_choice
from tests.support.receiver import Receiver, receiver
from tests.support.telling import (
    WEBHOOK_SECRET,
    customer,
    delivers,
    site,
    something_happens,
)
from wxlogin.accounts import people as accounts
from wxlogin.accounts.models import Event
from wxlogin.db import db, reading
from wxlogin.service import running
from wxlogin.sites.feed import Told
from wxlogin.telling import webhooks
from wxlogin.telling.outbox import LEASE
from wxlogin.telling.webhooks import outbox

HOUR = 3600


@pytest.fixture
def shop() -> Iterator[Receiver]:
    with receiver() as server:
        yield server


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(datetime.now(UTC), tick=True) as traveller:
        yield traveller


@pytest.fixture
def people(
    service_for: Callable[..., Flask], shop: Receiver, clock: time_machine.Traveller
) -> Iterator[People]:
    """The service of one site, with its context pushed."""
    app = service_for(sites=(site("shop", webhook=f"{shop.url}/hook"),))
    with app.app_context():
        yield People()


def waiting() -> int:
    query = sa.select(sa.func.count()).select_from(Event)
    with reading() as session:
        return session.scalar(query.where(Event.settled_at.is_(None))) or 0


def test_the_published_example_is_signed_as_published() -> None:
    """The vector of the Standard Webhooks libraries."""
    signed = webhooks.signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_an_event_arrives_signed(people: People, shop: Receiver) -> None:
    user = customer(people, "o1", "shop")
    assert delivers() == 1
    (heard,) = shop.requests
    assert heard.path == "/hook"
    assert heard.headers["content-type"] == "application/json"
    moment = int(heard.headers["webhook-timestamp"])
    assert abs(moment - datetime.now(UTC).timestamp()) < 60
    expected = webhooks.signature(WEBHOOK_SECRET, heard.id, moment, heard.body)
    assert heard.headers["webhook-signature"] == expected
    assert heard.id.startswith("evt_") and len(heard.id) == 30
    body = json.loads(heard.body)
    assert list(body) == ["type", "timestamp", "data"]
    assert body["type"] == "user.created"
    assert body["data"] == {"uid": user.uid, "external_id": None}
    assert datetime.fromisoformat(body["timestamp"]).tzinfo is not None
    assert (delivers(), len(shop.requests), waiting()) == (0, 1, 0)


def test_a_user_s_events_come_in_order(people: People, shop: Receiver) -> None:
    one, two = customer(people, "o1", "shop"), customer(people, "o2", "shop")
    for _ in range(3):
        something_happens(one)
        something_happens(two)
    assert delivers() == 14
    for user in (one, two):
        mine = [
            heard.json["type"]
            for heard in shop.taken
            if heard.json["data"]["uid"] == user.uid
        ]
        assert mine == ["user.created", *["user.disabled", "user.enabled"] * 3]


def test_what_fails_is_tried_again_and_others_go_on(
    people: People, shop: Receiver, clock: time_machine.Traveller
) -> None:
    ill, well = customer(people, "o1", "shop"), customer(people, "o2", "shop")
    something_happens(ill)
    shop.answers = lambda heard: 500 if ill.uid.encode() in heard.body else 204
    delivers()
    delivers()
    assert [heard.json["data"]["uid"] for heard in shop.taken] == [well.uid]
    assert waiting() == 3
    assert delivers() == 0
    shop.answers = lambda _heard: 204
    clock.shift(webhooks.PAUSES[0] + 1)
    assert delivers() == 3
    assert [heard.json["type"] for heard in shop.taken[1:]] == [
        *("user.created", "user.disabled", "user.enabled")
    ]
    first, again = (heard for heard in shop.requests if heard.id == shop.taken[1].id)
    assert first.body == again.body


def test_receiver_down_for_an_hour_misses_nothing(
    people: People, shop: Receiver, clock: time_machine.Traveller
) -> None:
    """Each event once by its id, and a user's in their order."""
    users = [customer(people, f"o{number}", "shop") for number in range(3)]
    shop.answers = lambda _heard: 503
    for _ in range(HOUR // 60):
        delivers()
        clock.shift(60)
    for user in users:
        something_happens(user)
    shop.answers = lambda _heard: 204
    for _ in range(3 * HOUR // 60):
        if not waiting():
            break
        delivers()
        clock.shift(60)
    assert waiting() == 0
    ids = [heard.id for heard in shop.taken]
    assert len(ids) == len(set(ids)) == 9
    for user in users:
        about = [heard.json for heard in shop.taken]
        mine = [one["type"] for one in about if one["data"]["uid"] == user.uid]
        assert mine == ["user.created", "user.disabled", "user.enabled"]


def test_a_merge_waits_for_what_happened_to_both(
    people: People, shop: Receiver, clock: time_machine.Traveller
) -> None:
    older, younger = customer(people, "o1", "shop"), customer(people, "o2", "shop")
    shop.answers = lambda heard: 500 if younger.uid.encode() in heard.body else 204
    by_choice(people, older, younger)
    accounts.disable(older.uid)
    for _ in range(4):
        delivers()
    taken = [heard.json["type"] for heard in shop.taken]
    merged = [heard.json["type"] for heard in shop.requests].count("user.merged")
    assert (taken, merged) == (["user.created"], 0)
    shop.answers = lambda _heard: 204
    clock.shift(webhooks.PAUSES[2] + 1)
    delivers()
    assert [heard.json["type"] for heard in shop.taken] == [
        *("user.created", "user.created", "user.merged", "user.disabled")
    ]


def test_three_days_later_we_give_up_and_later_events_arrive(
    people: People, shop: Receiver, clock: time_machine.Traveller
) -> None:
    user = customer(people, "o1", "shop")
    shop.answers = lambda _heard: 500
    tries = 0
    for pause in (0, *webhooks.PAUSES):
        clock.shift(pause + 1)
        delivers()
        tries += 1
        assert len(shop.requests) == tries
    assert waiting() == 1
    clock.shift(24 * HOUR)
    delivers()
    assert waiting() == 0
    shop.answers = lambda _heard: 204
    accounts.disable(user.uid)
    assert delivers() == 1
    assert [heard.json["type"] for heard in shop.taken] == ["user.disabled"]


def test_410_stops_the_calls_until_the_address_is_another(
    people: People,
    shop: Receiver,
    clock: time_machine.Traveller,
    service_for: Callable[..., Flask],
    caplog: pytest.LogCaptureFixture,
) -> None:
    customer(people, "o1", "shop")
    shop.answers = lambda _heard: 410
    logging.getLogger("wxlogin").propagate = True
    delivers()
    logging.getLogger("wxlogin").propagate = False
    assert "webhook stopped" in caplog.text
    shop.answers = lambda _heard: 204
    clock.shift(HOUR)
    assert (delivers(), len(shop.requests), waiting()) == (0, 1, 1)
    moved = service_for(sites=(site("shop", webhook=f"{shop.url}/new"),))
    with moved.app_context():
        assert delivers() == 1
    assert shop.requests[-1].path == "/new"


def test_a_redirect_is_not_followed(people: People, shop: Receiver) -> None:
    """security row 120"""
    customer(people, "o1", "shop")
    shop.location, shop.answers = f"{shop.url}/elsewhere", lambda _heard: 307
    assert delivers() == 0
    assert [heard.path for heard in shop.requests] == ["/hook"]


def test_apps_are_named_and_appids_are_not(people: People, shop: Receiver) -> None:
    told = Told(
        "evt_1",
        "user.linked",
        datetime(2026, 3, 1, 12, tzinfo=UTC),
        {"uid": "u", "identities": [{"appid": "wx1", "kind": "website"}]},
    )
    assert told.public_form() == {
        "type": "user.linked",
        "timestamp": "2026-03-01T12:00:00.000Z",
        "data": {"uid": "u", "identities": [{"app": None, "kind": "website"}]},
    }


def another_takes_it() -> None:
    """Another process is about to send the first event."""
    (row,) = outbox.rows(running().settings.sites[0])
    assert outbox.claim(row)
    # A look that is old by now takes nothing.
    assert not outbox.claim(row)


def test_two_processes_send_an_event_once(people: People, shop: Receiver) -> None:
    """A lease that another one holds is left alone."""
    customer(people, "o1", "shop")
    another_takes_it()
    assert (delivers(), shop.requests) == (0, [])


def test_a_lease_that_ran_out_is_taken_over(
    people: People, shop: Receiver, clock: time_machine.Traveller
) -> None:
    """Whoever held it was killed between its claim and the delivery."""
    customer(people, "o1", "shop")
    another_takes_it()
    clock.shift(LEASE.total_seconds() + 1)
    assert delivers() == 1


def test_nothing_is_asked_of_the_database_without_webhooks(
    service_for: Callable[..., Flask],
) -> None:
    app = service_for(sites=(site("quiet"),))
    with app.app_context():
        customer(People(), "o1", "quiet")
        statements: list[str] = []
        sa.event.listen(
            db.engine, "before_cursor_execute", lambda *a: statements.append(a[2])
        )
        assert delivers() == 0
        assert not [text for text in statements if "FROM events" in text]
