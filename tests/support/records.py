"""What the database of a service holds, to compare before and after."""

from typing import Any

from flask import Flask

from tests.support.journey import pictures_arrive
from tests.support.people import snapshot


def stored(app: Flask) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables but those of pending logins, which are nobody's."""
    pictures_arrive(app)
    with app.app_context():
        rows = snapshot()
    del rows["ticket"]
    return rows
