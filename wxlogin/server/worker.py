"""A worker whose threads see whole requests only.

gunicorn's threaded worker gives a connection to a thread, and the thread waits for
what the client sends: as many slow clients as there are threads, and nobody else is
served (CWE-400, security row 101). Here the one loop of the worker reads all
connections as bytes come, and a thread gets a request when it is complete. A client
that drips costs a few kilobytes until its deadline.

The answer goes the same way: what a client does not take at once is kept and sent by
the loop. An answer that goes on for minutes, a stream of events, has its thread as
long; it asks server/presence.py whether to end. Where a worker has as many connections
as it may have, one that has waited longest for a request, or to take its answer, makes
room.

What a request means, its answer and its hooks are gunicorn's own: its parser, and
`ThreadWorker.handle_request`.
"""

import errno
import io
import os
import selectors
import socket
import sys
import time
from collections import OrderedDict, deque
from concurrent.futures import Future
from functools import partial
from typing import Any

from gunicorn.http.errors import NoMoreData
from gunicorn.workers.gthread import ThreadWorker

from wxlogin.server.bounds import FULL, LATE, REQUEST_SECONDS
from wxlogin.server.connection import Connection, allowed_connections
from wxlogin.server.presence import end_streams

#: Seconds in which a new connection sends its first byte. Browsers open some ahead.
_SILENCE_SECONDS = 20.0
#: Seconds in which the client takes the rest of an answer.
_ANSWER_SECONDS = 60.0
#: Seconds that a client whose request was answered may go on sending, so that the
#: answer reaches it (RFC 9112 section 9.6).
_LINGER_SECONDS = 2.0
#: Seconds for requests that are on their way when the worker is told to stop.
_STOP_SECONDS = 2.0
#: How often deadlines are looked at; with a thousand clients not at each byte.
_LOOK_SECONDS = 0.25
#: How often the log says how many requests did not arrive.
_TELL_SECONDS = 60.0
_ACCEPTED_AT_ONCE = 64
_READ, _WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


