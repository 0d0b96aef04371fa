"""Is the client still there? For an answer that goes on for minutes.

Who only writes to a connection hears of its end at the second write: the first one is
what makes the other side say that nobody is there. An answer that says something every
fifteen seconds would keep its thread for half a minute.
"""

import select
import socket
from collections.abc import Mapping
from typing import Any


def is_gone(environ: Mapping[str, Any]) -> bool:
    """Has the client of this WSGI request closed its connection, or does the server
    want to end? False where the server does not show it."""
    sock = environ.get("gunicorn.socket") or environ.get("werkzeug.socket")
    if sock is None:
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
