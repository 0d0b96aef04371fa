"""Where a visitor may be sent after a login: `next`.

The rule: a path on our own origin, or an absolute URL whose origin is ours or
listed in SITES; for everything else there is no answer (RFC 9700 §4.11, OWASP
ASVS 3.7.2, CWE-601).

Browsers repair what they read: a backslash becomes a slash, TAB and line ends
vanish, control characters in front are skipped, `/.//host` loses its dots (WHATWG
URL, "URL parsing"). A check with another parser than the browser's therefore lets
something through. So nothing is parsed and judged here: what does not match one
narrow grammar is refused, and inside that grammar all parsers agree. It is that
of RFC 3986 §3, without what a return address has no use for: user names, an empty
segment, dot segments, and encoded slashes, backslashes, dots and control
characters in the path. Other scripts than ASCII come percent-encoded, as a
browser's `location` writes them. The value is to be decoded once, by the
framework, and checked again when it is used.
"""

import re
from collections.abc import Iterable
from urllib.parse import quote, urlencode

from wxlogin.config import Settings, Site
from wxlogin.security.origins import (
    GRAMMAR,
    is_among,
    is_ours_or_listed,
    origin_in,
    origin_of,
)

MAX_LENGTH = 1024
#: Of a whole address, which no cookie holds: what servers take as a request line.
MAX_WHOLE_LENGTH = 8192

# pchar of RFC 3986 §3.3. In a path not: %00-%1F, %2E (.), %2F (/), %5C (\), %7F.
_PLAIN = r"[A-Za-z0-9\-._~!$&'()*+,;=:@]"
_ENCODED = r"%[0-9A-Fa-f]{2}"
_ENCODED_IN_PATH = r"%(?![01]|2[EeFf]|5[Cc]|7[Ff])[0-9A-Fa-f]{2}"
# A segment is neither empty, except the last one, nor `.` or `..`.
_SEGMENT = rf"(?!\.{{1,2}}(?:[/?#]|\Z))(?:{_PLAIN}|{_ENCODED_IN_PATH})+"
_PATH = rf"/(?:{_SEGMENT}/)*(?:{_SEGMENT})?"
# Brackets are not pchar, but sites write `?tag[]=` and no parser minds.
_REST = rf"(?:{_PLAIN}|{_ENCODED}|[/?\[\]])*"
_TAIL = rf"(?:\?{_REST})?(?:\#{_REST})?"

_LOCAL = re.compile(rf"{_PATH}{_TAIL}")
_ABSOLUTE = re.compile(rf"{GRAMMAR}(?:{_PATH})?{_TAIL}")
# Behind an origin and one slash nothing leads to another host.
_WHOLE = re.compile(rf"{GRAMMAR}/{_REST}")
# What browsers and programs send as it is and RFC 3986 wants encoded: also a per cent
# sign that encodes nothing. In a query brackets may stay.
_UNWRITTEN = re.compile(r"%(?![0-9A-Fa-f]{2})|[^A-Za-z0-9\-._~!$&'()*+,;=:@/%]")
_UNWRITTEN_IN_QUERY = re.compile(
    r"%(?![0-9A-Fa-f]{2})|[^A-Za-z0-9\-._~!$&'()*+,;=:@/?\[\]%]"
)
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")


def safe_next(value: str | None, settings: Settings) -> str | None:
    """`value`, unchanged, if a visitor may be sent there; otherwise None.

    A path is meant from the root of our origin, not from PUBLIC_URL's path.
    Scheme and host of an absolute URL are in lower case.
    """
    if not value or len(value) > MAX_LENGTH:
        return None
    if _LOCAL.fullmatch(value):
        return value
    target = origin_in(_ABSOLUTE.fullmatch(value))
    return value if is_ours_or_listed(target, settings) else None


def site_at(value: str, settings: Settings) -> Site | None:
    """The first site that lists the origin of this absolute URL; None for an address
    of ours."""
    target = origin_in(_ABSOLUTE.fullmatch(value))
    if target == origin_of(settings.public_url):
        return None
    found = (site for site in settings.sites if is_among(target, site.origins))
    return next(found, None)


def safe_return(value: str, origins: Iterable[str]) -> str | None:
    """`value`, unchanged, if it is an absolute URL of one of these origins."""
    if len(value) > MAX_LENGTH:
        return None
    target = origin_in(_ABSOLUTE.fullmatch(value))
    return value if is_among(target, origins) else None


def whole_address(value: str, settings: Settings) -> str | None:
    """`value`, unchanged, if it is an absolute URL of our origin or a listed one.

    For an address that was asked for at that host, and so may have whatever the host
    answers to: empty and dot segments, encoded slashes, and 8192 characters.
    """
    if len(value) > MAX_WHOLE_LENGTH:
        return None
    target = origin_in(_WHOLE.fullmatch(value))
    return value if is_ours_or_listed(target, settings) else None


def as_browsers_write(value: str) -> str:
    """`value` with other scripts than ASCII percent-encoded, and nothing else changed.

    For an address that a program's developer wrote by hand; it is judged afterwards.
    """
    return _BEYOND_ASCII.sub(
        lambda found: quote(found[0], safe="", errors="replace"), value
    )


def written(target: str) -> str:
    """Path and query of a request, percent-encoded where the grammar wants it.

    Characters beyond ASCII are bytes, as WSGI hands them on (PEP 3333).
    """
    path, mark, query = target.partition("?")
    return (
        _UNWRITTEN.sub(_encoded, path) + mark + _UNWRITTEN_IN_QUERY.sub(_encoded, query)
    )


def _encoded(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found[0].encode("latin-1", "replace"))


def with_query(url: str, **values: str) -> str:
    """The URL with these parameters behind the ones it has."""
    address, mark, fragment = url.partition("#")
    joint = "&" if "?" in address else "?"
    return f"{address}{joint}{urlencode(values)}{mark}{fragment}"
