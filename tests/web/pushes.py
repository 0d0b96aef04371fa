"""The way from the simulated WeChat's pushes to the service, pushes that are written by
hand, and what came of them."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from wxlogin.config import App
from wxlogin.db import db
from wxlogin.service import service_of
from wxlogin.simulator.server import SimulatorServer
from wxlogin.simulator.world import happenings, push_crypto
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


def in_xml(encrypt: str) -> bytes:
    return f"<xml><Encrypt><![CDATA[{encrypt}]]></Encrypt></xml>".encode()


def in_json(encrypt: str) -> bytes:
    return json.dumps({"Encrypt": encrypt}).encode()


@dataclass
class Hand:
    """Pushes that are written by hand, and signed with what the app shares with WeChat:
    plain where it has no aes_key, sealed where it has one."""

    app: Flask
    name: str = "oa"
    at: int = field(default_factory=lambda: int(time.time()))
    nonces: Iterator[int] = field(default_factory=lambda: count(1_000_000_000))

    @property
    def keys(self) -> App:
        apps = service_of(self.app).settings.apps
        return next(one for one in apps if one.name == self.name)

    def asks(self, raw_echo: str, **query: str) -> TestResponse:
        """WeChat's question whether somebody listens; the echo as it stands in the
        address."""
        signed = urlencode(self._signed() | query)
        path = f"/oa/{self.name}?{signed}&echostr={raw_echo}"
        return self.app.test_client(use_cookies=False).get(path)

    def sends(
        self,
        message: bytes,
        around: Callable[[str], bytes] | None = None,
        *,
        query: dict[str, str | None] | None = None,
        **request: Any,
    ) -> TestResponse:
        """A push of this message; `around` makes the body of a sealed text, `query`
        changes what stands in the address."""
        asked: dict[str, str | None] = {**self._signed(), "openid": "o"}
        body = message
        if self.keys.aes_key:
            encrypt = push_crypto.seal(message, self.keys.aes_key, self.keys.appid)
            wraps = in_json if message.lstrip().startswith(b"{") else in_xml
            body = (around or wraps)(encrypt)
            asked |= {
                "encrypt_type": "aes",
                "msg_signature": self._over(asked, encrypt),
            }
        asked |= query or {}
        pairs = {name: text for name, text in asked.items() if text is not None}
        request = {"data": body, "content_type": "text/xml"} | request
        path = f"/oa/{self.name}?{urlencode(pairs)}"
        return self.app.test_client(use_cookies=False).post(path, **request)

    def _signed(self) -> dict[str, str]:
        stamp, nonce = str(self.at), str(next(self.nonces))
        proof = push_crypto.signature(self.keys.token or "", stamp, nonce)
        return {"signature": proof, "timestamp": stamp, "nonce": nonce}

    def _over(self, asked: dict[str, Any], encrypt: str) -> str:
        parts = self.keys.token or "", asked["timestamp"], asked["nonce"], encrypt
        return push_crypto.signature(*parts)


def is_taken(answer: TestResponse) -> bool:
    return (answer.status_code, answer.data) == (200, b"success")


def is_refused(answer: TestResponse) -> bool:
    """Without a word."""
    return (answer.status_code, answer.data) == (403, b"")


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
