"""The front page: what is simulated, with the dials to turn by hand."""

import json
from datetime import UTC, datetime
from typing import Any

from flask import (
    Blueprint,
    abort,
    current_app,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.wrappers import Response

from ..current import addresses, is_foreign, world
from ..refusals import MASK, Invalid, SimulatorError
from ..world.seed import shown
from ..world.switch_values import SWITCHES
from .clients import clients
from .page import page
from .party_forms import Draft, put
from .party_forms import shown as in_field

bp = Blueprint("index", __name__)

# The newest calls and pushes; the control API has all that are kept.
_CALLS = _PUSHES = 12


@bp.get("/")
def home() -> Response:
    """Apps, people, switches, clock, recent calls and pushes."""
    return _page("")


@bp.get("/favicon.ico")
def icon() -> Response:
    """Browsers ask for it on pages that name no icon, such as the error pages."""
    return redirect(url_for("static", filename="icon.svg"))


@bp.get("/calls")
def calls() -> str:
    """The recent calls alone, for the page to refresh itself."""
    return render_template("_calls.html", **_calls())


@bp.get("/pushes")
def pushes() -> str:
    """The recent pushes alone, likewise."""
    return render_template("_pushes.html", **_pushes())


@bp.post("/")
def turn() -> Response | tuple[Response, int]:
    """One form of the front page: a switch, a party, the clock, or a clean slate."""
    if is_foreign():
        abort(403)
    if request.form.get("what") in ("person", "app"):
        return _put(request.form["what"])
    try:
        part = _turn()
    except SimulatorError as error:
        return _page(str(error)), error.status
    return redirect(url_for("index.home", _anchor=part), code=303)


def _put(what: str) -> Response | tuple[Response, int]:
    done = put(what, request.form)
    if isinstance(done, Draft):
        return _page(done.problem, done), 400
    return redirect(url_for("index.home", _anchor=f"{what}-{done}"), code=303)


def _turn() -> str:
    form = request.form
    if "switch" in form:
        world().switches.put({form["switch"]: _value(form.get("value", "null"))})
        return f"switch-{form['switch']}"
    if "advance" in form:
        world().advance(_seconds(form["advance"]))
        return "clock"
    if "reset" in form:
        world().reset()
    return "top"


def _value(raw: str) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        raise Invalid(f"not JSON: {raw[:80]}") from None


def _seconds(raw: str) -> float:
    try:
        return float(raw)
    except ValueError:
        raise Invalid(f"not a number: {raw[:80]}") from None


def _page(problem: str, draft: Draft | None = None) -> Response:
    registry, now = world().registry, world().now()
    return page(
        "index.html",
        problem=problem,
        draft=draft,
        in_field=in_field,
        places=addresses().places,
        clients=clients(addresses().open),
        real_names=current_app.config["HTTPS_PORT"] is not None,
        mask=MASK,
        apps=[shown(app) for app in registry.apps()],
        people=[(person, registry.ids_of(person)) for person in registry.people()],
        switches=SWITCHES,
        on=world().switches.as_json(),
        clock=_clock_time(now, "%Y-%m-%d %H:%M:%S"),
        offset=world().clock.offset,
        **_calls(),
        **_pushes(),
    )


def _calls() -> dict[str, Any]:
    newest = world().journal.calls()[-_CALLS:][::-1]
    return {"calls": [(_clock_time(c.time, "%H:%M:%S"), c) for c in newest]}


def _pushes() -> dict[str, Any]:
    newest = world().pushes.done()[-_PUSHES:][::-1]
    pushed = [(_clock_time(each.time, "%H:%M:%S"), each) for each in newest]
    return {"pushes": pushed, "pushes_version": world().pushes.version}


def _clock_time(seconds: float, form: str) -> str:
    # UTC on the page and in the journal, so that both can be compared.
    return datetime.fromtimestamp(seconds, UTC).strftime(form)
