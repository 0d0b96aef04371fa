"""REDIS_URL: what start-up refuses, without a word of the password."""

import sys

import pytest


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("localhost:6379", "does not begin with redis://"),
        ("127.0.0.1", "does not begin with redis://"),
        ("http://localhost:6379", "does not begin with redis://"),
        ("redis:/localhost", "does not begin with redis://"),
        ("redis+sentinel://:hush@host/0", "does not begin with redis://"),
        ("redis://", "names no host"),
        ("redis:///0", "names no host"),
        ("redis://:6379/0", "names no host"),
        ("redis://:hush@:6379/0", "names no host"),
        ("redis://host:0/0", "names no host or port"),
        ("redis://host:99999/0", "a port that is none"),
        ("redis://host:six/0", "a port that is none"),
        ("redis://:hu/sh@host:6379/0", "in its password"),
        ("redis://:hu#sh@host:6379/0", "in its password"),
        ("redis://host:6379/0#x", "a # in it"),
        ("redis://host:6379/db0", "number of a database"),
        ("redis://host:6379/0/1", "number of a database"),
        ("redis://host/-1", "number of a database"),
        ("redis://host/０", "number of a database"),
        ("unix://redis.sock", "names no socket"),
    ],
)
def test_an_address_that_leads_to_no_redis(refused, url, says):
    told = refused(redis_url=url)
    assert says in told
    assert "write redis://host:6379/0" in told
    assert "hush" not in told


@pytest.mark.parametrize(
    "url",
    [
        "redis://localhost",
        "redis://localhost:6379/15",
        "rediss://user:pa%2Fss@redis.internal:6380/0",
        "redis://redis_cache:6379/0",
        "redis://[::1]:6379/0",
        "redis://host/0?socket_timeout=2",
        "unix:///run/redis.sock?db=1",
    ],
)
def test_an_address_that_may_lead_to_one(started, url):
    assert started(redis_url=url).redis_url == url


def test_the_client_is_looked_for_before_anything_starts(refused, monkeypatch):
    monkeypatch.setitem(sys.modules, "redis", None)
    told = refused(redis_url="redis://:hush@localhost")
    assert "pip install 'wxlogin[redis]'" in told
    assert "hush" not in told
