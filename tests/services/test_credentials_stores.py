"""An app's access token in each of the four stores: one question, one token."""

import time

import pytest
import time_machine

from tests.services.conftest import Clock
from wxlogin.config.demo import demo_apps
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


MP = next(app for app in demo_apps() if app.name == "mp")


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
