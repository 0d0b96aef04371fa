"""A login's call whose quota is used up is left alone (`wechat.quotas`): fault F7."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine

from tests.support.broken_wechat import PROFILE, TOKENS, App, Server, says
from wxlogin.errors import WeChatBusy
from wxlogin.wechat.client import WeChat
from wxlogin.wechat.errors import Call, never_left
from wxlogin.wechat.quotas import rest_seconds

DAY, MINUTE = 45009, 45011
APP, OTHER = App(), App("oa", "wx0000000000000a02")


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """Twenty to midnight in China, and twenty seconds past the minute."""
    at = datetime(2026, 3, 1, 15, 40, 20, tzinfo=UTC)
    with time_machine.travel(at, tick=False) as clock:
        yield clock


RID = "653f6a60-70851a2e-4e50da8d"


def refusal(errcode: int):
    return says({"errcode": errcode, "errmsg": f"reach limit, rid: {RID}"})


def exchange(wechat: WeChat, app: App = APP) -> str:
    return wechat.exchange(app, "C", deadline=wechat.deadline()).openid


def refused(wechat: WeChat) -> WeChatBusy:
    with pytest.raises(WeChatBusy) as caught:
        exchange(wechat)
    return caught.value


@pytest.mark.parametrize(("errcode", "seconds"), [(DAY, 600), (MINUTE, 40)])
def test_it_is_not_made_until_wechat_counts_anew(
    wechat: WeChat, server: Server, clock: time_machine.Traveller, errcode, seconds
) -> None:
    server.will(refusal(errcode), says(TOKENS))
    assert refused(wechat).retry_after == seconds
    clock.shift(seconds - 1)
    error = refused(wechat)
    assert (error.facts["errcode"], error.facts["sent"]) == (errcode, False)
    assert error.facts["rid"] == RID, "what Tencent's support asks for"
    assert error.retry_after == 1
    assert never_left(error), "the code is as good as before"
    assert len(server.targets) == 1
    clock.shift(1)
    assert exchange(wechat) == TOKENS["openid"]


def test_it_rests_no_longer_than_until_midnight_in_china(
    clock: time_machine.Traveller,
) -> None:
    clock.shift(19 * 60)
    assert rest_seconds(DAY, Call.EXCHANGE) == 40


def test_other_apps_and_other_calls_go_on(
    wechat: WeChat, server: Server, clock: time_machine.Traveller
) -> None:
    server.will(refusal(DAY), says(TOKENS), says(PROFILE))
    refused(wechat)
    assert exchange(wechat, OTHER) == TOKENS["openid"]
    pair = ("68_access", PROFILE["openid"])
    wechat.userinfo(APP, pair, deadline=wechat.deadline())
    assert len(server.targets) == 3


def test_one_persons_quota_is_nobody_elses_matter(
    wechat: WeChat, server: Server, clock: time_machine.Traveller
) -> None:
    """A mini program's login: a hundred a minute for each person."""
    session = {"openid": TOKENS["openid"], "session_key": "4Mhn8IM6WGTk+g4X/5CnWA=="}
    server.will(refusal(MINUTE), says(session))
    with pytest.raises(WeChatBusy):
        wechat.code2session(APP, "C", deadline=wechat.deadline())
    wechat.code2session(APP, "D", deadline=wechat.deadline())
    assert len(server.targets) == 2


def test_a_clock_that_is_put_back_keeps_nobody_out(
    wechat: WeChat, server: Server, clock: time_machine.Traveller
) -> None:
    """fault F10"""
    server.will(refusal(DAY), says(TOKENS))
    refused(wechat)
    clock.shift(-3600)
    assert exchange(wechat) == TOKENS["openid"]
