"""Where secrets could leak to, and how each place is searched."""

import logging
import re
import traceback
import zlib
from base64 import urlsafe_b64decode
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import make_url
from werkzeug.wsgi import ClosingIterator

from tests.canary.canaries import CANARIES
from wxlogin.config import Settings
from wxlogin.errors import WxloginError
from wxlogin.service import hosts_of

# Answers that hand a secret over on purpose, to whoever draws a widget or is a
# program: which kind, and the path below PUBLIC_URL.
HANDED_OVER = (
    ("state", re.compile(r".*/api/attempts")),
    ("session secret", re.compile(r".*/api/(mobile|mp)/[^/]+/login")),
    ("session secret", re.compile(r".*/api/mp/[^/]+/(bind|profile|avatar)")),
    ("session secret", re.compile(r".*/api/mp/[^/]+/scan/[^/]+/confirm")),
    ("session secret", re.compile(r".*/api/registrations")),
    ("token", re.compile(r".*/api/apps/[^/]+/access_token")),
    ("handover ticket", re.compile(r".*/api/handover")),
    ("site's code", re.compile(r".*/oauth2/authorize(/[^/]+)?")),
    ("site's state", re.compile(r".*/oauth2/authorize(/.*)?")),
    ("site's token", re.compile(r".*/oauth2/token")),
    # A link leads through the sign-in to its own page.
    (
        "customer's link",
        re.compile(
            r".*/(api/site/links|(link|login|language|register|follow|me/identities)"
            r"(/.*)?)"
        ),
    ),
    ("link code", re.compile(r".*/link/[^/]+")),
    ("link token", re.compile(r".*/api/site/links/confirm")),
    ("bind code", re.compile(r".*/register/bind")),
    # Of no use without the browser's cookie; the page offers the other language.
    (
        "bind token",
        re.compile(r".*/(api/site/bindings|register/continue/[^/]+|language/\w+)"),
    ),
)


class Answers:
    """WSGI middleware, outermost: searches each answer as it leaves."""

    def __init__(self, app: Callable[..., Iterable[bytes]], wechat: str) -> None:
        self._app = app
        # A state belongs into the URL of WeChat's page.
        self._wechat = re.compile(re.escape(wechat) + r"/connect/[^\s\"'<>]*")

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        place = f"the answer to {environ['REQUEST_METHOD']} {path}"
        meant = [kind for kind, paths in HANDED_OVER if paths.fullmatch(path)]
        complete = False

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            nonlocal complete
            for name, value in headers:
                complete = complete or name.lower() == "content-length"
                if name.lower() == "set-cookie":
                    self._search_cookie(value, f"{place}, a cookie")
                else:
                    # A site is told by the address that the browser goes on to.
                    given = meant if name.lower() == "location" else ()
                    self._search(f"{name}: {value}", f"{place}, header {name}", given)
            return start_response(status, headers, *more)

        body = self._app(environ, start)
        # Only some bodies are to be closed.
        close = [body.close] if hasattr(body, "close") else []
        read = ClosingIterator(self._read(body, place, meant), close)
        # What is not a stream is read at once: a test may never look at it.
        return _drained(read) if complete else read

    def _search_cookie(self, cookie: str, place: str) -> None:
        """A cookie holds what proves a browser, and a session key never."""
        mine = CANARIES.kinds() - {"session key"}
        for text in (cookie, *_unsigned(cookie.partition("=")[2])):
            CANARIES.search(text, place, but=mine)

    def _read(
        self, body: Iterable[bytes], place: str, meant: list[str]
    ) -> Iterator[bytes]:
        chunks = []
        for chunk in body:
            chunks.append(chunk)
            yield chunk
        self._search(b"".join(chunks).decode("utf-8", "replace"), place, meant)

    def _search(self, text: str, place: str, meant: Collection[str] = ()) -> None:
        without = self._wechat.sub("", text)
        CANARIES.search(without, place, but=meant)
        if without != text:
            CANARIES.search(text, place, but=("state", *meant))


def _unsigned(value: str) -> Iterator[str]:
    """The parts of a signed value, which is not sealed: base64, perhaps compressed."""
    for part in re.findall(r"[\w-]{8,}", value):
        try:
            data = urlsafe_b64decode(part + "=" * (-len(part) % 4))
        except ValueError:
            continue
        yield data.decode("latin-1")
        try:
            yield zlib.decompress(data).decode("latin-1")
        except zlib.error:
            continue


def _drained(body: ClosingIterator) -> list[bytes]:
    try:
        return list(body)
    finally:
        body.close()


class Logs(logging.Handler):
    """Searches each log record, before anything is masked."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self._levels: dict[logging.Logger, int] = {}

    def emit(self, record: logging.LogRecord) -> None:
        text = f"{record.getMessage()} {record.args!r} {record.stack_info}"
        if record.exc_info:
            text += "".join(traceback.format_exception(*record.exc_info))
        CANARIES.search(text, f"a log record of {record.name}")

    def begin(self) -> None:
        """Remembers the levels, before a test changes any."""
        loggers = (logging.getLogger(), logging.getLogger("wxlogin"))
        self._levels = {logger: logger.level for logger in loggers}

    def listen(self) -> None:
        """Hears every logger at DEBUG. What handlers print stays the same."""
        for logger in self._levels:
            logger.removeHandler(self)
            for handler in logger.handlers:
                handler.setLevel(max(handler.level, logger.level))
            logger.addHandler(self)
            logger.setLevel(logging.DEBUG)

    def leave(self) -> None:
        """The levels of before."""
        for logger, level in self._levels.items():
            logger.setLevel(level)
            logger.removeHandler(self)


def watch_errors() -> None:
    """Searches the sentence and the facts of each error of ours when it is made."""
    made = WxloginError.__init__

    def watched(self: WxloginError, operator: str = "", **facts: Any) -> None:
        made(self, operator, **facts)
        CANARIES.search(f"{self} {self.facts}", f"a {type(self).__name__}")

    WxloginError.__init__ = watched


def watch_answers(app: Flask, settings: Settings) -> None:
    """Searches what this service answers."""
    app.wsgi_app = Answers(app.wsgi_app, hosts_of(settings).open)


def search_database(url: str) -> None:
    """Searches SQLite's files, with what deleted rows have left in them."""
    address = make_url(url)
    if address.get_backend_name() != "sqlite" or not address.database:
        return
    path = Path(address.database)
    for file in sorted(path.parent.glob(f"{path.name}*")):
        CANARIES.search(file.read_bytes().decode("latin-1"), f"the file {file.name}")
