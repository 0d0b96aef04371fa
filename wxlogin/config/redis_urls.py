"""REDIS_URL, before anything connects: can it be read, is the client there?

Several servers may be one Redis:

    redis+sentinel://user:password@host:26379,host:26379,host:26379/mymaster/0
    redis+cluster://user:password@host:6379,host:6379

Sentinels are asked which server is the primary of that name, the nodes of a cluster
where its slots are: those named here are for the first question. User and password are
those of Redis; `rediss+…` is TLS, to the sentinels as well.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Literal
from urllib.parse import unquote, urlsplit

from wxlogin.config.settings import Settings
from wxlogin.config.store_urls import host_and_port

_FORMS = "write redis://host:6379/0, or rediss:// for TLS"
_SEVERAL_FORMS = (
    "write redis+sentinel://host:26379,host:26379/name/0 with the name that the "
    "sentinels have for it, or redis+cluster://host:6379,host:6379"
)
_PORTS = {"sentinel": 26379, "cluster": 6379}


@dataclass(frozen=True)
class RedisServers:
    """What such an address says. `name` is what sentinels call their primary."""

    form: Literal["sentinel", "cluster"]
    nodes: tuple[tuple[str, int], ...]
    name: str = ""
    database: int = 0
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False


def redis_faults(settings: Settings) -> Iterator[str]:
    """A sentence where REDIS_URL cannot be used.

    It repeats nothing of the URL, which may hold a password.
    """
    url = settings.redis_url
    if not url:
        return
    if find_spec("redis") is None:
        yield (
            "REDIS_URL is set and the client of Redis is not installed; run "
            "pip install 'wxlogin[redis]'"
        )
    try:
        if redis_servers(url) is None and (fault := _fault_of_one(url)):
            yield f"REDIS_URL {fault}; {_FORMS}"
    except ValueError as error:
        yield f"REDIS_URL {error}; {_SEVERAL_FORMS}"


def redis_servers(url: str) -> RedisServers | None:
    """None where REDIS_URL names one server.

    Raises ValueError with what is wrong; it repeats nothing of the address, which may
    hold a password.
    """
    scheme, _, rest = url.partition("://")
    first, _, form = scheme.partition("+")
    if first not in ("redis", "rediss") or form not in ("sentinel", "cluster"):
        return None
    places, *path = rest.split("/")
    said, _, hosts = places.rpartition("@")
    if "@" in "".join(path) or any(mark in rest for mark in "?#"):
        raise ValueError(
            "has / ? or # in its password, which are written %2F, %3F and %23, or "
            "options, of which it has none"
        )
    username, _, password = said.partition(":")
    name, database = _within(form, path)
    return RedisServers(
        "sentinel" if form == "sentinel" else "cluster",
        tuple(_node(host, _PORTS[form]) for host in hosts.split(",")),
        name,
        database,
        unquote(username) or None,
        unquote(password) or None,
        first == "rediss",
    )


def _within(form: str, path: list[str]) -> tuple[str, int]:
    """The name of the primary, and the number of the database."""
    parts = [one for one in path if one]
    if form == "cluster":
        if parts not in ([], ["0"]):
            raise ValueError("names a database, of which a cluster has only one")
        return "", 0
    if not parts:
        raise ValueError("does not say what the sentinels call their primary")
    number = parts[1] if len(parts) > 1 else "0"
    if len(parts) > 2 or not (number.isascii() and number.isdecimal()):
        raise ValueError("ends in what is no number of a database")
    return parts[0], int(number)


def _node(text: str, usual: int) -> tuple[str, int]:
    try:
        host, port = host_and_port(text)
    except ValueError:
        raise ValueError("has a port that is none") from None
    if not host:
        raise ValueError("has a host that is none between its commas")
    return host, port or usual


def _fault_of_one(url: str) -> str:
    scheme = url.partition("://")[0] if "://" in url else ""
    if scheme == "unix":
        return "" if url.removeprefix("unix://").startswith("/") else "names no socket"
    if scheme not in ("redis", "rediss"):
        return "does not begin with redis://"
    parts = urlsplit(url)
    if "@" in parts.path + parts.query + parts.fragment:
        return "has / ? or # in its password: write these as %2F, %3F and %23"
    try:
        # `port` raises ValueError for one that there cannot be.
        if not parts.hostname or parts.port == 0:
            return "names no host or port"
    except ValueError:
        return "has a port that is none"
    if parts.fragment:
        return "has a # in it: write that as %23"
    database = parts.path.removeprefix("/")
    # The client takes what is no number for database 0, without a word.
    if database and not (database.isascii() and database.isdecimal()):
        return "ends in what is no number of a database"
    return ""
