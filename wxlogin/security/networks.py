"""Whose address it is, for counting (security rows 97 and 102).

Who has one IPv6 address has its whole /64 (RFC 6177, RFC 4291 section 2.5.4) and takes
another one for each request, so a /64 counts as one. An IPv4 address has many
spellings in IPv6, by which a server behind a translator or on a dual-stack socket sees
it; they all count as that one address, and not as one /64 for the whole of IPv4.
"""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

# The well-known prefix of translators, RFC 6052 section 2.1.
_TRANSLATED = IPv6Network("64:ff9b::/96")
_NETWORK_BITS = 64
# Longer than any address with its port; a proxy writes no more.
_LONGEST = 64


def group_of(address: str) -> str:
    """A name for everybody who may well be the same as who has this address.

    `address` may have brackets, a port or a zone, as proxies write them. What is no
    address at all counts by its own text.
    """
    text = address.strip()[:_LONGEST]
    found = _parsed(text)
    if found is None:
        return text or "unknown"
    if isinstance(found, IPv4Address):
        return str(found)
    if inner := _inner(found):
        return str(inner)
    return str(IPv6Network((int(found), _NETWORK_BITS), strict=False))


def is_inner(address: str) -> bool:
    """Is this an address of this machine or of an inner network? None at all, which is
    what a Unix socket has, is one too."""
    found = _parsed(address.strip()[:_LONGEST])
    if isinstance(found, IPv6Address):
        found = _inner(found) or found
    return found is None or found.is_private


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    host = text
    if text.startswith("["):
        host = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        host = text.partition(":")[0]
    try:
        return ip_address(host.partition("%")[0])
    except ValueError:
        return None


def _inner(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that this one stands for."""
    if address in _TRANSLATED:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour
