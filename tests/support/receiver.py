"""A site's server on loopback that takes what we tell it."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qs


@dataclass(frozen=True)
class Heard:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def json(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.body)
        return answer

    @property
    def form(self) -> dict[str, str]:
        return {name: one for name, (one,) in parse_qs(self.body.decode()).items()}


@dataclass
class Receiver:
    """What arrived, in its order. `answers` decides the status of each answer."""

    url: str = ""
    requests: list[Heard] = field(default_factory=list)
    answers: Callable[[Heard], int] = lambda _heard: 204
    #: What an answer says.
    says: Callable[[Heard], bytes] = lambda _heard: b""
    location: str | None = None
    #: A hung server: requests wait for it.
    hangs: bool = False
    released: Event = field(default_factory=Event)

    @property
    def taken(self) -> list[Heard]:
        """What was answered with success, once for each id."""
        good = {}
        for heard in self.requests:
            if heard.headers.get("x-answered") == "204":
                good.setdefault(heard.id, heard)
        return list(good.values())


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A server that takes everything until told otherwise."""
    state = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers.get("Content-Length", 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            heard = Heard(self.path, headers, self.rfile.read(size))
            if state.hangs:
                state.requests.append(heard)
                state.released.wait(30)
                return
            status = state.answers(heard)
            headers["x-answered"] = str(status)
            state.requests.append(heard)
            self.send_response(status)
            if state.location is not None:
                self.send_header("Location", state.location)
            said = state.says(heard)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            # Who asked may have gone by then.
            with suppress(OSError):
                self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        state.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
