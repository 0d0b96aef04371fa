"""An application knows how many requests its server serves at a time."""

import pytest
from gunicorn.app.base import BaseApplication

from wxlogin.server.capacity import at_a_time


class Loading(BaseApplication):
    """gunicorn with these options, which loads an application that asks."""

    def __init__(self, **options):
        self.options = options
        super().__init__()

    def load_config(self):
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self):
        return [at_a_time(green=False), at_a_time(green=True)]


@pytest.mark.parametrize(
    ("options", "threads", "clients"),
    [
        ({}, 1, 1000),
        ({"threads": 4}, 4, 1000),
        ({"worker_class": "gevent", "worker_connections": 12_000}, 1, 12_000),
    ],
)
def test_what_gunicorn_was_told(options, threads, clients):
    assert Loading(**options).wsgi() == [threads, clients]


def test_another_server_says_nothing():
    assert at_a_time(green=False) is None
