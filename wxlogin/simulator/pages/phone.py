"""A phone in the browser: who am I, what can I scan, do I agree?

Every state is a page of its own, so that it works without JavaScript and on a real
phone whose camera opened the link in the QR code. Opening the confirm link *is* the
scan, as in WeChat.
"""

from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

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

from ..current import is_foreign, leads_here, world
from ..protocol import CONFIRM
from ..refusals import SimulatorError
from ..world.account_codes import PLAIN, WITH_SCENE
from ..world.consent_link import is_consent_link
from ..world.launches import PROGRAM_SCREEN
from ..world.qrcodes import CANCELLED, CONFIRMED, SCANNED, QrCode
from .page import page
from .phone_owner import named_person, remember

bp = Blueprint("phone", __name__)

# Seconds the list of codes waits for news before it is sent again.
_LIST_HOLD = 5.0


@bp.get("/phone")
def home() -> Response:
    """Choose who you are; then the camera with the codes on show."""
    person = named_person()
    return _page("camera" if person else "choose", person=person, **_codes())


@bp.get("/phone/codes")
def codes() -> str:
    """The list of codes alone, held back until it differs from `version`."""
    seen = request.args.get("version", "")
    hold = min(_LIST_HOLD, current_app.config["HOLD_SECONDS"])
    world().wait(lambda: _version() != seen, hold)
    return render_template(
        "_codes.html", person=named_person() or abort(404), **_codes()
    )


def _codes() -> dict[str, object]:
    return {
        "codes": world().qrcodes.on_show(),
        "account_codes": [
            (world().registry.app(code.appid), code)
            for code in world().account_codes.on_show()
        ],
        "launches": world().launches.recent(),
        "version": _version(),
    }


def _version() -> str:
    parts = world().qrcodes, world().launches, world().account_codes
    return "-".join(str(part.version) for part in parts)


@bp.get("/phone/open")
def open_link() -> Response:
    """A link somebody pasted instead of scanning its code."""
    link = request.args.get("link", "").strip()
    if is_consent_link(link) and leads_here(link):
        who = request.args.get("person")
        return redirect(url_for("wechat_browser.authorize", link=link, person=who))
    if link.startswith((WITH_SCENE, PLAIN)):
        who = request.args.get("person")
        return redirect(url_for("account.scan", link=link, person=who))
    try:
        parts = urlsplit(link)
    except ValueError:
        return _page("problem", person=named_person(), problem="link")
    if parts.path == PROGRAM_SCREEN:
        return redirect(f"{PROGRAM_SCREEN}?{parts.query}&{_named()}")
    uuid = parse_qs(parts.query).get("uuid", [link])[0]
    if not (uuid.isascii() and uuid.isalnum()):
        return _page("problem", person=named_person(), problem="link")
    return redirect(_confirm_url(uuid, request.args.get("person", "")))


@bp.get(CONFIRM)
def sheet() -> Response:
    """What the QR code holds. With a person named, this is the scan."""
    uuid, person = request.args.get("uuid", ""), named_person()
    if person is None:
        onward = url_for("phone.sheet", uuid=uuid)
        return _page("choose", person=None, onward=onward)
    try:
        qr = world().scan(uuid, person.name)
    except SimulatorError:
        return _page("problem", person=person, problem=_problem(uuid))
    return _page("sheet", person=person, qr=qr)


@bp.post(CONFIRM)
def answer() -> Response:
    """The person taps "confirm" or "cancel"."""
    uuid, action = request.form.get("uuid", ""), request.form.get("action")
    person = named_person() or abort(404)
    if is_foreign() or action not in ("confirm", "cancel"):
        abort(400)
    try:
        act = world().confirm if action == "confirm" else world().cancel
        act(uuid, person.name)
    except SimulatorError:
        return _page("problem", person=person, problem=_problem(uuid))
    url = url_for("phone.result", uuid=uuid, person=person.name)
    return redirect(url, code=303)


@bp.get("/phone/result")
def result() -> Response:
    """How it ended."""
    uuid, person = request.args.get("uuid", ""), named_person() or abort(404)
    qr = _find(uuid)
    if qr is None or qr.person != person.name:
        return _page("problem", person=person, problem="unknown")
    if qr.status == SCANNED:
        return redirect(_confirm_url(uuid, person.name))
    states = {CONFIRMED: "confirmed", CANCELLED: "cancelled"}
    return _page("result", person=person, qr=qr, result=states.get(qr.status))


def _named() -> str:
    return urlencode({"person": request.args.get("person", "")})


def _find(uuid: str) -> QrCode | None:
    try:
        return world().qrcodes.get(uuid)
    except SimulatorError:
        return None


def _problem(uuid: str) -> str:
    """Which sentence tells why a code cannot be scanned or answered."""
    qr = _find(uuid)
    if qr is None:
        return "unknown"
    return "taken" if qr.status == SCANNED else qr.status


def _confirm_url(uuid: str, person: str) -> str:
    return url_for("phone.sheet", uuid=uuid, person=person)


def _page(state: str, **values: Any) -> Response:
    people = world().registry.people()
    onward = url_for("phone.home")
    values = {"onward": onward, "qr": None, "problem": "", "result": ""} | values
    response = page("phone.html", state=state, people=people, **values)
    if values["person"]:
        remember(response, values["person"])
    return response
