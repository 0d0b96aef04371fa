"""A small application, and the worker with less patience, for gunicorn to load."""

import time

from wxlogin.server import worker
from wxlogin.server.presence import is_gone

worker.REQUEST_SECONDS = 0.4
worker._SILENCE_SECONDS = 0.4
worker._LINGER_SECONDS = 0.4
worker._TELL_SECONDS = 0.0

LARGE = 5_000_000
PAGE = 250_000


class Brisk(worker.Worker):
    """Looks at its clock more often than once a second."""

    def _turn(self, *, listening):
        self.poller.select, select = lambda _: select(0.05), self.poller.select
        try:
            super()._turn(listening=listening)
        finally:
            self.poller.select = select


def stream(environ):
    """Says something at once, and then nothing until its client is gone."""
    yield b"begun\n"
    while not is_gone(environ):
        time.sleep(0.02)
    yield b"ended\n"


def app(environ, start_response):
    """Says the method and how long the body was; the others do as named."""
    path = environ["PATH_INFO"]
    if path == "/slow":
        time.sleep(0.5)
    if path == "/stream":
        start_response("200 OK", [("Content-Type", "text/event-stream")])
        return stream(environ)
    if path == "/large":
        pieces = [b"x" * LARGE]
    elif path == "/page":
        pieces = [b"x" * PAGE]
    elif path == "/unread":
        pieces = [b"unread"]
    else:
        body = environ["wsgi.input"].read()
        pieces = [f"{environ['REQUEST_METHOD']} {len(body)};".encode()]
    length = str(sum(len(piece) for piece in pieces))
    start_response("200 OK", [("Content-Length", length)])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else pieces
