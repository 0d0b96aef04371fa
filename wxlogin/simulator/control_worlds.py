"""The control API of worlds beside the first.

Every other call of the control API is below `/_sim/worlds/<id>/` as well, and is then
about that world.
"""

from typing import Any

from flask import Response, jsonify, request

from .control import body, bp, person_json
from .current import worlds
from .refusals import known, mapping


@bp.get("/worlds")
def list_worlds() -> Response:
    """The worlds beside the first: a list of `id` and `control`."""
    return jsonify([_address(name) for name in worlds().names()])


@bp.post("/worlds")
def make_world() -> Response:
    """A new one: `id`, `control` (the path of its calls), `apps`, `people`.

    Only this answer tells the secrets of its apps.
    """
    if request.get_data():
        known(mapping(body(), "body"), (), "body")
    name = worlds().make()
    registry = worlds().get(name).registry
    return jsonify(
        **_address(name),
        apps=[app.as_json() for app in registry.apps()],
        people=[person_json(registry, person.name) for person in registry.people()],
    )


@bp.delete("/worlds/<name>")
def drop_world(name: str) -> Response:
    """It is gone, with everything in it."""
    worlds().drop(name)
    return jsonify(ok=True)


def _address(name: str) -> dict[str, Any]:
    return {"id": name, "control": f"/_sim/worlds/{name}/"}
