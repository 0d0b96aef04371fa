"""The demo's request handler: no access log, whose lines would hold codes, no version
of anything in the Server header, and no waiting for slow clients."""

from typing import Any

from wxlogin.server.paced import PacedHandler


class QuietHandler(PacedHandler):
    def log_request(self, code: Any = "-", size: Any = "-") -> None:
        """Says nothing: the application logs each request by its route."""

    def version_string(self) -> str:
        return "wxlogin"
