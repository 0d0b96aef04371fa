"""A mini program on the phone: the page that a code opens, its scene, what wx gives.

The program itself is somebody else's and does not run here. The screen shows what
WeChat would give it: `Page.onLoad` gets the page's query, in which `scene` is the text
of the code, encoded; the launch scene of `App.onLaunch` is a number and another thing,
1047 for a scanned code (developers.weixin.qq.com/miniprogram/dev/reference/
scene-list.html). Nothing of a scan reaches the program's server by itself.
"""

import json
from collections.abc import Callable

from flask import Blueprint, abort, request, url_for
from werkzeug.wrappers import Response

from ..current import is_foreign, origin, world
from ..refusals import SimulatorError
from ..world import wx
from ..world.launches import PROGRAM_SCREEN, Launch
from .page import page
from .phone_owner import named_person, owner, remember

bp = Blueprint("mini_program", __name__)

_ACTIONS: dict[str, Callable[[wx.Phone], wx.Answer]] = {
    "login": wx.login,
    "userdata": wx.user_info,
    "phone": wx.phone_number,
    "phone-deny": lambda phone: wx.phone_number(phone, allow=False),
}


@bp.get(PROGRAM_SCREEN)
def screen() -> Response:
    """The programs to open; with an appid one of them, at the page of a code."""
    if "appid" in request.args:
        return _screen(_launch()) if named_person() else _choose(_launch().link(""))
    person = owner()
    if person is None:
        return _choose(url_for("mini_program.screen"))
    programs = [a for a in world().registry.apps() if a.kind == "mini_program"]
    response = page(
        "mini_program.html", state="programs", person=person, programs=programs
    )
    remember(response, person)
    return response


@bp.post(PROGRAM_SCREEN)
def act() -> Response:
    """The program calls wx: a code, open data, the number, or a refusal."""
    person, launch = named_person() or abort(404), _launch()
    action = request.form.get("action", "")
    if is_foreign() or action not in _ACTIONS:
        abort(400)
    try:
        answer = _ACTIONS[action](wx.Phone(world(), launch.app, person, origin()))
    except SimulatorError as error:
        return _screen(launch, action=action, problem=str(error))
    return _screen(launch, action=action, answer=answer)


def _choose(onward: str) -> Response:
    """Whose phone is this? `onward` is where the answer leads."""
    people = world().registry.people()
    return page("mini_program.html", state="choose", people=people, onward=onward)


def _launch() -> Launch:
    values = request.values
    try:
        app = world().registry.app(values.get("appid", ""))
    except SimulatorError:
        abort(404)
    if app.kind != "mini_program":
        abort(404)
    home = app.pages[0] if app.pages else ""
    return Launch(
        app,
        values.get("page") or home,
        values.get("scene", ""),
        values.get("env") or "release",
    )


def _screen(
    launch: Launch,
    *,
    action: str = "",
    answer: wx.Answer | None = None,
    problem: str = "",
) -> Response:
    person = named_person() or abort(404)
    response = page(
        "mini_program.html",
        state="program",
        person=person,
        launch=launch,
        action=action,
        code=answer.get("code", "") if answer else "",
        answer=json.dumps(answer, ensure_ascii=False, indent=1) if answer else "",
        problem=problem,
    )
    remember(response, person)
    return response
