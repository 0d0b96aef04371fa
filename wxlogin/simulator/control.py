"""The control API: what people and their phones do, and the world's dials.

JSON in, JSON out; errors are {"error": sentence} with 400, 403, 404 or 409. None of
these paths exists in WeChat. openapi.json beside this file says it to programs.
"""

from typing import Any

from flask import (
    Blueprint,
    Response,
    current_app,
    g,
    jsonify,
    request,
    send_from_directory,
)
from werkzeug.exceptions import HTTPException

from .current import addresses, is_foreign, leads_here, name_world, world, worlds
from .language import translated
from .protocol import OPEN_HOST
from .refusals import Invalid, SimulatorError, known, mapping, text
from .world.journal import Call
from .world.registry import Registry
from .world.seed import shown
from .world.switches import EVERYONE, Scope

bp = Blueprint("control", __name__, url_prefix="/_sim")


@bp.errorhandler(SimulatorError)
def _refused(error: SimulatorError) -> tuple[Response, int]:
    return jsonify(error=str(error)), error.status


@bp.app_errorhandler(HTTPException)
def _http_error(error: HTTPException) -> HTTPException | tuple[Response, int]:
    # A wrong path or method belongs to no blueprint, hence the look at the path.
    if not request.path.startswith("/_sim/"):
        return error
    return jsonify(error=error.description), error.code or 500


@bp.url_value_preprocessor
def _take_world(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    if values is not None:
        g.world_id = values.pop("world_id", None)


@bp.before_request
def _own_pages_only_and_which_world() -> tuple[Response, int] | None:
    if request.method != "GET" and is_foreign():
        return jsonify(error="a page of another site may not do this"), 403
    if g.world_id is not None:
        name_world(g.world_id)
    return None


def body() -> Any:
    """The JSON of this request. Raises Invalid."""
    # Whatever the Content-Type says: `curl -d '{…}'` is meant to work.
    data = request.get_json(force=True, silent=True)
    if data is None:
        raise Invalid("a JSON body is needed")
    return data


def at_wechat(url: str) -> str:
    """A link to a page of WeChat's. Raises Invalid for one to somebody else's."""
    if not leads_here(url):
        raise Invalid(
            f"url: WeChat's pages are at {OPEN_HOST}, here at {addresses().open}; to "
            "WeChat this link is somebody else's page"
        )
    return url


@bp.get("/people")
def people() -> Response:
    """All people with openid per app and unionid per open platform."""
    registry = world().registry
    return jsonify([person_json(registry, p.name) for p in registry.people()])


@bp.post("/people")
def put_person() -> Response:
    """Add a person or change the fields named: nickname, avatar, language, phone."""
    registry = world().registry
    return jsonify(person_json(registry, registry.put_person(body()).name))


def person_json(registry: Registry, name: str) -> dict[str, Any]:
    """A person as the control API shows one. Raises Unknown."""
    person = registry.person(name)
    return {
        "name": person.name,
        "nickname": person.nickname,
        "avatar": person.avatar,
        "language": person.language,
        "phone": person.phone,
        "country_code": person.country_code,
        **registry.ids_of(person),
    }


@bp.get("/apps")
def apps() -> Response:
    """All apps; secrets only of the fixed world, others may be real."""
    return jsonify([shown(app).as_json() for app in world().registry.apps()])


@bp.put("/apps")
def put_apps() -> Response:
    """Add or change one app or a list of apps; the name says which."""
    data = body()
    for item in data if isinstance(data, list) else [data]:
        if isinstance(item, dict) and isinstance(item.get("appid"), str):
            worlds().require_free(world(), item["appid"])
    return jsonify([shown(app).as_json() for app in world().registry.put_apps(data)])


@bp.get("/switches")
def switches() -> Response:
    """What is on: {"everyone": {…}, "apps": {…}, "people": {…}}."""
    return jsonify(world().switches.as_json())


@bp.put("/switches")
def put_switches() -> Response:
    """Set switches for everyone, or for one app or person named by `for`."""
    values = dict(mapping(body(), "body"))
    scope = _scope(values.pop("for", None))
    for name in ("fast_login", "mock_code"):
        if isinstance(values.get(name), str):
            world().registry.person(values[name])
    world().switches.put(values, scope)
    return switches()


def _scope(wanted: object) -> Scope:
    if wanted is None:
        return EVERYONE
    data = mapping(wanted, "for")
    known(data, ("app", "person"), "for")
    if len(data) != 1:
        raise Invalid("for: either `app` or `person`")
    if "app" in data:
        return "app", world().registry.app(text(data, "app", "for", None)).name
    return "person", world().registry.person(text(data, "person", "for", None)).name


@bp.get("/clock")
def clock() -> Response:
    """The world's Unix time and how many seconds it is ahead."""
    return jsonify(now=world().now(), offset=world().clock.offset)


@bp.post("/clock")
def advance() -> Response:
    """Move the clock forward by `advance` seconds."""
    data = mapping(body(), "body")
    known(data, ("advance",), "body")
    seconds = data.get("advance")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise Invalid("body.advance: a number of seconds is needed")
    world().advance(seconds)
    return clock()


@bp.get("/calls")
def calls() -> Response:
    """The calls of a server, oldest first; `?path=` picks those of one path."""
    kept = world().journal.calls(request.args.get("path", ""))
    return jsonify([call.as_json() | {"rule": _rule(call)} for call in kept])


def _rule(call: Call) -> str:
    """What the call broke, in the visitor's language."""
    return translated(call.rule) if call.rule else ""


@bp.post("/reset")
def reset() -> Response:
    """The world as it began."""
    world().reset()
    return jsonify(ok=True)


@bp.get("/openapi.json")
def openapi() -> Response:
    """All of these calls, as OpenAPI 3.1."""
    return send_from_directory(current_app.root_path, "openapi.json")
