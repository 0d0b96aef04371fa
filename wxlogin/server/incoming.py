"""When the request that a client sends is here as a whole.

gunicorn's parser reads a socket and waits for it. Here it is given bytes that have
come already: the head once its end is seen, then the body. So the meaning of a
request, its limits and its refusals stay the parser's; what is decided here is only
when to ask it. Every byte is looked at once, however small the pieces are.
"""

import re
import select
import socket
import time
from typing import Any

from gunicorn.http.body import ChunkedReader
from gunicorn.http.errors import (
    ChunkMissingTerminator,
    InvalidChunkSize,
    InvalidRequestLine,
    LimitRequestHeaders,
    LimitRequestLine,
)
from gunicorn.http.message import Request
from gunicorn.http.unreader import Unreader

from wxlogin.server.bounds import BODY_BYTES, HEAD_BYTES

#: What chunked encoding may add to the body that is waited for: sizes, extensions and
#: trailers can be without end.
_FRAMING_BYTES = 64 * 1024
#: A size and an extension; nobody needs more.
_CHUNK_LINE_BYTES = 256

_END = b"\r\n\r\n"
_BARE_LF = re.compile(rb"(?<!\r)\n")
_HEX = re.compile(rb"[0-9A-Fa-f]{1,8}")


class Incoming:
    """What one connection has sent and is not yet answered."""

    def __init__(self, cfg: Any, sock: socket.socket, client: Any) -> None:
        self._cfg, self._sock, self._client = cfg, sock, client
        self._received = bytearray()
        self._seen = 0
        self._request: Any = None
        self._body: _Length | _Chunks | None = None
        self._source = _Source()
        #: The thread reads the rest of this body from the connection.
        self.unfinished = False

    @property
    def begun(self) -> bool:
        """Whether a request is here in part."""
        return bool(self._received) or self._request is not None

    def receive(self) -> bool:
        """Takes what has come; False where the client sends no more.

        Raises OSError where the connection is gone.
        """
        try:
            data = self._sock.recv(HEAD_BYTES)
        except BlockingIOError:
            return True
        self._received += data
        return bool(data)

    def awaits_continue(self) -> bool:
        """Whether the client holds its body back until it is told to go on."""
        request = self._request
        waits = bool(request) and getattr(request, "_expected_100_continue", False)
        if waits:
            request._expected_100_continue = False
        return waits

    def whole(self, deadline: float) -> Any:
        """The request, as gunicorn's parser gives it, or None: more is to come.

        A body above BODY_BYTES comes unfinished; reading it raises TimeoutError after
        `deadline` (monotonic seconds). Raises what gunicorn's parser raises.
        """
        if self._request is None:
            self._parse_head()
        if self._request is None or self._body is None:
            return None
        end = self._body.end(self._received)
        if end is None and not self._body.too_large:
            return None
        self.unfinished = end is None
        if end is None:
            self._source.read_on(self._sock, deadline)
        self._source.unread(bytes(self._received[:end]))
        del self._received[:end]
        request, self._request, self._body = self._request, None, None
        return request

    def _parse_head(self) -> None:
        end = self._received.find(_END, max(self._seen - 3, 0))
        self._refuse_long(end if end >= 0 else len(self._received))
        if end < 0:
            # No end will come after a line that ends otherwise.
            if _BARE_LF.search(self._received, self._seen):
                raise InvalidRequestLine("bare LF as line terminator")
            self._seen = len(self._received)
            return
        end += len(_END)
        self._source = _Source()
        self._source.unread(bytes(self._received[:end]))
        del self._received[:end]
        self._seen = 0
        self._request = Request(self._cfg, self._source, self._client)
        reader = self._request.body.reader
        if isinstance(reader, ChunkedReader):
            self._body = _Chunks()
        else:
            self._body = _Length(reader.length)

    def _refuse_long(self, length: int) -> None:
        """Refuses a head that is too long so far; an empty line may precede it."""
        limit = self._cfg.limit_request_line
        if 0 < limit + 4 < length and self._received.find(b"\r\n", 2, limit + 4) < 0:
            raise LimitRequestLine(length, limit)
        if length > HEAD_BYTES:
            raise LimitRequestHeaders("the head is too large")


class _Length:
    """A body whose length was said; none at all has the length 0."""

    def __init__(self, length: int) -> None:
        self._length = length
        self.too_large = length > BODY_BYTES

    def end(self, received: bytearray) -> int | None:
        """How many bytes of `received` are the body, once it is complete."""
        return self._length if len(received) >= self._length else None


class _Chunks:
    """A body in chunks (RFC 9112 section 7.1): looks for its end, not into it.

    What it lets pass, gunicorn's parser reads again and may still refuse.
    """

    def __init__(self) -> None:
        self._at = 0
        self._seen = 0
        # Of all chunks whose size was said, the last one may not have come.
        self._announced = 0
        self._in_data = self._in_trailers = False
        self.too_large = False

    def end(self, received: bytearray) -> int | None:
        """As for a length. Raises what gunicorn's parser raises of chunks."""
        while (line := self._line(received)) is not None:
            if self._in_trailers:
                if not line:
                    return self._at
                continue
            digits = line.split(b";", 1)[0].rstrip(b" \t")
            if not _HEX.fullmatch(digits):
                raise InvalidChunkSize(bytes(digits))
            size = int(digits, 16)
            self._in_data, self._in_trailers = size > 0, size == 0
            self._announced += size
            self._at += size + 2 if size else 0
        self._weigh(received)
        return None

    def _weigh(self, received: bytearray) -> None:
        """A size that was said is no body: whoever reads it would wait for the rest,
        and so hold a thread. Only what has come counts, and framing is no content."""
        missing = max(self._at - 2 - len(received), 0) if self._in_data else 0
        content = self._announced - missing
        self.too_large = content > BODY_BYTES
        if len(received) - content > _FRAMING_BYTES:
            raise InvalidChunkSize(b"the chunks are framing for the most part")

    def _line(self, received: bytearray) -> bytearray | None:
        """The next line that is not a chunk's data, once it is complete."""
        if self._in_data:
            if len(received) < self._at:
                return None
            if received[self._at - 2 : self._at] != b"\r\n":
                raise ChunkMissingTerminator(bytes(received[self._at - 2 : self._at]))
            self._in_data = False
        found = received.find(b"\r\n", max(self._at, self._seen - 1))
        if found < 0:
            self._seen = len(received)
            if not self._in_trailers and self._seen - self._at > _CHUNK_LINE_BYTES:
                raise InvalidChunkSize(b"the line of a chunk is too long")
            return None
        line = received[self._at : found]
        self._at = found + 2
        return line


class _Source(Unreader):
    """What gunicorn's parser reads from: the bytes it was given, and then nothing."""

    def __init__(self) -> None:
        super().__init__()
        self._sock: socket.socket | None = None
        self._deadline = 0.0

    def read_on(self, sock: socket.socket, deadline: float) -> None:
        """From now on, after the given bytes the connection's own."""
        self._sock, self._deadline = sock, deadline

    def chunk(self, size_hint: int | None = None) -> bytes:
        if self._sock is None:
            return b""
        poll = select.poll()
        poll.register(self._sock, select.POLLIN)
        left = self._deadline - time.monotonic()
        if left <= 0 or not poll.poll(left * 1000):
            raise TimeoutError("the body did not come in time")
        return self._sock.recv(HEAD_BYTES)
