"""An answer within seconds, whatever hangs.

It is looked for in a thread beside the request, which goes on without it. Only one
looks at a time; who asks meanwhile waits for the same answer, so that a hanging
database costs one thread, and one connection, however often we are asked.
"""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Generic, TypeVar

from wxlogin.errors import Unready

#: Seconds after which there is no answer.
ASK_SECONDS = 2.0

T = TypeVar("T")


class Beside(Generic[T]):
    """Asks `work`; `context` opens an application context for it."""

    def __init__(
        self,
        name: str,
        context: Callable[[], AbstractContextManager[object]],
        work: Callable[[], T],
    ) -> None:
        self._name = name
        self._context = context
        self._work = work
        self._lock = threading.Lock()
        self._look: _Look[T] | None = None

    def ask(self, seconds: float = ASK_SECONDS) -> T:
        """What `work` gives. Raises what it raises, and Unready if nothing was heard
        for so long."""
        with self._lock:
            if self._look is None or self._look.over.is_set():
                self._look = _Look(self._name, self._in_context)
            look = self._look
        if not look.over.wait(seconds):
            raise Unready("database or ticket store have not answered yet")
        if look.fault is not None:
            raise look.fault
        return look.found[0]

    def _in_context(self) -> T:
        with self._context():
            return self._work()


class _Look(Generic[T]):
    def __init__(self, name: str, work: Callable[[], T]) -> None:
        self.over = threading.Event()
        self.fault: Exception | None = None
        self.found: list[T] = []
        self._work = work
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def _run(self) -> None:
        try:
            self.found.append(self._work())
        except Exception as error:
            self.fault = error
        finally:
            self.over.set()
