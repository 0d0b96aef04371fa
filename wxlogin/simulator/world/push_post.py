"""The way of a push over the network: one request, one deadline for all of it.

The deadline counts from the connection to the last byte of the answer, however slowly
it drips; then the connection is dropped. Redirects are not followed, proxies of the
environment not used.
"""

import http.client
import socket
import ssl
import time
from contextlib import suppress
from threading import Event, Timer
from urllib.parse import urlsplit

from .push_answers import Answer
from .push_letter import Letter

# More than any answer has; the rest is not read.
_MOST_BYTES = 1 << 20


class NoAnswer(Exception):
    """Nothing came in time; `str()` says what happened instead."""


def post(letter: Letter, seconds: float) -> Answer:
    """Send it and read the answer. Raises NoAnswer."""
    connection, over = _connection(letter.url, seconds), Event()
    until: Timer | None = None
    try:
        began = time.monotonic()
        connection.connect()
        # http.client lets go of the socket once the headers are there.
        left = max(seconds - (time.monotonic() - began), 0.001)
        until = Timer(left, _drop, [connection.sock, over])
        until.daemon = True
        until.start()
        answer = _exchanged(connection, letter)
        if over.is_set():
            raise TimeoutError
    except (OSError, http.client.HTTPException, ValueError) as error:
        late = over.is_set() or isinstance(error, TimeoutError)
        why = f"no answer within {seconds:g} s" if late else type(error).__name__
        raise NoAnswer(why) from None
    finally:
        if until is not None:
            until.cancel()
        connection.close()
    return answer


def _connection(url: str, seconds: float) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "https":
        return http.client.HTTPSConnection(
            host, parts.port, timeout=seconds, context=ssl.create_default_context()
        )
    return http.client.HTTPConnection(host, parts.port, timeout=seconds)


def _exchanged(connection: http.client.HTTPConnection, letter: Letter) -> Answer:
    parts = urlsplit(letter.url)
    headers = {"User-Agent": "Mozilla/4.0", "Accept": "*/*", "Connection": "close"}
    if letter.content_type:
        headers["Content-Type"] = letter.content_type
    target = f"{parts.path or '/'}?{parts.query}"
    connection.request(letter.method, target, letter.body or None, headers)
    response = connection.getresponse()
    named = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, named, response.read(_MOST_BYTES))


def _drop(line: socket.socket, over: Event) -> None:
    over.set()
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
