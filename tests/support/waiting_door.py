"""A door of the tests: a browser waits for a word, which anybody may say.

`add_door(app)` gives an application its views; `app` of this module is a service with
them, for a server in a process of its own.
"""

import os
import time
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from flask import Blueprint, Flask, Response, jsonify, request

from wxlogin.errors import NotFound
from wxlogin.service import shelf
from wxlogin.tickets.shelf import Kept
from wxlogin.web import waiting_browser
from wxlogin.web.waiting_browser import Sight, Waiter

COOKIE = "word"
FINAL = {"claimed", "refused"}


@dataclass(frozen=True)
class Word(Kept):
    """What was said, and who may hear it."""

    secret: str
    ends: float
    said: str = "waiting"


words = shelf("word", Word, seconds=300)
bp = Blueprint("word", __name__, url_prefix="/word")


@bp.post("/")
def begin() -> Response:
    key = words.put(Word(secret := "s3cret", time.time() + 300))
    answer = jsonify(key=key)
    answer.set_cookie(COOKIE, secret, httponly=True)
    return answer


@bp.post("/<key>/<said>")
def say(key: str, said: str) -> Response:
    found = words.get(key)
    assert found and words.swap(replace(found, said=said))
    return jsonify()


@bp.get("/<key>/state")
def state(key: str) -> Response:
    return waiting_browser.state(_waiter(key))


@bp.get("/<key>/events")
def events(key: str) -> Response:
    return waiting_browser.events(_waiter(key))


def _waiter(key: str) -> Waiter:
    secret = request.cookies.get(COOKIE, "")
    return Waiter(partial(_look, key, secret), partial(words.watch, key), key + secret)


def _look(key: str, secret: str) -> Sight:
    found = words.get(key)
    if found is None or found.secret != secret:
        raise NotFound("nobody's")
    more: dict[str, object] = {"worker": os.getpid()}
    if found.said == "scanned":
        more["nickname"] = "小明😀"
    left = found.ends - time.time()
    return Sight(found.said, found.version, left, found.said in FINAL, more)


def add_door(app: Flask) -> Flask:
    app.register_blueprint(bp)
    return app


def __getattr__(name: str) -> Any:
    if name == "app":
        from wxlogin.factory import build_to_serve

        return add_door(build_to_serve())
    raise AttributeError(name)
