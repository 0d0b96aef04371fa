"""Connections to WeChat, pooled, whose every wait ends at the login's deadline.

A time-out per `recv` is no deadline: a body that drips one byte per half second
keeps a client with a read time-out of three seconds for minutes. So each single
wait here (name, address, TLS handshake, send, every read below http.client) gets
what is left of the one budget. The handshake counts as one wait: OpenSSL's
binding in CPython treats the time-out of a handshake as a total.

The connection also notes how far a request came. An authorization code may be
sent again only if its request never left.
"""

import http.client
import io
import socket
from collections.abc import Mapping
from time import monotonic
from typing import TYPE_CHECKING, Any

from urllib3 import BaseHTTPResponse, HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from wxlogin.config.outbound import Proxy
from wxlogin.net import names
from wxlogin.net.deadline import (
    CONNECT_SECONDS,
    SILENCE_SECONDS,
    Deadline,
    Trip,
    TripTimeout,
)
from wxlogin.net.tunnel import ProxyRefused, open_tunnel

# A pooled connection idle for longer is not used again: routers and firewalls
# forget idle connections without telling, and the request would go nowhere.
IDLE_SECONDS = 50.0


class _PacedFile(io.RawIOBase):
    """The reading end of a socket; every read gets what is left of the budget."""

    def __init__(self, sock: socket.socket, trip: Trip) -> None:
        # The socket's own file object keeps the socket open while it is read.
        self._file = sock.makefile("rb", buffering=0)
        self._sock = sock
        self._deadline = trip.deadline

    def makefile(self, mode: str) -> io.BufferedReader:
        """What http.client asks of a socket."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._deadline.slice(SILENCE_SECONDS))
        return self._file.readinto(buffer)

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()


if TYPE_CHECKING:
    _Connection = HTTPConnection
    _Pool = HTTPConnectionPool
else:
    _Connection = _Pool = object


class _OnTrip(_Connection):
    """What our plain and our TLS connection have in common."""

    # A process-wide http.client.HTTPConnection.debuglevel would print the query
    # with its secret to the standard output.
    debuglevel = 0
    trip: Trip
    #: The proxy that it leaves by; None where it goes directly.
    way_out: Proxy | None = None
    idle_since = 0.0

    def _new_conn(self) -> socket.socket:
        trip = self.trip
        trip.stage = "name"
        if self.way_out:
            sock = self._through(self.way_out)
        else:
            found = self._addresses()
            trip.stage = "connect"
            sock = _first_that_answers(found, trip.connecting)
        sock.settimeout(trip.connecting.slice(CONNECT_SECONDS))
        trip.stage = "tls"
        return sock

    def _through(self, proxy: Proxy) -> socket.socket:
        failure: Exception = OSError("no address")
        for place in self._places():
            self.trip.stage = "proxy"
            try:
                return self._tunnel_to(place, proxy)
            except (OSError, ProxyRefused) as error:
                failure = error
        raise failure

    def _tunnel_to(self, place: str, proxy: Proxy) -> socket.socket:
        found = names.addresses(proxy.host, proxy.port, self.trip.connecting)
        sock = _first_that_answers(found, self.trip.connecting)
        try:
            open_tunnel(sock, proxy, place, self.port, self.trip)
        except BaseException:
            sock.close()
            raise
        return sock

    def _places(self) -> list[str]:
        """What a proxy is asked to connect to, in this order: it looks names up."""
        return [self._dns_host.strip("[]")]

    def _addresses(self) -> list[names.Address]:
        """Where to connect to. What is checked here is what is connected to."""
        return names.addresses(self._dns_host, self.port, self.trip.connecting)

    def send(self, data: Any) -> None:
        trip = self.trip
        if self.sock is None:
            self.connect()
        trip.stage = "send"
        self.sock.settimeout(trip.deadline.slice(SILENCE_SECONDS))
        trip.sent = True
        try:
            super().send(data)
        except ConnectionError:
            # Head and body are one small write each; refused, nobody has the whole.
            trip.sent = False
            raise
        trip.stage = "headers"

    # A method where http.client has a class: it is called the same way.
    def response_class(  # type: ignore[override]
        self, sock: socket.socket, **options: Any
    ) -> http.client.HTTPResponse:
        # http.client asks its `sock` for nothing but makefile("rb").
        paced: Any = _PacedFile(sock, self.trip)
        return http.client.HTTPResponse(paced, **options)


class PlainConnection(_OnTrip, HTTPConnection):
    """For a simulator on this machine; WeChat itself speaks https only."""


class TlsConnection(_OnTrip, HTTPSConnection):
    """For WeChat."""


class _TripPool(_Pool):
    """Ties the trip of a request to the connection that carries it."""

    way_out: Proxy | None = None

    def ask(
        self,
        method: str,
        target: str,
        trip: Trip,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
    ) -> BaseHTTPResponse:
        """Sends this once. Redirects are not followed; the answer's body is not read
        yet, and nothing of it unpacked. Raises what urllib3 and the system raise."""
        return self.urlopen(
            method,
            target,
            body=body,
            headers=headers,
            retries=False,
            redirect=False,
            assert_same_host=False,
            timeout=TripTimeout(trip),
            preload_content=False,
            decode_content=False,
        )

    def _make_request(self, conn: Any, *args: Any, **options: Any) -> Any:
        trip: Trip = options["timeout"].trip
        conn.trip, conn.way_out = trip, self.way_out
        trip.reused = not conn.is_closed
        return super()._make_request(conn, *args, **options)

    def _get_conn(self, timeout: float | None = None) -> Any:
        # urllib3 looks whether the peer has closed the connection meanwhile.
        conn: Any = super()._get_conn(timeout)
        if not conn.is_closed and monotonic() - conn.idle_since > IDLE_SECONDS:
            conn.close()
        return conn

    def _put_conn(self, conn: Any) -> None:
        if conn is not None:
            conn.idle_since = monotonic()
        super()._put_conn(conn)


class PlainPool(_TripPool, HTTPConnectionPool):
    ConnectionCls = PlainConnection


class TlsPool(_TripPool, HTTPSConnectionPool):
    ConnectionCls = TlsConnection


def _first_that_answers(
    found: list[names.Address], deadline: Deadline
) -> socket.socket:
    failure: OSError = OSError("no address")
    for family, kind, protocol, _, address in found:
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(deadline.slice(CONNECT_SECONDS))
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.connect(address)
        except OSError as error:
            sock.close()
            failure = error
        else:
            return sock
    raise failure
