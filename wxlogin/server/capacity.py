"""How many requests the server that loads an application serves at a time.

gunicorn tells an application nothing of itself, and one that guesses either lets a few
long answers take every thread, or uses a part of what there is. But whoever loads an
application waits for it to be loaded, further down the stack.
"""

import sys
from types import FrameType
from typing import Any


def at_a_time(*, green: bool) -> int | None:
    """Threads of the gunicorn worker that is loading us, or its clients where they are
    greenlets; None where another server does, or nobody."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        loader = frame.f_locals.get("self")
        kinds = type(loader).__mro__
        if any(kind.__module__.startswith("gunicorn.") for kind in kinds):
            if config := vars(loader).get("cfg"):
                return _of(config, green=green)
        frame = frame.f_back
    return None


def _of(config: Any, *, green: bool) -> int:
    if green:
        return int(config.worker_connections)
    # A worker of the kind `sync` serves one, and so says the setting.
    return int(config.threads)
