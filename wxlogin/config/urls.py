"""Web addresses that an operator wrote, in the one spelling that everybody compares.

What is said here reaches WeChat, the sites and browsers, and comes back in Host and
Origin headers, which browsers write in one way only (WHATWG URL, "host parsing"): in
small letters, other scripts as `xn--` (IDNA, UTS 46), the usual port left out, an IP
address in its plain form whatever numbers it was written in. So a value is either
brought into that form here, once, or refused with a sentence; nobody who reads a
setting needs to think of another spelling. Security rows 37 and 111.
"""

import re
from dataclasses import dataclass
from urllib.parse import quote

from wxlogin.config.host_names import host_name, ip_of

_EXAMPLE = "https://login.shop.example"
_USUAL = {"http": 80, "https": 443}
_PARTS = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<place>[^/?#]*)"
    r"(?P<path>[^?#]*)(?P<query>\?[^#]*)?(?P<fragment>#.*)?",
    re.DOTALL,
)
_PLACE = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]]*)(?::([0-9]*))?")
# A native app's own scheme, by its reversed domain name (RFC 8252 section 7.1).
_APP_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+")
_SEGMENTS = re.compile(r"(?:/(?!\.{1,2}(?:/|\Z))[A-Za-z0-9._~-]+)*")


@dataclass(frozen=True)
class Address:
    """`host` is in small letters and ASCII, an IPv6 address in brackets; `port` is
    None for the usual one; `query` begins with its `?`."""

    scheme: str
    host: str
    port: int | None = None
    path: str = ""
    query: str = ""

    @property
    def origin(self) -> str:
        port = "" if self.port is None else f":{self.port}"
        return f"{self.scheme}://{self.host}{port}"

    def __str__(self) -> str:
        return f"{self.origin}{self.path}{self.query}"


def web_address(text: str, *, inner: bool = False) -> Address:
    """The address that these letters name. Raises ValueError with a sentence.

    It has neither user name nor fragment. `inner` allows `_` in the host. The
    sentence repeats nothing of the text, which may hold a password.
    """
    _require_plain(text)
    parts = _PARTS.fullmatch(text)
    if parts is None or (scheme := parts["scheme"].lower()) not in _USUAL:
        raise ValueError(f"write a whole URL, such as {_EXAMPLE}")
    if "@" in parts["place"]:
        raise ValueError("leave out user name and password: write scheme and host")
    if parts["fragment"] is not None:
        raise ValueError(
            "an address has no # here: leave it out with what is behind it"
        )
    if "\\" in text:
        raise ValueError("write / for \\")
    host, port = _host_and_port(parts["place"], scheme, inner=inner)
    return Address(scheme, host, port, parts["path"], parts["query"] or "")


def base_url(text: str) -> str:
    """A URL that paths are put behind: scheme, host, port and a plain path.

    Without a slash at the end. Raises ValueError with a sentence.
    """
    found = web_address(text)
    if found.query:
        raise ValueError("leave out the ? and what is behind it")
    path = found.path.rstrip("/")
    if not _SEGMENTS.fullmatch(path):
        raise ValueError(
            "the path takes letters of ASCII, digits, . _ ~ and - between single "
            "slashes: https://shop.example/wx"
        )
    return found.origin + path


def link(text: str) -> str:
    """Where a link of our pages leads: a path on our host or a whole address.

    Other scripts are percent-encoded. Raises ValueError with a sentence.
    """
    if text.startswith("/"):
        _require_plain(text)
        if text.startswith("//") or "\\" in text:
            raise ValueError("write one / in front of a path, or a whole address")
        return _encoded(text)
    try:
        found = web_address(text.partition("#")[0])
    except ValueError as error:
        raise ValueError(f"{error}; or a path on our host: /terms") from None
    mark, fragment = text.partition("#")[1:]
    return _encoded(f"{found}{mark}{fragment}")


def return_address(text: str) -> str:
    """Where a site may have people sent back to: it is compared letter by letter, so
    only a host in another script is written anew. A native app's own scheme is one,
    too. Raises ValueError with a sentence.
    """
    if "*" in text:
        raise ValueError("a return address is compared as a whole: leave out the *")
    found = in_ascii(text)
    if not found.isascii():
        raise ValueError(
            "write other scripts percent-encoded, as they are sent: /%E5%9B%9E"
        )
    scheme = found.partition(":")[0]
    if _APP_SCHEME.fullmatch(scheme) and "\\" not in found:
        _require_plain(found)
        if "#" in found:
            raise ValueError(
                "an address has no # here: leave it out with what is behind it"
            )
        return found
    web_address(found)
    return found


def in_ascii(text: str) -> str:
    """The same address with its host as browsers write it, where it is of another
    script; anything else unchanged."""
    parts = None if text.isascii() else _PARTS.fullmatch(text)
    if parts is None:
        return text
    place, end = parts["place"], text[parts.end("place") :]
    host, mark, port = place.partition(":")
    try:
        name = host if host.isascii() else host_name(host)
    except ValueError:
        return text
    return f"{parts['scheme']}://{name}{mark}{port}{end}"


def as_sent(text: str) -> str:
    """A return address that a site sent, as SITES has it: with `xn--` where its host is
    of another script. Full-width letters of ASCII are another spelling, and are not
    what is registered."""
    found = in_ascii(text)
    host = found.partition("://")[2].partition("/")[0]
    return found if "xn--" in host else text


def called_address(text: str) -> str:
    """An address that our server calls or sends a browser to, percent-encoded where
    that is needed. A container's name may hold `_`. Raises ValueError."""
    return _encoded(str(web_address(text, inner=True)))


def origin(text: str) -> str:
    """Scheme, host and port; the host may begin with `*.`. Raises ValueError."""
    scheme, mark, rest = text.partition("://*.")
    found = web_address(f"{scheme}://{rest}" if mark else text)
    if found.path or found.query:
        raise ValueError(
            "an origin is scheme and host, with a port where it is not the usual one, "
            "and nothing behind: https://shop.example"
        )
    if mark and ip_of(found.host):
        raise ValueError("*. goes with a name, not with an IP address")
    return found.origin.replace("://", "://*.", 1) if mark else found.origin


def _host_and_port(place: str, scheme: str, *, inner: bool) -> tuple[str, int | None]:
    found = _PLACE.fullmatch(place)
    if found is None or not found[1]:
        raise ValueError(f"write a host, and a port of digits: {_EXAMPLE}:8443")
    host, port = found.groups()
    number = int(port[:6]) if port else _USUAL[scheme]
    if not 0 < number < 65536:
        raise ValueError("a port is 1 to 65535")
    name = host_name(host, inner=inner)
    return name, None if number == _USUAL[scheme] else number


def _require_plain(text: str) -> None:
    if any(char.isspace() or not char.isprintable() for char in text):
        raise ValueError("an address has no blanks and no invisible characters")


def _encoded(text: str) -> str:
    return quote(text, safe="!#$%&'()*+,/:;=?@[]~")
