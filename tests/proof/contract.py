"""Calls made up by /api/openapi.json, as many as one has time for.

    python -m tests.proof.contract [HOW MANY]

The suite makes a few of each (tests/web/test_contract.py).
"""

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from schemathesis import GenerationMode

from tests.web.contract import knowing_caller, settings_of_all
from wxlogin import create_app
from wxlogin.config import load_settings
from wxlogin.db import db
from wxlogin.simulator.server import SimulatorServer
from wxlogin.simulator.world import World

CALLS = 100_000


def prove(wanted: int = CALLS) -> bool:
    """Prints how many calls were made and how they were answered; raises for the first
    answer that the document has no word for."""
    with (
        tempfile.TemporaryDirectory() as folder,
        SimulatorServer(World.demo()) as simulator,
    ):
        given = {"simulator_url": simulator.url, "log_level": "error"}
        apps = load_settings(Path(folder), **given).apps
        settings = load_settings(Path(folder), **given, **settings_of_all(apps))
        app = create_app(settings)
        with app.app_context():
            db.create_all()
        caller = knowing_caller(app, simulator)
        began = time.monotonic()
        todo = [
            (mode, operation)
            for mode in GenerationMode
            for operation in caller.operations(mode)
        ]
        for mode, operation in todo:
            caller.calls(operation, mode, times=max(1, wanted // len(todo)))
        statuses = Counter[int]()
        for (_, status), count in caller.answers.items():
            statuses[status] += count
    told = ", ".join(
        f"{count} x {status}" for status, count in sorted(statuses.items())
    )
    seconds = time.monotonic() - began
    print(f"{statuses.total()} calls in {seconds:.0f} s: {told}")
    return all(status < 500 for status in statuses)


if __name__ == "__main__":
    sys.exit(0 if prove(*(int(word) for word in sys.argv[1:])) else 1)
