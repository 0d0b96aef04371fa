"""The control API of pushes: what an app's server is told, and what came of it."""

import base64
import binascii
from typing import Any

from flask import Response, jsonify, request

from .control import body, bp
from .control_wechat import person_of
from .current import world
from .refusals import Clash, Invalid, known, mapping, text, texts
from .world import happenings
from .world.parties import App, app_from
from .world.push_events import Event
from .world.pushes import FAULTS
from .world.switch_values import MOST_AGE

_TEXTS = ("key", "ticket", "info", "content")


@bp.post("/push")
def push() -> Response:
    """Send one push and wait for its end: {outcome, why, reply, shown, requests}."""
    data = _data("person", "event", *_TEXTS, "more", "age", "faults", "raw", "base64")
    app, person = _app(data), person_of(data) if "person" in data else ""
    more = mapping(data.get("more", {}), "body.more")
    raw = _raw(data)
    event = Event(
        text(data, "event", "body", "raw" if raw is not None else None),
        **{name: text(data, name, "body", "") for name in _TEXTS},
        more=more,
    )
    draft = happenings.draft(
        world(), app, person, event, age=_age(data), faults=_faults(data), raw=raw
    )
    return jsonify(world().pushes.deliver(draft).as_json())


@bp.post("/push/release")
def release() -> Response:
    """Send what was held back of an app; how each ended."""
    done = world().pushes.release(_app(_data()))
    return jsonify([each.as_json() for each in done])


@bp.post("/push/verify")
def verify() -> Response:
    """Set the push address as the console does: kept only if it proves itself."""
    data = _data("push_url")
    app = _app(data)
    wanted = {
        "name": app.name,
        "push_url": text(data, "push_url", "body", app.push_url),
    }
    url = app_from(wanted, where="body", old=app).push_url
    if not url:
        raise Invalid("body.push_url: missing")
    why = world().pushes.verify(app, url)
    if not why:
        world().registry.put_apps(wanted)
    return jsonify(ok=not why, why=why)


@bp.get("/pushes")
def pushes() -> Response:
    """The last two hundred, oldest first; `?appid=` picks those of one app."""
    wanted = request.args.get("appid", "")
    app = world().registry.app(wanted) if wanted else None
    return jsonify([each.as_json() for each in world().pushes.done(app)])


@bp.get("/chat")
def chat() -> Response:
    """What a person reads in an account's chat: [{from, text}], oldest first."""
    app = world().registry.app(request.args.get("appid", ""))
    person = world().registry.person(request.args.get("person", ""))
    return jsonify(world().pushes.chat(app, person.name))


@bp.post("/say")
def say() -> Response:
    """A person writes to an account; its server is told, and may answer."""
    data = _data("person", "content")
    app, person = _app(data), person_of(data)
    happenings.say(world(), app, person, text(data, "content", "body", None))
    return jsonify(world().pushes.chat(app, person))


@bp.post("/revoke")
def revoke() -> Response:
    """A person takes back what an app was given; `info` is a RevokeInfo."""
    data = _data("person", "info")
    app, person = _app(data), person_of(data)
    happenings.revoke(world(), app, person, text(data, "info", "body", ""))
    return jsonify(app=app.name, person=person)


def _data(*more: str) -> Any:
    data = mapping(body(), "body")
    known(data, ("appid", *more), "body")
    return data


def _app(data: Any) -> App:
    app = world().registry.app(text(data, "appid", "body", None))
    if not app.token:
        raise Clash(f"{app.name!r} has no push token")
    return app


def _age(data: Any) -> int:
    age = data.get("age", 0)
    if isinstance(age, bool) or not isinstance(age, int) or not 0 <= age <= MOST_AGE:
        raise Invalid(f"body.age: 0 to {MOST_AGE} seconds, not {age!r}")
    return age


def _faults(data: Any) -> tuple[str, ...]:
    faults = texts(data, "faults", "body", ())
    for fault in faults:
        if fault not in FAULTS:
            raise Invalid(f"body.faults: of {', '.join(FAULTS)}, not {fault!r}")
    return faults


def _raw(data: Any) -> bytes | None:
    if "base64" in data:
        try:
            return base64.b64decode(text(data, "base64", "body", None), validate=True)
        except (binascii.Error, ValueError):
            raise Invalid("body.base64: not base64") from None
    if "raw" in data:
        return text(data, "raw", "body", None).encode("utf-8", "surrogatepass")
    return None
