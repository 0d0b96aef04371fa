"""gevent's worker, for browsers that wait by the thousand.

A greenlet costs a few kilobytes, so each client has one for as long as it is there, and
none has to be freed for another. What holds for our threads holds here: a request has
its time to arrive, head and body, and streams of events end when the worker stops.

`start_patched` begins a program anew, with everything that waits replaced by what
gevent has for it. Only before anything else is imported is that whole.
"""

import io
import os
import sys
from typing import Any, NoReturn

import gevent
from gunicorn.http.body import ChunkedReader
from gunicorn.workers.ggevent import GeventWorker

from wxlogin.server import presence
from wxlogin.server.bounds import BODY_BYTES, LATE, REQUEST_SECONDS
from wxlogin.server.connection import allowed_connections

# Between two requests a client is let be so long.
_HEAD_SECONDS = 5.0
_PATCHED = (
    "import sys, gevent.monkey; gevent.monkey.patch_all(); "
    "import importlib; module, _, name = sys.argv[1].partition(':'); "
    "del sys.argv[:2]; "
    "sys.exit(getattr(importlib.import_module(module), name)())"
)


def start_patched(program: str) -> NoReturn:
    """Puts a new program in the place of this one, with the same arguments.

    `program` is a module and what is called in it, such as `wxlogin.cli:main`.
    """
    words = [sys.executable, "-P", "-c", _PATCHED, program, *sys.argv]
    os.execv(sys.executable, words)  # noqa: S606  no shell, and our own arguments


class GreenWorker(GeventWorker):
    """`worker_class` for gunicorn: a greenlet for each client."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.worker_connections = allowed_connections(self.cfg.worker_connections)

    def notify(self) -> None:
        """Called once a second, also while the last clients are served."""
        super().notify()
        if not self.alive:
            presence.end_streams()

    def timeout_ctx(self) -> Any:
        """Around waiting for a request, and reading its head."""
        return gevent.Timeout(_HEAD_SECONDS, False)

    def handle_request(
        self, listener_name: Any, req: Any, sock: Any, addr: Any
    ) -> None:
        reader = req.body.reader
        if not isinstance(reader, ChunkedReader) and reader.length <= BODY_BYTES:
            try:
                with gevent.Timeout(REQUEST_SECONDS):
                    req.body = io.BytesIO(req.body.read())
            except gevent.Timeout:
                sock.sendall(LATE)
                raise StopIteration("the body did not come in time") from None
        super().handle_request(listener_name, req, sock, addr)
        if not self.alive:
            raise StopIteration("the worker stops")
