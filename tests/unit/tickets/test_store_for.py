"""Which store the settings choose, and what happens while Redis is away."""

import sys
from contextlib import ExitStack

import pytest
from flask import Flask

from tests.support.people import serves
from wxlogin.config import Settings
from wxlogin.errors import ConfigurationError, Unready
from wxlogin.security.sealing import Sealer
from wxlogin.service import running, service_of
from wxlogin.tickets import store_for
from wxlogin.tickets.redis import RedisTickets
from wxlogin.tickets.sql import SqlTickets

SEALER = Sealer([bytes(32)])
# Port 9 discards; nobody listens there.
NOBODY = "redis://:password-in-url@127.0.0.1:9/0"


def test_the_database_unless_redis_is_named() -> None:
    assert isinstance(store_for(Settings(), SEALER), SqlTickets)
    store = store_for(Settings(redis_url=NOBODY), SEALER)
    assert isinstance(store, RedisTickets)


@pytest.mark.parametrize("url", ["", NOBODY])
@pytest.mark.parametrize(("wanted", "threads", "seats"), [(3, 20, 3), (0, 20, 10)])
def test_so_many_may_wait_in_it(
    url: str, wanted: int, threads: int, seats: int
) -> None:
    settings = Settings(redis_url=url, waiting_browsers=wanted)
    room = store_for(settings, SEALER, threads=threads)._room
    with ExitStack() as stack:
        taken = [
            stack.enter_context(room._seat(lasting=False)) for _ in range(seats + 1)
        ]
    assert taken == [True] * seats + [False]


def test_a_url_that_is_none_is_a_mistake_in_the_settings() -> None:
    with pytest.raises(ConfigurationError) as caught:
        store_for(Settings(redis_url="127.0.0.1:6379"), SEALER)
    assert "REDIS_URL" in caught.value.operator


def test_without_the_client_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "wxlogin.tickets.redis", raising=False)
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(ConfigurationError) as caught:
        store_for(Settings(redis_url=NOBODY), SEALER)
    assert "wxlogin[redis]" in caught.value.operator


def test_while_redis_is_away_the_answer_is_503_with_a_time() -> None:
    """Fault F17: a clear "try again", and no word of Redis' address."""
    store = RedisTickets(NOBODY, SEALER)
    for step in (
        lambda: store.add("attempt", "nonce", "open", ttl=60),
        lambda: store.get("attempt", "nonce"),
        lambda: store.swap("attempt", "nonce", 1, "done", ttl=60),
        lambda: store.take("attempt", "nonce"),
        lambda: store.wait("attempt", "nonce", version=0, timeout=60),
        store.ping,
    ):
        with pytest.raises(Unready) as caught:
            step()
        assert (caught.value.status, caught.value.retry_after) == (503, 5)
        assert "password-in-url" not in repr((caught.value, caught.value.facts))
        assert caught.value.__suppress_context__


def test_the_running_application_holds_the_store() -> None:
    app = Flask("wxlogin")
    serves(app)
    service_of(app).tickets = store = SqlTickets(SEALER)
    with app.app_context():
        assert running().tickets is store
