"""Is the client still there? For an answer that goes on for minutes.

Who only writes to a connection hears of its end at the second write: the first one is
what makes the other side say that nobody is there. An answer that says something every
twenty seconds would keep its thread for more than half a minute.
"""

import select
import socket
import threading
from collections.abc import Callable, Mapping
from typing import Any
from weakref import WeakMethod

# This process is about to end; and who wants to know.
_ending = threading.Event()
_listeners: list[WeakMethod[Callable[[], None]]] = []


def end_streams() -> None:
    """Has answers that go on without end come to one: the server stops."""
    if _ending.is_set():
        return
    _ending.set()
    for listener in _listeners:
        if told := listener():
            told()


def at_end(method: Callable[[], None]) -> None:
    """Calls this method when the server stops, unless its object is gone by then."""
    _listeners[:] = [one for one in _listeners if one()]
    _listeners.append(WeakMethod(method))


def is_gone(environ: Mapping[str, Any]) -> bool:
    """Has the client of this WSGI request closed its connection, or does the server
    want to end? False where the server does not show it."""
    if _ending.is_set():
        return True
    sock = environ.get("gunicorn.socket") or environ.get("werkzeug.socket")
    # To ask gevent costs more than a greenlet that finds out later.
    if sock is None or type(sock).__module__.startswith("gevent"):
        return False
    # A connection of our own worker knows more.
    own = getattr(sock, "is_gone", None)
    return bool(own()) if own else hung_up(sock)


def hung_up(sock: socket.socket) -> bool:
    """Has the other side sent its end? Takes nothing from the connection."""
    try:
        poll = select.poll()
        poll.register(sock, select.POLLIN)
        return bool(poll.poll(0)) and not sock.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    except (OSError, ValueError):
        return True
