"""What the processes of a service tell each other of a host that rests: faults F1, F6,
and F17 where they cannot."""

from wxlogin.errors import Unready
from wxlogin.net.breaker import FAILURES, Breaker
from wxlogin.tickets.host_rests import SharedRests
from wxlogin.tickets.store import TicketStore

HOST = "https://api.weixin.test"


def test_others_rest_with_it_and_one_of_them_tries(tickets: TicketStore) -> None:
    board = SharedRests(tickets)
    assert board.seconds_left(HOST) == 0
    board.rest(HOST, seconds=10)
    assert 8 < board.seconds_left(HOST) <= 11
    assert board.seconds_left("https://another.test") == 0
    assert board.claim(HOST, seconds=10) is True
    assert board.claim(HOST, seconds=10) is False
    # In vain: it rests again, and whoever comes after that may try.
    board.rest(HOST, seconds=10)
    assert board.claim(HOST, seconds=10) is True
    board.clear(HOST)
    assert board.seconds_left(HOST) == 0
    assert board.claim(HOST, seconds=10) is True


def test_it_ends_by_itself(tickets: TicketStore, clock) -> None:
    board = SharedRests(tickets)
    board.rest(HOST, seconds=10)
    board.claim(HOST, seconds=10)
    clock.advance(11)
    assert board.seconds_left(HOST) == 0
    assert board.claim(HOST, seconds=10) is True


class Away:
    """A store that does not answer."""

    def __getattr__(self, name: str):
        def fails(*_: object, **__: object) -> None:
            raise Unready("away")

        return fails


def test_without_the_store_each_goes_by_its_own_failures() -> None:
    one = Breaker(HOST, SharedRests(Away()))  # type: ignore[arg-type]
    assert [one.failed() for _ in range(FAILURES)][-1] is True
    assert one.seconds_left() > 0
    assert one.answered() is True
    assert one.seconds_left() == 0
