"""The way from the simulated WeChat's pushes to the service, and what came of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from wxlogin.db import db
from wxlogin.simulator.server import SimulatorServer
from wxlogin.simulator.world import happenings
from wxlogin.simulator.world.push_answers import Answer
from wxlogin.simulator.world.push_events import Event as Pushed
from wxlogin.simulator.world.push_letter import Letter


@dataclass
class Post:
    """The way from the simulated WeChat to the service, without a network."""

    app: Flask
    simulator: SimulatorServer
    name: str = "oa"
    letters: list[Letter] = field(default_factory=list)
    answers: list[TestResponse] = field(default_factory=list)

    def __enter__(self) -> "Post":
        return self

    def __exit__(self, *_: object) -> None:
        pushes = self.simulator.world.pushes
        pushes.post, pushes.pause, pushes.start = self._before

    def __post_init__(self) -> None:
        pushes = self.simulator.world.pushes
        self._before = pushes.post, pushes.pause, pushes.start
        world = self.simulator.world
        url = f"http://127.0.0.1:5000/oa/{self.name}"
        world.registry.put_apps({"name": self.name, "push_url": url})
        world.pushes.post = self.deliver
        world.pushes.pause = lambda seconds: None
        world.pushes.start = lambda job: job()

    def deliver(self, letter: Letter, seconds: float = 5.0) -> Answer:
        self.letters.append(letter)
        answer = self.again(letter)
        self.answers.append(answer)
        return Answer(answer.status_code, dict(answer.headers), answer.data)

    def again(self, letter: Letter, **query: str | None) -> TestResponse:
        """The same delivery, with another query where one is given."""
        url = urlsplit(letter.url)
        asked = dict(parse_qsl(url.query, keep_blank_values=True)) | query
        pairs = {name: text for name, text in asked.items() if text is not None}
        return self.app.test_client(use_cookies=False).open(
            f"{url.path}?{urlencode(pairs)}",
            method=letter.method,
            data=letter.body,
            content_type=letter.content_type,
        )

    def pushes(self, event: str, person: str = "xiaoming", **more: Any) -> TestResponse:
        """One push of WeChat's; what the service answered to it last."""
        world = self.simulator.world
        app = world.registry.app(self.name)
        age, faults = more.pop("age", 0), tuple(more.pop("faults", ()))
        pushed = Pushed(event, **more)
        draft = happenings.draft(world, app, person, pushed, age=age, faults=faults)
        world.pushes.deliver(draft)
        return self.answers[-1]


@contextmanager
def db_of(app: Flask) -> Iterator[Any]:
    with app.app_context():
        yield db.session


def settle(app: Flask) -> None:
    """Until the work of all pushes is done."""
    for name in ("pushes", "followers"):
        if jobs := app.extensions.get(f"wxlogin.jobs.{name}"):
            jobs.drain()


def rows(app: Flask, model: type) -> list[Any]:
    settle(app)
    with app.app_context():
        found = list(db.session.scalars(sa.select(model).order_by(model.id)))
        db.session.expunge_all()
        return found
