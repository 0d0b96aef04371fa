"""Many at once: one winner, whichever store."""

from collections.abc import Callable

from wxlogin.tickets import Ticket, TicketStore

Together = Callable[..., list[object]]


def test_twenty_add_the_same_key(together: Together, tickets: TicketStore) -> None:
    """Security row 10: of twenty callbacks at once, one claims the attempt."""
    won = together(lambda store, me: store.add("attempt", "nonce", str(me), ttl=60))
    assert sorted(won) == [False] * 19 + [True]
    assert tickets.get("attempt", "nonce") == Ticket(1, str(won.index(True)))


def test_twenty_add_over_an_expired_ticket(
    together: Together, tickets: TicketStore, clock: Callable[[], float]
) -> None:
    tickets.add("attempt", "nonce", "old", ttl=10)
    clock.advance(11)
    won = together(lambda store, me: store.add("attempt", "nonce", str(me), ttl=60))
    assert sorted(won) == [False] * 19 + [True]
    assert tickets.get("attempt", "nonce") == Ticket(2, str(won.index(True)))


def test_twenty_swap_the_same_version(together: Together, tickets: TicketStore) -> None:
    tickets.add("scan", "nonce", "open", ttl=60)
    won = together(lambda store, me: store.swap("scan", "nonce", 1, str(me), ttl=60))
    assert sorted(won) == [False] * 19 + [True]
    assert tickets.get("scan", "nonce") == Ticket(2, str(won.index(True)))


def test_twenty_take_the_same_ticket(together: Together, tickets: TicketStore) -> None:
    """Security row 70: twenty claims, one of them gets it."""
    tickets.add("handover", "nonce", "who", ttl=60)
    got = together(lambda store, _: store.take("handover", "nonce"))
    assert sorted(got, key=str) == [None] * 19 + ["who"]


def test_no_swap_is_lost(together: Together, tickets: TicketStore) -> None:
    tickets.add("scan", "nonce", "0", ttl=60)

    def count_up(store: TicketStore, _: int) -> None:
        while ticket := store.get("scan", "nonce"):
            value = str(int(ticket.value) + 1)
            if store.swap("scan", "nonce", ticket.version, value, ttl=60):
                return

    together(count_up, threads=8)
    assert tickets.get("scan", "nonce") == Ticket(9, "8")


def test_twenty_add_and_take_different_keys(
    together: Together, tickets: TicketStore
) -> None:
    def round_trip(store: TicketStore, me: int) -> object:
        return store.add("a", f"{me}", "x", ttl=60) and store.take("a", f"{me}")

    assert together(round_trip) == ["x"] * 20


def test_a_waiting_browser_hears_of_a_change(together: Together) -> None:
    """Security row 76: the one who waits gets it, the bell being rung or not."""

    def wait_or_change(store: TicketStore, me: int) -> object:
        if me < 4:
            return store.wait("scan", "nonce", version=0, timeout=20)
        store.add("scan", "nonce", "confirmed", ttl=60)
        if me % 2:
            store.notify("scan", "nonce")
        return None

    heard = together(wait_or_change, threads=6)
    assert heard[:4] == [Ticket(1, "confirmed")] * 4
