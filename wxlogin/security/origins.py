"""Origins: scheme, host and port, compared whole.

Two URLs are of one origin if all three are equal, the usual port being the same
as none (RFC 6454 §4). An origin of SITES may begin with `*.`: it stands for one
or more labels, so `https://*.good.test` covers `a.good.test` and `a.b.good.test`
but neither `good.test` nor `evilgood.test` (the rule of CSP's host sources).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from wxlogin.config import Settings

_USUAL = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Origin:
    """`host` is in lower case, an IPv6 address in brackets; `port` is a number."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        """As a browser writes it in the Origin header."""
        usual = self.port == _USUAL[self.scheme]
        return f"{self.scheme}://{self.host}" + ("" if usual else f":{self.port}")


def origin_of(url: str) -> Origin:
    """The origin of a URL that the operator wrote; never for a visitor's input."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if ":" in host:
        host = f"[{host}]"
    return Origin(parts.scheme, host, parts.port or _USUAL[parts.scheme])


def origin(scheme: str, host: str, port: str | None) -> Origin:
    """The origin of parts that already passed a strict grammar (no empty label)."""
    return Origin(scheme, host, int(port) if port else _USUAL[scheme])


def is_ours_or_listed(candidate: Origin, settings: Settings) -> bool:
    """Is it PUBLIC_URL's origin, or one that SITES lists?"""
    if candidate == origin_of(settings.public_url):
        return True
    return is_among(
        candidate, (pattern for site in settings.sites for pattern in site.origins)
    )


def is_among(candidate: Origin, patterns: Iterable[str]) -> bool:
    """Is it one of these origins, some of which may begin with `*.`?"""
    return any(_covers(origin_of(pattern), candidate) for pattern in patterns)


def _covers(pattern: Origin, candidate: Origin) -> bool:
    if (pattern.scheme, pattern.port) != (candidate.scheme, candidate.port):
        return False
    if not pattern.host.startswith("*."):
        return pattern.host == candidate.host
    # With its dot: the border of a label. No label of the candidate is empty.
    return candidate.host.endswith(pattern.host[1:])


def web_origins(urls: Iterable[str]) -> list[str]:
    """The origins of those of these addresses that a browser opens, in their order;
    an address of a native program's has none."""
    return [
        str(origin_of(url)) for url in urls if urlsplit(url).scheme in ("http", "https")
    ]
