"""A way through an HTTP proxy: CONNECT (RFC 9110 section 9.3.6).

The proxy carries bytes and sees where they go. TLS is spoken through it with the host
itself, so it reads neither secrets nor codes. Its own answer is read up to the blank
line, within the time that connecting may take.
"""

import re
import socket

from wxlogin.config.outbound import Proxy
from wxlogin.net.deadline import CONNECT_SECONDS, Trip

# Bytes of the head of a proxy's answer.
_MOST = 16 * 1024
_GOOD = re.compile(rb"HTTP/1\.[01] 2[0-9][0-9][ \r]")


class ProxyRefused(ValueError):
    """The proxy does not let us through, or is none."""


def open_tunnel(
    sock: socket.socket, proxy: Proxy, host: str, port: int, trip: Trip
) -> None:
    """From here on the socket, connected to the proxy, leads to this host and port.

    Raises `ProxyRefused`, and what sockets raise.
    """
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {place} HTTP/1.1", f"Host: {place}", "User-Agent: wxlogin"]
    if proxy.authorization:
        lines.append(f"Proxy-Authorization: {proxy.authorization}")
    sock.settimeout(trip.connecting.slice(CONNECT_SECONDS))
    sock.sendall("\r\n".join([*lines, "", ""]).encode("ascii"))
    head = b""
    while b"\r\n\r\n" not in head:
        sock.settimeout(trip.connecting.slice(CONNECT_SECONDS))
        more = sock.recv(_MOST)
        head += more
        if not more or len(head) > _MOST:
            raise ProxyRefused
    # Nobody speaks behind the proxy before we do.
    if not _GOOD.match(head) or not head.endswith(b"\r\n\r\n"):
        raise ProxyRefused
