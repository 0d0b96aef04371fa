"""The one file that a program sends, such as a picture.

`wx.uploadFile` makes a form of several parts (RFC 7578): the file under a name of the
program's choice, and what the program adds. What the phone calls the file, and which
type it says it has, is not looked at.

Everybody else's bodies end at 64 kB (web/edge.py). A larger one is read here alone, of
a caller who is known by then, by the thread that answers: the server has read 64 kB of
it and waits for no more. So that people on slow phones do not hold every thread, half
of them at most read files at a time in each process, and one for each program in a
person's hands.
"""

import io
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from flask import current_app, request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

from wxlogin.errors import BadRequest, TooManyRequests
from wxlogin.web import callers
from wxlogin.web.exchanges import SEATS
from wxlogin.web.problems import NotForm

#: A photograph that was cut on a phone takes some hundred kilobytes.
FILE_BYTES = 2 * 1024 * 1024
# What else stands in such a form.
_FRAMING_BYTES = 16 * 1024
_PARTS = 20
# Seconds after which a reader may be done.
_WAIT = 3


class Readers:
    """Who sends a file to this process just now."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reading: set[str] = set()

    @contextmanager
    def one(self, who: str) -> Iterator[None]:
        """Around reading this caller's file. Raises TooManyRequests."""
        with self._lock:
            if who in self._reading or len(self._reading) >= SEATS:
                text = "a file of this caller is on its way, or those of too many"
                raise TooManyRequests(text, wait=_WAIT, limit="files")
            self._reading.add(who)
        try:
            yield
        finally:
            with self._lock:
                self._reading.discard(who)


def sent_file() -> bytes:
    """The content of the one file of this request's form, from a program whose token
    was found good.

    Raises NotForm for a body of another type, BadRequest where it holds no file or
    several, RequestEntityTooLarge, and TooManyRequests.
    """
    if request.mimetype != "multipart/form-data":
        raise NotForm
    with _one_at_a_time():
        content = _read()
    if len(content) > FILE_BYTES:
        raise RequestEntityTooLarge
    return content


def _read() -> bytes:
    request.max_content_length = FILE_BYTES + _FRAMING_BYTES
    # In memory, where it is gone with the request; by itself it would be on a disk.
    parser = FormDataParser(
        lambda *_, **__: io.BytesIO(), max_form_parts=_PARTS, silent=False
    )
    params = request.mimetype_params
    try:
        _, _, parts = parser.parse(
            request.stream, request.mimetype, request.content_length, params
        )
    except ValueError:
        raise BadRequest("the form cannot be read") from None
    files = [part for _, part in parts.items(multi=True)]
    if len(files) != 1:
        raise BadRequest("the form holds no file, or several")
    content: bytes = files[0].read()
    return content


def _one_at_a_time() -> AbstractContextManager[None]:
    who = callers.program()
    if not callers.are_counted() or who is None:
        return nullcontext()
    readers: Readers = current_app.extensions["wxlogin.readers"]
    return readers.one(who)
