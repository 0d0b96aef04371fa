"""REDIS_URL, before anything connects: can it be read, is the client there?"""

from collections.abc import Iterator
from importlib.util import find_spec
from urllib.parse import urlsplit

from wxlogin.config.settings import Settings

_FORMS = "write redis://host:6379/0, or rediss:// for TLS"


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
    if fault := _fault(url):
        yield f"REDIS_URL {fault}; {_FORMS}"


def _fault(url: str) -> str:
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