class Worker(ThreadWorker):
    """`worker_class` for gunicorn: threads, and a loop that waits for slow clients."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._all: set[Connection] = set()
        # Those without a whole request; who has waited longest comes first.
        self._waiting: OrderedDict[Connection, None] = OrderedDict()
        # Those that have yet to take their answer, or to go; likewise.
        self._leaving: OrderedDict[Connection, None] = OrderedDict()
        self._done: deque[tuple[Connection, bool]] = deque()
        self._listening = False
        self._looks_next = 0.0
        self._late = 0
        self._late_told = 0.0

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:
        """Refuses what this worker does not speak."""
        other = getattr(cfg, "protocol", "http") != "http"
        if cfg.is_ssl or other or cfg.proxy_protocol not in (False, "off"):
            log.critical(
                "wxlogin.server.worker.Worker speaks plain HTTP: leave TLS, the PROXY "
                "protocol and uwsgi to the proxy in front"
            )
            sys.exit(1)
        super().check_config(cfg, log)

    # Starting, running, stopping

    def run(self) -> None:
        self._most = allowed_connections(self.worker_connections)
        self.poller.register(self.PIPE[0], _READ, self._finish_done)
        while self.alive and self.is_parent_alive():
            self._turn(listening=self._has_room())
        self._stop()

    def _turn(self, *, listening: bool) -> None:
        """One round of the loop, of a second at most."""
        self.notify()
        self._listen(listening)
        for key, _ in self.poller.select(1.0):
            try:
                key.data()
            except Exception:
                # One connection's trouble is not the others'.
                self.log.exception("a connection failed")
        self._end_overdue()

    def _stop(self) -> None:
        """Answers what has been begun; who says nothing is not waited for."""
        end_streams()
        until = time.monotonic() + self.cfg.graceful_timeout
        soon = time.monotonic() + _STOP_SECONDS
        while self._all and time.monotonic() < until:
            for conn in self._waiting:
                conn.deadline = min(conn.deadline, soon)
            self._turn(listening=False)
        self.tpool.shutdown(wait=False, cancel_futures=True)
        for conn in list(self._all):
            self._close(conn)
        self.poller.close()
        for listener in self.sockets:
            listener.close()

    # New connections

    def _has_room(self) -> bool:
        return len(self._all) < self._most or bool(self._waiting or self._leaving)

    def _listen(self, enabled: bool) -> None:
        if enabled == self._listening:
            return
        self._listening = enabled
        for listener in self.sockets:
            if enabled:
                listener.setblocking(False)
                self.poller.register(listener, _READ, partial(self._accept, listener))
            else:
                self.poller.unregister(listener)

    def _accept(self, listener: socket.socket) -> None:
        for _ in range(_ACCEPTED_AT_ONCE):
            while len(self._all) >= self._most:
                if not self._make_room():
                    return
            try:
                sock, client = listener.accept()
            except OSError as error:
                if error.errno in (errno.EMFILE, errno.ENFILE):
                    self._make_room()
                return
            conn = Connection(sock, client, listener.getsockname(), self.cfg)
            self._all.add(conn)
            self._wait_for_request(conn, _SILENCE_SECONDS)

    def _make_room(self) -> bool:
        """Parts with a connection; False where all are being answered.

        It is the oldest of those that wait for a request, or that have yet to take
        their answer, whichever are more: who floods us makes room.
        """
        group = max(self._waiting, self._leaving, key=len)
        if not group:
            return False
        oldest = next(iter(group))
        if group is self._waiting:
            # What it sent may be here, unread.
            self._read(oldest)
        if oldest in self._waiting:
            self._give_up(oldest, FULL)
        if oldest in self._leaving:
            # There may be no descriptor to linger with.
            self._close(oldest)
        return True

    # A request comes

    def _wait_for_request(self, conn: Connection, seconds: float) -> None:
        conn.in_request = conn.keeps = False
        conn.deadline = time.monotonic() + seconds
        self._waiting[conn] = None
        self.poller.register(conn.raw, _READ, partial(self._read, conn))

    def _read(self, conn: Connection) -> None:
        try:
            more = conn.incoming.receive()
        except OSError:
            more = False
        if more:
            self._look(conn)
        else:
            self._close(conn)

    def _look(self, conn: Connection) -> None:
        """Gives the request to a thread if it is here as a whole."""
        if conn.incoming.begun and not conn.in_request:
            conn.in_request = True
            conn.deadline = time.monotonic() + REQUEST_SECONDS
        try:
            request = conn.incoming.whole(conn.deadline)
            if request is None and conn.incoming.awaits_continue():
                conn.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        except (NoMoreData, StopIteration, OSError):
            self._close(conn)
        except Exception as refusal:
            self.handle_error(None, conn.sock, conn.client, refusal)
            self._leave(conn)
        else:
            if request is not None:
                self._hand_over(conn, request)

    def _hand_over(self, conn: Connection, request: Any) -> None:
        self._ignore(conn)
        future: Future[bool] = self.tpool.submit(self._serve, conn, request)
        future.add_done_callback(partial(self._served, conn))

    # In a thread

    def _serve(self, conn: Connection, request: Any) -> bool:
        """Answers; whether the connection is good for another request."""
        try:
            if not conn.incoming.unfinished:
                # Malformed chunks are refused here, before the application sees any.
                request.body = io.BytesIO(request.body.read())
            keeps = self.handle_request(request, conn)
            return bool(keeps) and not conn.incoming.unfinished
        except StopIteration:
            self.log.debug("Closing connection.")
        except OSError as error:
            self.log.debug("The client is gone: %s", type(error).__name__)
        except Exception as fault:
            self.handle_error(request, conn.sock, conn.client, fault)
        return False

    def _served(self, conn: Connection, future: "Future[bool]") -> None:
        keeps = not future.cancelled() and not future.exception() and future.result()
        self._done.append((conn, keeps))
        try:
            os.write(self.PIPE[1], b".")
        except OSError:
            # Full: the loop is being woken already.
            pass

    # The answer goes

    def _finish_done(self) -> None:
        """Empties the pipe, which signals write to as well."""
        try:
            os.read(self.PIPE[0], 4096)
        except BlockingIOError:
            pass
        while self._done:
            conn, keeps = self._done.popleft()
            conn.keeps = keeps
            self._send_rest(conn)

    def _leave(self, conn: Connection) -> None:
        """Ends a connection once its answer is sent."""
        conn.keeps = False
        self._send_rest(conn)

    def _send_rest(self, conn: Connection) -> None:
        self._flush(conn, time.monotonic() + _ANSWER_SECONDS)

    def _flush(self, conn: Connection, deadline: float) -> None:
        self._ignore(conn)
        try:
            sent = conn.sock.flush()
        except OSError:
            self._close(conn)
            return
        if not sent:
            conn.deadline = deadline
            self._leaving[conn] = None
            send = partial(self._flush, conn, deadline)
            self.poller.register(conn.raw, _WRITE, send)
        elif conn.keeps:
            self._wait_for_request(conn, self.cfg.keepalive)
            # The next request may have come with the last one.
            self._look(conn)
        else:
            self._linger(conn)

    def _linger(self, conn: Connection) -> None:
        try:
            conn.raw.shutdown(socket.SHUT_WR)
        except OSError:
            self._close(conn)
            return
        self._leaving[conn] = None
        conn.deadline = time.monotonic() + _LINGER_SECONDS
        self.poller.register(conn.raw, _READ, partial(self._discard, conn))

    def _discard(self, conn: Connection) -> None:
        try:
            if conn.raw.recv(65536):
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self._close(conn)

    # The end

    def _end_overdue(self) -> None:
        now = time.monotonic()
        if now < self._looks_next:
            return
        self._looks_next = now + _LOOK_SECONDS
        for conn in [one for one in self._all if 0 < one.deadline <= now]:
            if conn in self._waiting and conn.in_request:
                self._late += 1
                self._give_up(conn, LATE)
            else:
                self._close(conn)
        if self._late and now - self._late_told > _TELL_SECONDS:
            self.log.warning("Requests that did not arrive in time: %d", self._late)
            self._late, self._late_told = 0, now

    def _give_up(self, conn: Connection, refusal: bytes) -> None:
        """Says why to a client that has begun a request; to a silent one nothing."""
        if conn.in_request:
            try:
                conn.sock.sendall(refusal)
            except OSError:
                pass
        self._leave(conn)

    def _ignore(self, conn: Connection) -> None:
        """Expects nothing of the client for now."""
        conn.deadline = 0.0
        self._waiting.pop(conn, None)
        self._leaving.pop(conn, None)
        try:
            self.poller.unregister(conn.raw)
        except (KeyError, ValueError):
            # It was expected to do nothing, or is closed.
            pass

    def _close(self, conn: Connection) -> None:
        self._ignore(conn)
        self._all.discard(conn)
        conn.close()
