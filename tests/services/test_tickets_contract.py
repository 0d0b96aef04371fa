"""What every ticket store promises, shown on each of them."""

import pytest

from tests.services.conftest import Clock
from wxlogin.errors import Crowded
from wxlogin.tickets import Ticket, TicketStore
from wxlogin.tickets.store import REMEMBERED


def test_a_ticket_comes_back_as_it_was_put(tickets: TicketStore) -> None:
    assert tickets.add("scan", "nonce", "值😀", ttl=60)
    assert tickets.get("scan", "nonce") == Ticket(1, "值😀")


def test_no_ticket_is_none(tickets: TicketStore) -> None:
    assert tickets.get("scan", "nonce") is None
    assert tickets.take("scan", "nonce") is None
    assert not tickets.swap("scan", "nonce", 1, "x", ttl=60)


def test_add_leaves_a_ticket_that_is_there_alone(tickets: TicketStore) -> None:
    tickets.add("scan", "nonce", "first", ttl=60)
    assert tickets.add("scan", "nonce", "second", ttl=60) is False
    assert tickets.get("scan", "nonce") == Ticket(1, "first")


def test_kinds_and_keys_are_apart(tickets: TicketStore) -> None:
    assert tickets.add("scan", "nonce", "a", ttl=60)
    assert tickets.add("bind", "nonce", "b", ttl=60)
    assert tickets.add("scan", "NONCE", "c", ttl=60)
    assert tickets.take("bind", "nonce") == "b"
    assert tickets.get("scan", "nonce") == Ticket(1, "a")
    assert tickets.get("scan", "NONCE") == Ticket(1, "c")


def test_swap_needs_the_version_that_is_there(tickets: TicketStore) -> None:
    tickets.add("scan", "nonce", "open", ttl=60)
    assert tickets.swap("scan", "nonce", 1, "scanned", ttl=60) is True
    assert tickets.swap("scan", "nonce", 1, "late", ttl=60) is False
    assert tickets.get("scan", "nonce") == Ticket(2, "scanned")


def test_take_gives_it_once(tickets: TicketStore) -> None:
    tickets.add("handover", "nonce", "who", ttl=60)
    assert tickets.take("handover", "nonce") == "who"
    assert tickets.take("handover", "nonce") is None
    assert tickets.add("handover", "nonce", "next", ttl=60)


def test_a_ticket_ends_with_its_time(tickets: TicketStore, clock: Clock) -> None:
    """Security row 5: what is kept for ten minutes is gone afterwards."""
    tickets.add("attempt", "nonce", "open", ttl=600)
    clock.advance(599)
    assert tickets.get("attempt", "nonce") == Ticket(1, "open")
    clock.advance(2)
    assert tickets.get("attempt", "nonce") is None
    assert tickets.take("attempt", "nonce") is None
    assert not tickets.swap("attempt", "nonce", 1, "late", ttl=600)


def test_fractions_of_a_second_count(tickets: TicketStore, clock: Clock) -> None:
    tickets.add("attempt", "nonce", "open", ttl=60.5)
    clock.advance(60)
    assert tickets.get("attempt", "nonce")
    clock.advance(0.6)
    assert tickets.get("attempt", "nonce") is None


def test_swap_gives_a_new_end(tickets: TicketStore, clock: Clock) -> None:
    tickets.add("attempt", "nonce", "open", ttl=10)
    tickets.swap("attempt", "nonce", 1, "done", ttl=120)
    clock.advance(60)
    assert tickets.get("attempt", "nonce") == Ticket(2, "done")


def test_an_expired_ticket_does_not_stand_in_the_way(
    tickets: TicketStore, clock: Clock
) -> None:
    tickets.add("attempt", "nonce", "old", ttl=10)
    clock.advance(11)
    assert tickets.add("attempt", "nonce", "new", ttl=10) is True
    assert tickets.add("attempt", "nonce", "newer", ttl=10) is False
    ticket = tickets.get("attempt", "nonce")
    assert ticket
    assert ticket.value == "new"


def test_who_held_an_expired_ticket_cannot_swap_the_next_one(
    tickets: TicketStore, clock: Clock
) -> None:
    """A worker that slept through its ticket's end must not write over another's."""
    tickets.add("attempt", "nonce", "slow worker", ttl=10)
    clock.advance(11)
    tickets.add("attempt", "nonce", "other worker", ttl=10)
    assert not tickets.swap("attempt", "nonce", 1, "too late", ttl=10)


