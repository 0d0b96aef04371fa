"""A request handler without an access log, whose lines would hold codes."""

from typing import Any

from werkzeug.serving import WSGIRequestHandler


class QuietHandler(WSGIRequestHandler):
    def log_request(self, code: Any = "-", size: Any = "-") -> None:
        """Says nothing: the application logs each request by its route."""
