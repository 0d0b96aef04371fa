"""A hundred thousand bodies, rightly signed, that nobody wrote: how each is answered,
what the slowest costs, and whether memory grows.

    python -m tests.proof.pushed [HOW MANY]
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask

from tests.web.push_fuzz import Figures, fuzz
from tests.web.pushes import Hand
from wxlogin import create_app
from wxlogin.config import load_settings
from wxlogin.config.demo import demo_apps
from wxlogin.db import db

BODIES = 100_000
# What an interpreter may take for itself meanwhile.
ROOM = 32 << 20
SECONDS = 0.5


def prove(count: int = BODIES) -> bool:
    """Prints the figures; True if nothing was wrong, slow or kept."""
    print(f"{count} signed pushes with something changed, plain and sealed")
    with tempfile.TemporaryDirectory() as folder, _service(Path(folder)) as app:
        figures = fuzz([Hand(app, "oa"), Hand(app, "mp")], count)
    print(f"  {figures}")
    for status, body in figures.wrong[:10]:
        print(f"  {status}: {body[:300]!r}")
    return is_good(figures)


def is_good(figures: Figures) -> bool:
    grown = figures.after - figures.before
    return not figures.wrong and figures.slowest[0] < SECONDS and grown < ROOM


@contextmanager
def _service(folder: Path) -> Iterator[Flask]:
    """An account whose pushes are plain and a program whose are sealed; nobody asks
    WeChat anything."""
    oa, mp = (next(one for one in demo_apps() if one.name == n) for n in ("oa", "mp"))
    apps = [oa.model_copy(update={"aes_key": None}), mp]
    nowhere = "http://127.0.0.1:9"
    app = create_app(
        load_settings(folder, apps=apps, simulator_url=nowhere, log_level="error")
    )
    with app.app_context():
        db.create_all()
    try:
        yield app
    finally:
        with app.app_context():
            db.engine.dispose()


def main(words: list[str]) -> int:
    return 0 if prove(int(words[0]) if words else BODIES) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
