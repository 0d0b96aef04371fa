"""Can this process sign somebody in now? For whoever sends us visitors.

The answer comes within two seconds, whatever hangs (flows/beside.py). `/readyz` asks.
"""

from typing import cast

from flask import Flask, current_app

from wxlogin.db import db, soundness, transaction
from wxlogin.errors import Unready
from wxlogin.flows.beside import Beside
from wxlogin.service import running

_NAME = "wxlogin.readiness"


class _Needs:
    """Looks at what a sign-in needs. Raises Unready if something does not answer, with
    its reason for the log."""

    def __init__(self) -> None:
        self._sound = False

    def __call__(self) -> None:
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


def init_readiness(app: Flask) -> None:
    app.extensions[_NAME] = Beside("readiness", app.app_context, _Needs())


def current_readiness() -> Beside[None]:
    """That of the running application; needs an application context."""
    return cast("Beside[None]", current_app.extensions[_NAME])
