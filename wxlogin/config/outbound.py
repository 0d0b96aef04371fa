"""The proxy by which this service's calls leave an inner network (OUTBOUND_PROXY).

A setting of our own: the environment's HTTPS_PROXY was set for something else, and the
AppSecret is not to travel by it unseen.
"""

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from wxlogin.config.settings import Settings

_FORM = "write http://proxy.internal:3128, or http://user:password@proxy.internal:3128"


@dataclass(frozen=True)
class Proxy:
    """Where it is, and what it wants to see: user and password, `Basic …` or empty."""

    host: str
    port: int
    authorization: str = field(default="", repr=False)


def proxy_of(settings: Settings) -> Proxy | None:
    """The proxy of these settings, which start-up has accepted; None for none."""
    if not settings.outbound_proxy:
        return None
    parts = urlsplit(settings.outbound_proxy)
    authorization = ""
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = f"Basic {b64encode(pair.encode()).decode()}"
    return Proxy(parts.hostname or "", parts.port or 0, authorization)


def proxy_faults(settings: Settings) -> Iterator[str]:
    """A sentence where OUTBOUND_PROXY cannot be used; it repeats nothing of it."""
    if settings.outbound_proxy and (fault := _fault(settings.outbound_proxy)):
        yield f"OUTBOUND_PROXY {fault}; {_FORM}"


def _fault(url: str) -> str:
    if not url.startswith("http://"):
        return "does not begin with http://"
    parts = urlsplit(url)
    if "@" in parts.path + parts.query + parts.fragment:
        return "has / ? or # in its password: write these as %2F, %3F and %23"
    try:
        # `port` raises ValueError for one that there cannot be.
        if not parts.hostname or not parts.port:
            return "names no host or port"
    except ValueError:
        return "has a port that is none"
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        return "has something behind its port"
    return ""
