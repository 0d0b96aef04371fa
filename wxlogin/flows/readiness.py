"""Can this process sign somebody in now? For whoever sends us visitors.

The answer comes within ASK_SECONDS, whatever hangs: it is looked for in a thread
beside the request, which goes on without it. Only one looks at a time; who asks
meanwhile waits for the same answer, so that a hanging database costs one thread, and
one connection, however often we are asked.
"""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import cast

from flask import Flask, current_app

from wxlogin.db import db, soundness, transaction
from wxlogin.errors import Unready
from wxlogin.service import running

#: Seconds after which the answer is no.
ASK_SECONDS = 2.0

_NAME = "wxlogin.readiness"


class Readiness:
    """Looks at what a sign-in needs. `context` opens an application context."""

    def __init__(self, context: Callable[[], AbstractContextManager[object]]) -> None:
        self._context = context
        self._lock = threading.Lock()
        self._look: _Look | None = None
        self._sound = False

    def ask(self, seconds: float = ASK_SECONDS) -> None:
        """Returns if everything answers. Raises Unready if something does not, with
        its reason for the log, or if nothing was heard for so long."""
        with self._lock:
            if self._look is None or self._look.over.is_set():
                self._look = _Look(self._in_context)
            look = self._look
        if not look.over.wait(seconds):
            raise Unready("database or ticket store have not answered yet")
        if look.fault is not None:
            raise look.fault

    def _in_context(self) -> None:
        with self._context():
            transaction(lambda session: session.execute(soundness.WRITE))
            running().tickets.ping()
            # The start could not look at a database that came up later than we did.
            self._sound = self._sound or _is_sound()


def _is_sound() -> bool:
    for flaw in soundness.flaws(db.engine):
        # Tables without a version are those of a test.
        if flaw.stops and flaw.about != "tables":
            raise Unready(flaw.sentence())
    return True


class _Look:
    def __init__(self, work: Callable[[], None]) -> None:
        self.over = threading.Event()
        self.fault: Exception | None = None
        self._work = work
        threading.Thread(target=self._run, name="readiness", daemon=True).start()

    def _run(self) -> None:
        try:
            self._work()
        except Exception as error:
            self.fault = error
        finally:
            self.over.set()


def init_readiness(app: Flask) -> None:
    app.extensions[_NAME] = Readiness(app.app_context)


def current_readiness() -> Readiness:
    """That of the running application; needs an application context."""
    return cast(Readiness, current_app.extensions[_NAME])
