"""Host names to addresses, within a deadline.

The operating system's look-up cannot be interrupted and may take half a minute
when a name server is silent. It therefore runs in a thread that the login leaves
behind at its deadline. Logins that need the same name at the same moment share
one look-up; nothing is cached, so a changed or bad answer lives no longer than
the connections made with it.
"""

import socket
from concurrent.futures import Future
from threading import Lock, Thread
from time import monotonic
from typing import Any

from wxlogin.net.deadline import Deadline

#: Family, type, protocol, canonical name and socket address of one address.
Address = tuple[int, int, int, str, Any]

# A look-up older than this is not joined: it hangs, a new one may not.
JOIN_SECONDS = 2.0

_pending: dict[tuple[str, int], tuple[float, Future[list[Address]]]] = {}
_lock = Lock()


def addresses(host: str, port: int, deadline: Deadline) -> list[Address]:
    """The addresses of `host` for TCP, in the system's order of preference.

    Raises `TimeoutError` at the deadline and `socket.gaierror` for a name that
    does not exist or cannot be looked up.
    """
    host = host.strip("[]")
    try:
        return _look_up(host, port, socket.AI_NUMERICHOST)
    except socket.gaierror:
        pass  # a name, not an address
    try:
        return _shared_look_up(host, port).result(timeout=deadline.remaining())
    except socket.gaierror as error:
        # One exception object is shared by all who waited; each raises its own.
        failure = socket.gaierror(*error.args)
    raise failure


def _look_up(host: str, port: int, flags: int = 0) -> list[Address]:
    return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags))


def _shared_look_up(host: str, port: int) -> Future[list[Address]]:
    key = (host, port)
    with _lock:
        started, future = _pending.get(key, (0.0, None))
        if future is not None and monotonic() - started < JOIN_SECONDS:
            return future
        future = Future()
        _pending[key] = (monotonic(), future)
    Thread(target=_run, args=(key, future), name="wechat-names", daemon=True).start()
    return future


def _run(key: tuple[str, int], future: "Future[list[Address]]") -> None:
    try:
        found = _look_up(*key)
    except Exception as error:
        _forget(key, future)
        future.set_exception(error)
    else:
        _forget(key, future)
        future.set_result(found)


def _forget(key: tuple[str, int], future: "Future[list[Address]]") -> None:
    with _lock:
        if key in _pending and _pending[key][1] is future:
            del _pending[key]
