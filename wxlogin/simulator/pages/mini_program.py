"""A mini program on the phone: the page that a code opens, its scene, what wx gives.

The program itself is somebody else's. Where the app has a `request_domain`, a small one
plays in its place (`..program`), and a code is answered on this screen. Below it, or
alone, stands what WeChat gives a program: `Page.onLoad` gets the page's query, in which
`scene` is the text of the code, encoded; the launch scene of `App.onLaunch` is a number
and another thing, 1047 for a scanned code. Nothing of a scan reaches the program's
server by itself.
"""

import json
from collections.abc import Callable
from datetime import datetime
from urllib.parse import parse_qs

from flask import Blueprint, abort, redirect, request, url_for
from werkzeug.wrappers import Response

from ..current import addresses, is_foreign, world
from ..language import language
from ..program import Program, Told
from ..protocol import BUSINESS
from ..refusals import SimulatorError
from ..world import wx
from ..world.launches import BY_SCHEME, PROGRAM_SCREEN, SCANNED, Launch
from ..world.parties import Person
from .page import page
from .phone_owner import named_person, owner, remember

bp = Blueprint("mini_program", __name__)

_ACTIONS: dict[str, Callable[[wx.Phone], wx.Answer]] = {
    "login": wx.login,
    "userdata": wx.user_info,
    "phone": wx.phone_number,
    "phone-deny": lambda phone: wx.phone_number(phone, allow=False),
}


# What the person says to the program that a code opened.
_ANSWERS: dict[str, Callable[[Program, Launch], Told]] = {
    "confirm": lambda program, launch: program.confirm(launch.scene, _given("number")),
    "cancel": lambda program, launch: program.cancel(launch.scene),
    "agree": lambda program, launch: program.agree(
        launch.scene, _given("terms_version"), _given("number")
    ),
}


@bp.get(PROGRAM_SCREEN)
def screen() -> Response:
    """The programs to open; with an appid one of them, at the page of a code."""
    if "appid" in request.args:
        return _open(_launch())
    person = owner()
    if person is None:
        return _choose(url_for("mini_program.screen"))
    programs = [a for a in world().registry.apps() if a.kind == "mini_program"]
    response = page(
        "mini_program.html", state="programs", person=person, programs=programs
    )
    remember(response, person)
    return response


@bp.get(BUSINESS)
def by_scheme() -> Response:
    """A plain scheme, `weixin://dl/business/?…`, that the phone's browser opened."""
    values, person = request.args, owner()
    try:
        app = world().registry.app(values.get("appid", ""))
    except SimulatorError:
        abort(404)
    launch = Launch(
        app,
        values.get("path", ""),
        parse_qs(values.get("query", "")).get("scene", [""])[0],
        values.get("env_version", "release"),
        BY_SCHEME,
    )
    return redirect(launch.link("") + (f"&person={person.name}" if person else ""))


@bp.post(PROGRAM_SCREEN)
def act() -> Response:
    """The person answers the program, or it calls wx: a code, open data, the number."""
    person, launch = named_person() or abort(404), _launch()
    action = request.form.get("action", "")
    if is_foreign():
        abort(400)
    if launch.app.request_domain and action == "web-view":
        return _visit(launch, person)
    if launch.plays and action in _ANSWERS:
        return _screen(launch, told=_ANSWERS[action](_program(launch, person), launch))
    if action not in _ACTIONS:
        abort(400)
    try:
        answer = _ACTIONS[action](_phone(launch, person))
    except SimulatorError as error:
        return _screen(launch, action=action, problem=str(error))
    return _screen(launch, action=action, answer=answer)


def _open(launch: Launch) -> Response:
    """Whose phone, and then the page. Opening it is the scan, as in WeChat."""
    person = named_person()
    if person is None:
        return _choose(launch.link(""))
    return _screen(launch, told=_play(launch, person) if launch.is_there else None)


def _play(launch: Launch, person: Person) -> Told | None:
    if launch.plays:
        return _program(launch, person).open(launch.scene)
    return _program(launch, person).home() if launch.app.request_domain else None


def _visit(launch: Launch, person: Person) -> Response:
    """The program opens a web-view, which is this window, at its own site."""
    found = _program(launch, person).visit()
    return _screen(launch, told=found) if isinstance(found, Told) else redirect(found)


def _program(launch: Launch, person: Person) -> Program:
    return Program(_phone(launch, person), language())


def _phone(launch: Launch, person: Person) -> wx.Phone:
    return wx.Phone(world(), launch.app, person, addresses().avatars)


def _given(name: str) -> str:
    return request.form.get(name, "")[:200]


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
    launch = Launch(
        app,
        values.get("page") or home,
        values.get("scene", ""),
        values.get("env") or "release",
        BY_SCHEME if values.get("launch") == str(BY_SCHEME) else SCANNED,
    )
    return world().opened(launch)


def _screen(
    launch: Launch,
    *,
    told: Told | None = None,
    action: str = "",
    answer: wx.Answer | None = None,
    problem: str = "",
) -> Response:
    person = named_person() or abort(404)
    response = page(
        "mini_program.html",
        leads_away=bool(launch.app.request_domain),
        state="program",
        person=person,
        launch=launch,
        told=told,
        since=_clock_time(told.asked.since) if told else "",
        number=_given("number"),
        action=action,
        code=answer.get("code", "") if answer else "",
        answer=json.dumps(answer, ensure_ascii=False, indent=1) if answer else "",
        problem=problem,
    )
    remember(response, person)
    return response


def _clock_time(iso: str) -> str:
    """A time as this machine's clock shows it; a text that is none stays as it is."""
    try:
        return datetime.fromisoformat(iso).astimezone().strftime("%H:%M:%S")
    except ValueError:
        return iso
