"""The way back to an address that no `next` can hold.

A visitor may have asked for any address of the host: with an encoded slash, an empty
segment, or longer than a cookie. The grammar of `next` is narrow, and stays so; such an
address waits here instead, and `next` is the short path that leads there. It is one of
our origin or a listed site's (`security.returning.whole_address`), looked at again when
it is used (security row 17).
"""

from wxlogin.errors import Crowded, Unready
from wxlogin.security.returning import whole_address
from wxlogin.service import running, shelf

#: Seconds; a person may leave the login open for a while.
WAIT_SECONDS = 1800
# Of WAITING_REQUESTS. Anybody may leave one by asking for an address, eight kilobytes
# at most, and all by way of one proxy; who finds no place is only led to /me.
_SHARE = 20

_addresses = shelf("way_back", str, seconds=WAIT_SECONDS)


def keep(address: str) -> str | None:
    """Keeps the address; the key is what `find` wants. None where as many wait as
    a part of WAITING_REQUESTS allows, or nothing can be kept now."""
    most = max(1, running().settings.waiting_requests // _SHARE)
    try:
        return _addresses.put(address, most=most)
    except (Crowded, Unready):
        return None


def find(key: str) -> str | None:
    """The address under this key, or None where it has waited too long."""
    found = _addresses.get(key)
    return whole_address(found, running().settings) if found else None
