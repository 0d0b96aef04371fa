"""Which addresses are outside: on the public internet, and nobody's inner network.

Whoever fetches an address that came from elsewhere must not be led to loopback, a
private network or a cloud's metadata service (SSRF; OWASP ASVS 15.3.2, CWE-918).
What counts as public is IANA's registry of special-purpose addresses, as the
standard library has it. An IPv6 address that carries an IPv4 address inside leads
to that one, so both must be public.
"""

import ipaddress

# RFC 6052: how an IPv6-only network reaches IPv4 addresses.
_NAT64 = ipaddress.ip_network("64:ff9b::/96")

_Ip = ipaddress.IPv4Address | ipaddress.IPv6Address


def is_outside(text: str) -> bool:
    """Is this numeric address, as a socket gives it, on the public internet?"""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return all(_is_public(each) for each in (address, *_carried(address)))


def _is_public(address: _Ip) -> bool:
    # A multicast address may be "global", but no server has it.
    return address.is_global and not address.is_multicast


def _carried(address: _Ip) -> list[ipaddress.IPv4Address]:
    """The IPv4 addresses inside an IPv6 address: mapped, 6to4, Teredo, NAT64."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    found = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in _NAT64:
        found.append(ipaddress.IPv4Address(address.packed[-4:]))
    return [each for each in found if each is not None]