def test_sweep_keeps_what_is_alive_or_remembered(
    tickets: TicketStore, clock: Clock
) -> None:
    tickets.add("attempt", "old", "x", ttl=10)
    clock.advance(REMEMBERED)
    tickets.add("attempt", "recent", "x", ttl=10)
    clock.advance(20)
    tickets.add("attempt", "alive", "x", ttl=10)
    assert tickets.sweep() <= 1
    assert tickets.sweep() == 0
    assert tickets.get("attempt", "alive")
    # The one that was remembered goes on counting.
    assert tickets.add("attempt", "recent", "y", ttl=10)
    assert tickets.get("attempt", "recent") == Ticket(2, "y")


def test_the_version_of_a_key_that_is_used_again(
    tickets: TicketStore, clock: Clock
) -> None:
    tickets.add("scan", "nonce", "open", ttl=60)
    tickets.swap("scan", "nonce", 1, "scanned", ttl=60)
    clock.advance(60 + REMEMBERED - 5)
    assert tickets.add("scan", "nonce", "after its end", ttl=60)
    assert tickets.get("scan", "nonce") == Ticket(3, "after its end")
    tickets.take("scan", "nonce")
    assert tickets.add("scan", "nonce", "after it was taken", ttl=60)
    assert tickets.get("scan", "nonce") == Ticket(1, "after it was taken")


def test_of_a_kind_no_more_than_so_many_wait(tickets: TicketStore) -> None:
    """Security row 8, finding M6: the newest is refused, and nobody who waits."""
    for number in range(3):
        assert tickets.add("request", f"nonce-{number}", "kept", ttl=60, most=3)
    with pytest.raises(Crowded) as raised:
        tickets.add("request", "one-too-many", "new", ttl=60, most=3)
    assert raised.value.retry_after
    assert tickets.get("request", "one-too-many") is None
    for number in range(3):
        assert tickets.get("request", f"nonce-{number}") == Ticket(1, "kept")
    assert tickets.swap("request", "nonce-0", 1, "goes on", ttl=60)


def test_other_kinds_and_uncounted_ones_are_never_refused(tickets: TicketStore) -> None:
    assert tickets.add("request", "nonce", "kept", ttl=60, most=1)
    assert tickets.add("attempt", "nonce", "kept", ttl=60)
    assert tickets.add("farewell", "nonce", "kept", ttl=60, most=1)


def test_what_is_taken_or_over_makes_room(tickets: TicketStore, clock: Clock) -> None:
    for number in range(3):
        tickets.add("request", f"nonce-{number}", "kept", ttl=60, most=3)
    assert tickets.take("request", "nonce-0") == "kept"
    clock.advance(3)
    assert tickets.add("request", "next", "kept", ttl=60, most=3)
    with pytest.raises(Crowded):
        tickets.add("request", "one-too-many", "new", ttl=60, most=3)
    clock.advance(61)
    for number in range(3):
        assert tickets.add("request", f"later-{number}", "kept", ttl=60, most=3)


def test_what_gets_a_nearer_end_makes_room_then(
    tickets: TicketStore, clock: Clock
) -> None:
    """A request that was answered is kept for a reload only."""
    tickets.add("request", "nonce", "waits", ttl=1800, most=1)
    assert tickets.swap("request", "nonce", 1, "answered", ttl=120)
    clock.advance(100)
    with pytest.raises(Crowded):
        tickets.add("request", "next", "waits", ttl=1800, most=1)
    clock.advance(21)
    assert tickets.add("request", "next", "waits", ttl=1800, most=1)


def test_a_store_that_answers_says_so(tickets: TicketStore) -> None:
    tickets.ping()


@pytest.mark.parametrize("size", [0, 1, 20_000])
def test_values_of_any_size(tickets: TicketStore, size: int) -> None:
    tickets.add("attempt", "nonce", "好" * size, ttl=10)
    assert tickets.take("attempt", "nonce") == "好" * size


def test_waiting_ends_at_once_where_there_is_something_new(
    tickets: TicketStore,
) -> None:
    tickets.add("scan", "nonce", "open", ttl=60)
    assert tickets.wait("scan", "nonce", version=0, timeout=60) == Ticket(1, "open")
    assert tickets.wait("scan", "gone", version=1, timeout=60) is None


def test_waiting_ends_with_its_time(tickets: TicketStore) -> None:
    tickets.add("scan", "nonce", "open", ttl=60)
    assert tickets.wait("scan", "nonce", version=1, timeout=0) == Ticket(1, "open")
