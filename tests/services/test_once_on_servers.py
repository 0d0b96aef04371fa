"""Once on each of the stores: the same tests, the same answers."""

import pytest
from flask import Flask

from tests.unit.tickets.test_once import *  # noqa: F403  the same tests


@pytest.fixture
def app(ticket_app: Flask) -> Flask:
    """In place of the one with a file of SQLite."""
    return ticket_app
