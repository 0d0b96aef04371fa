"""Fault F17 as a visitor meets it: Redis, where the tickets are, is killed, emptied or
silent. New sign-ins read a page, sessions go on, and nobody becomes somebody else."""

import signal

import pytest
import redis

from tests.faults.conftest import SignsIn, check_503, stranger
from wxlogin.tickets import redis as tickets_in_redis
from wxlogin.tickets import redis_client


@pytest.fixture
def app(app_for, own_redis, monkeypatch):
    monkeypatch.setattr(redis_client, "ANSWER_SECONDS", 0.3)
    monkeypatch.setattr(tickets_in_redis, "SILENT_SECONDS", 0.0)
    return app_for(redis_url=own_redis.url)


@pytest.mark.parametrize("how", ["killed", "silent"])
def test_while_it_is_away(
    app, signed_in, lihua, signs_in: SignsIn, own_redis, log, how
):
    browser = stranger(app)
    started = browser.starts()
    code = lihua.confirms(started)
    log()
    if how == "killed":
        own_redis.kill()
    else:
        own_redis.signal(signal.SIGSTOP)
    try:
        check_503(browser.returns(started, code), log)
        assert signed_in.get("/api/me").status_code == 200
    finally:
        if how == "killed":
            own_redis.start()
        else:
            own_redis.signal(signal.SIGCONT)
    # Without a restart of ours. Whether the code is good depends on what Redis did.
    assert signs_in(browser, lihua).status_code == 303
    assert browser.who()["nickname"] == "李华"
    assert signed_in.who()["nickname"] == "小明😀"


def test_emptied_in_the_middle(app, signed_in, lihua, signs_in: SignsIn, own_redis):
    browser = stranger(app)
    started = browser.starts()
    code = lihua.confirms(started)
    with redis.Redis.from_url(own_redis.url) as client:
        client.flushall()
        client.script_flush()
    answer = browser.returns(started, code)
    assert answer.status_code in (303, 400)
    if answer.status_code == 400:
        assert signs_in(browser, lihua).status_code == 303
    assert browser.who()["nickname"] == "李华"
    assert signed_in.who()["nickname"] == "小明😀"
