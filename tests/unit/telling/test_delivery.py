"""The thread that tells sites, beside the requests of a process."""

from collections.abc import Callable, Iterator
from threading import Event
from threading import enumerate as threads
from time import monotonic

import pytest
from flask import Flask

from tests.support.people import People
from tests.support.receiver import Heard, Receiver, receiver
from tests.support.telling import customer, delivers, has_signed_out, site
from wxlogin.cli.upkeep import deliver, start_delivery, stop_delivery
from wxlogin.errors import Unready
from wxlogin.telling import delivery
from wxlogin.telling.webhooks import Webhooks

PATIENCE = 20


@pytest.fixture
def shop() -> Iterator[Receiver]:
    with receiver() as server:
        yield server


@pytest.fixture
def app(service_for: Callable[..., Flask], shop: Receiver) -> Iterator[Flask]:
    """A service with two sites that are to be told."""
    made = service_for(
        sites=(
            site("shop", webhook=f"{shop.url}/hook", logout=f"{shop.url}/logout"),
            site("forum", webhook=f"{shop.url}/forum"),
        )
    )
    with made.app_context():
        yield made
    stop_delivery(made)


@pytest.fixture
def arrived(shop: Receiver) -> Event:
    """Set as soon as the shop has taken something."""
    event = Event()

    def take(_heard: Heard) -> int:
        event.set()
        return 204

    shop.answers = take
    return event


def test_nothing_runs_in_a_plain_application(app: Flask, shop: Receiver) -> None:
    customer(People(), "o1", "shop")
    assert not [thread for thread in threads() if thread.name == "deliver"]
    assert shop.requests == []


def test_what_this_process_writes_is_told_at_once(
    app: Flask, arrived: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "POLL_SECONDS", 3600.0)
    start_delivery(app)
    customer(People(), "o1", "shop")
    assert arrived.wait(PATIENCE)


def test_what_another_process_left_is_found(
    app: Flask, arrived: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = customer(People(), "o1", "shop")
    monkeypatch.setattr(delivery, "POLL_SECONDS", 0.05)
    start_delivery(app)
    assert arrived.wait(PATIENCE)
    arrived.clear()
    has_signed_out(user, "shop", "sid1")
    assert arrived.wait(PATIENCE)


def test_a_failing_look_does_not_end_the_thread(
    app: Flask, arrived: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = Event()

    def broken(_outbox: object) -> list[object]:
        looked.set()
        raise Unready("the database does not answer")

    monkeypatch.setattr(delivery, "POLL_SECONDS", 0.05)
    sites_due = Webhooks.sites_due
    monkeypatch.setattr(Webhooks, "sites_due", broken)
    start_delivery(app)
    assert looked.wait(PATIENCE)
    monkeypatch.setattr(Webhooks, "sites_due", sites_due)
    customer(People(), "o1", "shop")
    assert arrived.wait(PATIENCE)


def test_a_slow_site_holds_no_other(
    app: Flask, shop: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also at later looks: its own thread is busy, and nobody waits for that."""
    free, others = Event(), [Event(), Event()]
    forum: list[Heard] = []

    def take(heard: Heard) -> int:
        if heard.path == "/hook":
            free.wait(PATIENCE)
        else:
            forum.append(heard)
            others[len(forum) - 1].set()
        return 204

    shop.answers = take
    monkeypatch.setattr(delivery, "POLL_SECONDS", 0.05)
    start_delivery(app)
    people = People()
    customer(people, "o1", "shop", "forum")
    assert others[0].wait(PATIENCE)
    customer(people, "o2", "forum")
    assert others[1].wait(PATIENCE)
    free.set()


def test_a_dead_site_delays_no_sign_in(
    app: Flask, shop: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request only commits rows; the calls that hang are another thread's."""
    monkeypatch.setattr(delivery, "POLL_SECONDS", 0.05)
    shop.hangs = True
    start_delivery(app)
    people = People()
    customer(people, "o0", "shop", "forum")
    began = monotonic()
    for number in range(1, 11):
        customer(people, f"o{number}", "shop", "forum")
        people.signs_in("web", f"o{number}", name="new")
    assert monotonic() - began < 4
    shop.released.set()


def test_stopping_ends_the_thread(app: Flask) -> None:
    start_delivery(app)
    assert [thread for thread in threads() if thread.name == "deliver"]
    stop_delivery(app)
    assert not [thread for thread in threads() if thread.name == "deliver"]
    stop_delivery(app)


def test_command_tells_what_is_due_once(app: Flask, shop: Receiver) -> None:
    customer(People(), "o1", "shop")
    result = app.test_cli_runner().invoke(deliver)
    assert result.output == "Delivered 1.\n"
    assert len(shop.requests) == 1
    assert delivers() == 0
