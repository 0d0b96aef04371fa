"""What waits for a site: who sends it, when again, and in which order."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
import time_machine
from flask import Flask

from tests.support.telling import site
from wxlogin.accounts.models import Event, LogoutNotice
from wxlogin.config import Site
from wxlogin.db import now, reading, transaction
from wxlogin.net.outgoing import Reply
from wxlogin.service import running
from wxlogin.telling.backchannel import Notices
from wxlogin.telling.outbox import LEASE, Outbox
from wxlogin.telling.webhooks import Webhooks

PAUSE = 60
HOOK = "https://shop.test/hook"


class Ear:
    """A way to the site: what was sent, and what the site says to it."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.answers: Callable[[str], int] = lambda _text: 204

    def says(self, text: str) -> Reply:
        self.heard.append(text)
        return Reply(self.answers(text))


EAR = Ear()


class HeardEvents(Webhooks):
    def send(self, site: Site, row: Event) -> Reply:
        return EAR.says(row.event_id)

    def pause(self, site: Site, row: Event, reply: Reply) -> int | None:
        return PAUSE if row.tries < 2 else None


class HeardNotices(Notices):
    def send(self, site: Site, row: LogoutNotice) -> Reply:
        return EAR.says(row.sid)

    def pause(self, site: Site, row: LogoutNotice, reply: Reply) -> int | None:
        return PAUSE if row.tries < 2 else None


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(datetime.now(UTC), tick=True) as traveller:
        yield traveller


@pytest.fixture(autouse=True)
def ear() -> Ear:
    EAR.__init__()  # type: ignore[misc]  # as it begins each time
    return EAR


@pytest.fixture(autouse=True)
def service(
    service_for: Callable[..., Flask], clock: time_machine.Traveller
) -> Iterator[None]:
    both = site("shop", webhook=HOOK, logout="https://shop.test/logout")
    with service_for(sites=(both, site("quiet"))).app_context():
        yield


def happens(name: str, *users: str, client_id: str = "shop") -> None:
    uid, other, *_ = (*users, None)
    row = Event(
        event_id=name,
        client_id=client_id,
        type="user.changed",
        uid=uid,
        other_uid=other,
        data={},
        at=now(),
    )
    transaction(lambda session: session.add(row))


def ends(sid: str, uid: str = "u1", client_id: str = "shop") -> None:
    row = LogoutNotice(client_id=client_id, uid=uid, sid=sid, at=now())
    transaction(lambda session: session.add(row))


@pytest.fixture(params=[HeardEvents, HeardNotices])
def outbox(request: pytest.FixtureRequest) -> Outbox:
    return request.param()


@pytest.fixture
def puts(outbox: Outbox) -> Callable[[str], None]:
    """Something of a user of its own comes to wait."""
    if isinstance(outbox, HeardNotices):
        return lambda name: ends(name, uid=name)
    return lambda name: happens(name, name)


def shop() -> Site:
    return running().settings.sites[0]


def test_what_arrived_is_settled(outbox: Outbox, puts, ear: Ear) -> None:
    puts("a"), puts("b")
    assert [one.name for one in outbox.sites_due()] == ["shop"]
    assert outbox.tell(shop()) == 2
    assert ear.heard == ["a", "b"]
    assert (outbox.sites_due(), outbox.rows(shop())) == ([], [])
    assert (outbox.tell(shop()), len(ear.heard)) == (0, 2)


def test_what_failed_is_put_off_and_in_the_end_given_up(
    outbox: Outbox, puts, ear: Ear, clock: time_machine.Traveller
) -> None:
    puts("a")
    ear.answers = lambda _text: 500
    for tries in (1, 2, 3):
        assert outbox.tell(shop()) == 0
        assert len(ear.heard) == tries
        assert outbox.sites_due() == []
        clock.shift(PAUSE + 1)
    assert outbox.tell(shop()) == 0
    assert len(ear.heard) == 3


def test_after_a_failure_the_rest_waits_for_the_next_look(
    outbox: Outbox, puts, ear: Ear
) -> None:
    puts("a"), puts("b")
    ear.answers = lambda text: 500 if text == "a" else 204
    assert (outbox.tell(shop()), ear.heard) == (0, ["a"])
    assert (outbox.tell(shop()), ear.heard) == (1, ["a", "b"])


def test_a_lease_keeps_others_away_until_it_is_over(
    outbox: Outbox, puts, ear: Ear, clock: time_machine.Traveller
) -> None:
    puts("a")
    (row,) = outbox.rows(shop())
    assert outbox.claim(row)
    # A look that is old by now takes nothing.
    assert not outbox.claim(row)
    assert (outbox.sites_due(), outbox.tell(shop())) == ([], 0)
    clock.shift(LEASE.total_seconds() + 1)
    assert (outbox.tell(shop()), ear.heard) == (1, ["a"])


def test_one_that_took_a_claimed_row_over_counts_its_tries(
    outbox: Outbox, puts, clock: time_machine.Traveller
) -> None:
    puts("a")
    for tries in (0, 1):
        (row,) = outbox.rows(shop())
        assert row.tries == tries
        assert outbox.claim(row)
        clock.shift(LEASE.total_seconds() + 1)


def test_an_event_waits_for_the_earlier_ones_of_its_users(
    ear: Ear, clock: time_machine.Traveller
) -> None:
    outbox = HeardEvents()
    happens("a1", "a"), happens("b1", "b"), happens("ab", "b", "a")
    happens("b2", "b"), happens("c1", "c")
    ear.answers = lambda text: 500 if text == "a1" else 204
    outbox.tell(shop())
    assert outbox.tell(shop()) == 2
    assert ear.heard == ["a1", "b1", "c1"]
    ear.answers = lambda _text: 204
    clock.shift(PAUSE + 1)
    assert outbox.tell(shop()) == 3
    assert ear.heard[3:] == ["a1", "ab", "b2"]


def test_a_notice_waits_for_no_other(ear: Ear) -> None:
    """The tokens of an ended session are dead anyway."""
    outbox = HeardNotices()
    ends("s1"), ends("s2")
    ear.answers = lambda text: 500 if text == "s1" else 204
    outbox.tell(shop())
    assert (outbox.tell(shop()), ear.heard) == (1, ["s1", "s2"])


def test_events_of_a_site_without_an_address_stay_for_the_feed() -> None:
    happens("q1", "q", client_id="quiet")
    assert HeardEvents().sites_due() == []
    with reading() as session:
        assert session.query(Event).count() == 1
