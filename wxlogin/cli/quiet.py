"""The demo's request handler: no access log, whose lines would hold codes, and no
version of anything in the Server header."""

from typing import Any

from werkzeug.serving import WSGIRequestHandler


class QuietHandler(WSGIRequestHandler):
    def log_request(self, code: Any = "-", size: Any = "-") -> None:
        """Says nothing: the application logs each request by its route."""

    def version_string(self) -> str:
        return "wxlogin"
