"""A client of Redis: of one server, of the primary that sentinels name, of a cluster.

Which one REDIS_URL says (config/store_urls.py). Nobody is kept waiting: each has a
second to be reached and two to answer, and is tried once more where a connection broke,
a primary was replaced or a slot has moved.
"""

from typing import Any

import redis
from redis.backoff import ConstantBackoff
from redis.cluster import ClusterNode
from redis.exceptions import RedisClusterException
from redis.retry import Retry
from redis.sentinel import Sentinel, SentinelConnectionPool

from wxlogin.config.redis_urls import RedisServers, redis_servers
from wxlogin.tickets.waiting import is_green

# Seconds Redis may take to be reached, and to answer.
CONNECT_SECONDS = 1.0
ANSWER_SECONDS = 2.0
# Connections of a process whose threads are greenlets; in a cluster to each node.
GREEN_CONNECTIONS = 8
# Tries of one command in a cluster: a node is gone, its slots are with another one.
_CLUSTER_TRIES = 3

#: All that says that Redis does not do what it is asked.
FAULTS = (redis.RedisError, RedisClusterException)

Client = redis.Redis | redis.RedisCluster


class _SentinelPool(SentinelConnectionPool, redis.BlockingConnectionPool):
    """Where all connections are taken, greenlets take turns."""


def connect(url: str) -> Client:
    """A client that is not kept waiting.

    One of a cluster asks it at once where its slots are, and raises one of FAULTS where
    none of its nodes answers; the others contact nobody yet. Raises ValueError for no
    address of Redis.
    """
    if options := cluster_options(url):
        return redis.RedisCluster(**options)
    return connect_one(url)


def connect_one(url: str) -> redis.Redis:
    """The same for one server, which sentinels may have to be asked for."""
    options = _waits()
    # A connection that died while idle is replaced; silence is not waited for twice.
    options["retry"] = Retry(ConstantBackoff(0.05), 1, (redis.ConnectionError,))
    if servers := redis_servers(url):
        return _primary(servers, options)
    if is_green():
        pool = redis.BlockingConnectionPool.from_url(url, **options)
        return redis.Redis.from_pool(pool)
    return redis.Redis.from_url(url, **options)


def cluster_options(url: str) -> dict[str, Any]:
    """What redis.RedisCluster takes; nothing where the address is no cluster's."""
    servers = redis_servers(url)
    if servers is None or servers.form != "cluster":
        return {}
    green = {"connection_pool_class": redis.BlockingConnectionPool}
    return {
        "startup_nodes": [ClusterNode(*node) for node in servers.nodes],  # type: ignore[no-untyped-call]
        "username": servers.username,
        "password": servers.password,
        # While one part of it is away, the others do their work.
        "require_full_coverage": False,
        "retry": Retry(ConstantBackoff(0.05), _CLUSTER_TRIES),
        **_tls(servers),
        **_waits(),
        **(green if is_green() else {}),
    }


def _waits() -> dict[str, Any]:
    waits: dict[str, Any] = {
        "socket_connect_timeout": CONNECT_SECONDS,
        "socket_timeout": ANSWER_SECONDS,
    }
    if is_green():
        # Thousands of greenlets may ask at once, and take turns.
        waits |= {"max_connections": GREEN_CONNECTIONS, "timeout": ANSWER_SECONDS}
    return waits


def _primary(servers: RedisServers, options: dict[str, Any]) -> redis.Redis:
    sentinels = Sentinel(  # type: ignore[no-untyped-call]
        servers.nodes,
        sentinel_kwargs={
            "socket_connect_timeout": CONNECT_SECONDS,
            "socket_timeout": CONNECT_SECONDS,
            **_tls(servers),
        },
    )
    found: redis.Redis = sentinels.master_for(  # type: ignore[no-untyped-call]
        servers.name,
        connection_pool_class=_SentinelPool if is_green() else SentinelConnectionPool,
        db=servers.database,
        username=servers.username,
        password=servers.password,
        **_tls(servers),
        **options,
    )
    return found


def _tls(servers: RedisServers) -> dict[str, bool]:
    return {"ssl": True} if servers.tls else {}
