"""DATABASE_URL and REDIS_URL: what start-up refuses, without a word of the password."""

import sys

import pytest

from wxlogin.config.redis_urls import RedisServers, redis_servers


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("localhost:6379", "does not begin with redis://"),
        ("127.0.0.1", "does not begin with redis://"),
        ("http://localhost:6379", "does not begin with redis://"),
        ("redis:/localhost", "does not begin with redis://"),
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
    ("url", "says"),
    [
        ("redis+sentinel://:hush@one,two", "what the sentinels call their primary"),
        ("redis+sentinel://:hush@one,two/", "what the sentinels call their primary"),
        ("redis+sentinel://one:0,two/main", "a port that is none"),
        ("redis+sentinel://one:port/main", "a port that is none"),
        ("redis+sentinel://one,,two/main", "a host that is none"),
        ("redis+sentinel://one/main/six", "number of a database"),
        ("redis+sentinel://one/main/1/2", "number of a database"),
        ("redis+sentinel://:hu/sh@one/main", "in its password"),
        ("redis+sentinel://one/main?ssl=1", "options, of which it has none"),
        ("redis+cluster://", "a host that is none"),
        ("redis+cluster://:hush@one:6379/1", "a cluster has only one"),
        ("rediss+cluster://:hu#sh@one", "in its password"),
    ],
)
def test_an_address_that_leads_to_none_of_several(refused, url, says):
    told = refused(redis_url=url)
    assert says in told
    assert "write redis+sentinel://host:26379,host:26379/name/0" in told
    assert "hush" not in told and "hu" not in told.partition("; write")[0]


@pytest.mark.parametrize(
    ("url", "meant"),
    [
        (
            "redis+sentinel://one,two:26380,[::1]:1/main/3",
            RedisServers(
                "sentinel", (("one", 26379), ("two", 26380), ("::1", 1)), "main", 3
            ),
        ),
        (
            "rediss+sentinel://me:pa%2Fss@one/main",
            RedisServers(
                "sentinel", (("one", 26379),), "main", 0, "me", "pa/ss", tls=True
            ),
        ),
        (
            "redis+cluster://:hush@one,two:7000",
            RedisServers("cluster", (("one", 6379), ("two", 7000)), password="hush"),
        ),
        ("redis://one:6379/0", None),
    ],
)
def test_several_servers_are_read(started, url, meant):
    assert redis_servers(started(redis_url=url).redis_url) == meant
    assert "hush" not in repr(meant)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mysql+pymysql://u@one/x?host=two&host=three", "before and behind"),
        ("mysql+pymysql://u@/x?host=one,two", "each host by itself"),
        ("mysql+pymysql://u@/x?host=one:six&host=two", "a port that is none"),
        ("postgresql+psycopg://u@/x?host=one&host=two", "target_session_attrs"),
        (
            "postgresql+psycopg://u@/x?host=one&host=two&target_session_attrs=any",
            "target_session_attrs=read-write",
        ),
        ("postgresql+psycopg://u@one/x?prepare_threshold=None", "or none behind"),
    ],
)
def test_several_databases_that_are_not_one(refused, url, says):
    told = refused(database_url=url)
    assert says in told and "DATABASE_URL" in told


@pytest.mark.parametrize(
    "url",
    [
        "mysql+pymysql://u@/x?host=one:3306&host=two&host=[::1]:3307",
        "postgresql+psycopg://u@/x?host=one:1&host=two:2&target_session_attrs=read-write",
        "postgresql+psycopg://u@/x?host=/var/run/postgresql",
        "postgresql+psycopg://u@one/x?prepare_threshold=none",
        "postgresql+psycopg://u@one/x?prepare_threshold=5",
    ],
)
def test_several_databases_that_are_one(started, url):
    assert started(database_url=url).database_url == url


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
