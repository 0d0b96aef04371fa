"""A website of somebody else's, on a port of its own, that serves given pages."""

import threading
from types import TracebackType
from typing import Self

from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from wxlogin.cli.serving import QuietHandler


class Shop:
    """`pages` maps a path to HTML or a script; every other one answers its own name."""

    def __init__(self) -> None:
        self.pages: dict[str, str] = {}
        self._server = make_server(
            "127.0.0.1", 0, self._serve, threaded=True, request_handler=QuietHandler
        )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self.url = f"http://127.0.0.1:{self._server.port}"
        # The same pages on another site.
        self.foreign_url = f"http://localhost:{self._server.port}"

    def _serve(self, environ, start_response):
        path = Request(environ).path
        html = self.pages.get(path, f"<h1>shop {path}</h1>")
        kind = "text/javascript" if path.endswith(".js") else "text/html"
        return Response(html, mimetype=kind)(environ, start_response)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
