"""Whose address it is, for counting (security rows 97 and 102), and who is near.

Who has one IPv6 address has its whole /64 (RFC 6177, RFC 4291 section 2.5.4) and takes
another one for each request, so a /64 counts as one. An IPv4 address has many
spellings in IPv6, by which a server behind a translator or on a dual-stack socket sees
it; they all count as that one address, and not as one /64 for the whole of IPv4.

Two addresses are near each other, so that a phone and a browser may well be in one room
(security row 74), where they have the same /24, or the same /56, which is what a home
gets of IPv6 (RFC 6177). Who has an IPv4 address and who has an IPv6 one may be
neighbours too, but nothing says so, and what is no address is near nothing.
"""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

# The well-known prefix of translators, RFC 6052 section 2.1.
_TRANSLATED = IPv6Network("64:ff9b::/96")
_NETWORK_BITS = 64
# What two addresses that are near each other have in common, by version.
_NEAR_BITS = {4: 24, 6: 56}
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


def are_near(one: str, other: str) -> bool:
    """Are these the addresses of one home, office or school, as far as they tell?"""
    first, second = _plain(one), _plain(other)
    if first is None or second is None or first.version != second.version:
        return False
    apart = first.max_prefixlen - _NEAR_BITS[first.version]
    return int(first) >> apart == int(second) >> apart


def masked(address: str) -> str:
    """The address for somebody else's eyes: of a network, and not of one machine.

    Empty for what is no address.
    """
    found = _plain(address)
    if found is None:
        return ""
    if isinstance(found, IPv4Address):
        return str(found).rpartition(".")[0] + ".x"
    groups = found.exploded.split(":")[:3]
    return ":".join(f"{int(group, 16):x}" for group in groups) + ":x"


def is_inner(address: str) -> bool:
    """Is this an address of this machine or of an inner network? None at all, which is
    what a Unix socket has, is one too."""
    found = _plain(address)
    return found is None or found.is_private


def _plain(text: str) -> IPv4Address | IPv6Address | None:
    """The address; of one that stands for an IPv4 address, that."""
    found = _parsed(text.strip()[:_LONGEST])
    return (_inner(found) or found) if isinstance(found, IPv6Address) else found


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
