"""The control API of moves: an account goes to another, with its people."""

from typing import Any

from flask import Response, jsonify

from .control import body, bp
from .current import world
from .refusals import Clash, known, mapping, text
from .world import happenings
from .world.parties import App


@bp.get("/migrations")
def migrations() -> Response:
    """All moves: [{from, to, state, at}]; a state is approved, frozen or done."""
    return jsonify(world().migrations.as_json())


@bp.post("/migrate")
def migrate() -> Response:
    """A mini program's seven days begin, or an account's move is approved."""
    data = _data("from", "to")
    world().migrations.begin(_app(data, "from"), _app(data, "to"))
    return migrations()


@bp.post("/migrate/confirm")
def confirm_move() -> Response:
    """Both accounts' administrators said yes: the followers move."""
    source = _app(_data("from"), "from")
    if source.kind != "official_account":
        raise Clash("a mini program's move is done after seven days")
    happenings.move_followers(world(), source)
    return migrations()


@bp.post("/migrate/cancel")
def cancel_move() -> Response:
    """The move is taken back."""
    world().migrations.cancel(_app(_data("from"), "from"))
    return migrations()


def _data(*names: str) -> Any:
    data = mapping(body(), "body")
    known(data, names, "body")
    return data


def _app(data: Any, name: str) -> App:
    return world().registry.app(text(data, name, "body", None))
