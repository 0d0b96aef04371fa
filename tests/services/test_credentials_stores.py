"""An app's access token in each of the four stores: one question, one token."""

import subprocess
import sys
import time
from dataclasses import replace

import pytest
import requests
import time_machine

from tests.services.conftest import Clock, bare_app
from tests.services.token_worker import MP, Place, serving
from wxlogin.db import Base, db
from wxlogin.errors import WeChatMisconfigured
from wxlogin.flows import credentials, held_token
from wxlogin.flows.credentials import with_token
from wxlogin.service import running
from wxlogin.wechat import app_calls
from wxlogin.wechat.answers import AppToken
from wxlogin.wechat.errors import Call, to_exception


class WeChatsAnswers:
    """What WeChat is asked for, and what it gives: a new token each time."""

    def __init__(self) -> None:
        self.asked = 0
        self.errcode = 0
        self.seconds = 0.0

    def __call__(self, wechat, app, *, deadline) -> AppToken:
        self.asked += 1
        time.sleep(self.seconds)
        if self.errcode:
            raise to_exception(self.errcode, "", app=app.name, call=Call.APP_TOKEN)
        return AppToken(f"68_{self.asked}", 7200)


@pytest.fixture
def wechat(monkeypatch) -> WeChatsAnswers:
    answers = WeChatsAnswers()
    monkeypatch.setattr(app_calls, "app_token", answers)
    return answers


def token(*_: object) -> str:
    return with_token(MP, lambda token: token, deadline=running().wechat.deadline())


def test_many_at_once_ask_once(together, wechat):
    wechat.seconds = 0.3
    assert set(together(token, threads=8)) == {"68_1"}
    assert wechat.asked == 1


def test_a_token_that_is_long_over_is_followed_by_another(
    tickets, wechat, clock: Clock
):
    """Also where the store has forgotten all but that something was there."""
    assert token() == "68_1"
    clock.advance(7200 + 200)
    with time_machine.travel(time.time() + 7200 + 200, tick=True):
        assert [token(), token()] == ["68_2", "68_2"]
    assert wechat.asked == 2


def test_a_failure_is_everybodys(together, wechat):
    wechat.errcode, wechat.seconds = 40164, 0.2

    def fails(*_: object) -> int:
        with pytest.raises(WeChatMisconfigured) as caught:
            token()
        return caught.value.facts["errcode"]

    assert set(together(fails, threads=6)) == {40164}
    assert wechat.asked == 1


def test_a_worker_that_died_as_it_asked(tickets, wechat, clock: Clock):
    """Its lease runs out, and another one asks."""
    held = held_token.found_at(held_token.key_of(MP))
    assert credentials._claim(held) is not None
    with time_machine.travel(time.time() + 30, tick=True):
        assert token() == "68_1"


PROCESSES = 8
STABLE = "/cgi-bin/stable_token"


@pytest.fixture
def place(store, own_prefix, wechat_demo) -> Place:
    # All eight are there before the first one has an answer.
    wechat_demo.world.switch(latency_ms=300)
    return Place(store, own_prefix, wechat_demo.url)


@pytest.fixture
def store(request) -> str:
    url = request.getfixturevalue(f"{request.param}_url")
    if request.param != "redis":
        with bare_app(url) as app, app.app_context():
            Base.metadata.create_all(db.engine, tables=[_ticket_table])
    return url


_ticket_table = Base.metadata.tables["ticket"]


OVER, REFUSED = ("68_that-is-over", -5), ("68_that-wechat-refuses", 6000)


@pytest.mark.parametrize(
    ("store", "held"),
    [
        *[(name, OVER) for name in ("sqlite", "postgresql", "mariadb", "redis")],
        ("redis", REFUSED),
    ],
    indirect=["store"],
)
def test_eight_processes_that_meet_a_dead_token_ask_once(place, held):
    with serving(place):
        found = held_token.found_at(held_token.key_of(MP))
        token, ends = held[0], time.time() + held[1]
        assert held_token.keep(replace(found, token=token, ends=ends, due=ends))
    words = [str(PROCESSES), place.store, place.prefix, place.wechat]
    command = [sys.executable, "-m", "tests.services.token_worker", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    tokens = done.stdout.split()
    assert len(tokens) == PROCESSES
    rows = requests.get(f"{place.wechat}/_sim/calls", timeout=10).json()
    upstream = [row for row in rows if row["path"] == STABLE]
    assert len(set(tokens)) == 1
    assert token not in tokens
    assert len(upstream) == 1
