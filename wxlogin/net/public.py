"""Which addresses are outside: on the public internet, and nobody's inner network.

Whoever fetches an address that came from elsewhere must not be led to loopback, a
private network or a cloud's metadata service (SSRF; OWASP ASVS 15.3.2, CWE-918).

What counts as public is IANA's: the registries of special-purpose addresses, and for
IPv6 the one block that is handed out as global unicast (RFC 4291 section 2.4).
They are written out here because the standard library's tables are as old as the
Python that runs us. An IPv6 address that carries an IPv4 address inside leads to
that one, so both must be public.
"""

import ipaddress
from typing import TYPE_CHECKING

from wxlogin.net import faults, names
from wxlogin.net.pools import PlainConnection, PlainPool, TlsConnection, TlsPool
from wxlogin.net.transport import Transport

# RFC 6052: how an IPv6-only network reaches IPv4 addresses.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
# iana.org/assignments/iana-ipv4-special-registry, and multicast.
_SPECIAL4 = tuple(
    map(
        ipaddress.IPv4Network,
        (
            "0.0.0.0/8",  # this network
            "10.0.0.0/8",  # private
            "100.64.0.0/10",  # carriers' NAT, and Alibaba Cloud's metadata service
            "127.0.0.0/8",  # loopback
            "169.254.0.0/16",  # link-local, and other clouds' metadata services
            "172.16.0.0/12",  # private
            "192.0.0.0/24",  # protocols
            "192.0.2.0/24",  # documentation
            "192.31.196.0/24",  # AS112
            "192.52.193.0/24",  # multicast tunnels
            "192.88.99.0/24",  # 6to4 relays, given up
            "192.168.0.0/16",  # private
            "192.175.48.0/24",  # AS112
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and broadcast
        ),
    )
)
# iana.org/assignments/iana-ipv6-special-registry, as far as it is global unicast.
_SPECIAL6 = tuple(
    map(
        ipaddress.IPv6Network,
        (
            "2001::/23",  # protocols: Teredo, ORCHID, benchmarks
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4, given up
            "2620:4f:8000::/48",  # AS112
            "3ffe::/16",  # 6bone, given up
            "3fff::/20",  # documentation
        ),
    )
)
# RFC 5214 section 6.1: the IPv4 address of an inner network follows one of these.
_ISATAP = (b"\x00\x00\x5e\xfe", b"\x02\x00\x5e\xfe")


def is_outside(text: str) -> bool:
    """Is this numeric address, as a socket gives it, on the public internet?"""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return _is_public4(address)
    if address in _NAT64:
        return _is_public4(_last4(address))
    # What names a network card is not reached over the internet.
    return address.scope_id is None and _is_public6(address)


def _is_public4(address: ipaddress.IPv4Address) -> bool:
    return not any(address in net for net in _SPECIAL4) and address.is_global


def _is_public6(address: ipaddress.IPv6Address) -> bool:
    if address not in _GLOBAL_UNICAST or any(address in net for net in _SPECIAL6):
        return False
    carries = address.packed[8:12] in _ISATAP
    return address.is_global and (not carries or _is_public4(_last4(address)))


def _last4(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address:
    return ipaddress.IPv4Address(address.packed[-4:])


if TYPE_CHECKING:
    _Connection = PlainConnection
else:
    _Connection = object


class _Outside(_Connection):
    """Leads to the public internet only; what was looked up is what is connected to."""

    def _addresses(self) -> list[names.Address]:
        found = [each for each in super()._addresses() if is_outside(each[4][0])]
        if not found:
            raise faults.Inside
        return found

    def _places(self) -> list[str]:
        # By their numbers: a proxy's own look-up of the name might lead inside.
        return [each[4][0] for each in self._addresses()]


class _OutsidePlain(_Outside, PlainConnection):
    pass


class _OutsideTls(_Outside, TlsConnection):
    pass


class PublicPlainPool(PlainPool):
    """Connections by http to public addresses only."""

    ConnectionCls = _OutsidePlain


class PublicTlsPool(TlsPool):
    """Connections by https to public addresses only."""

    ConnectionCls = _OutsideTls


class PublicTransport(Transport):
    """A transport to the public internet only."""

    plain = PublicPlainPool
    tls = PublicTlsPool
