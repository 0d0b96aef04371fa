"""What every page is given: how the site looks, versions of static files, words,
pictures of people at addresses of ours."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, g, redirect, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wxlogin.accounts import avatars
from wxlogin.config import Settings
from wxlogin.config.languages import languages
from wxlogin.errors import NotFound
from wxlogin.flows import doors
from wxlogin.security.cookies import set_cookie
from wxlogin.security.recoding import JPEG
from wxlogin.security.returning import safe_next
from wxlogin.service import running
from wxlogin.web.edge import allow_embedding
from wxlogin.web.language import KEEP_SECONDS
from wxlogin.web.visitors import page_origins

bp = Blueprint("pages", __name__)
# Apart: a picture is no page that a person opens (see `hosts.PAGES`).
pictures = Blueprint("avatars", __name__, url_prefix="/avatars")

# Seconds a picture may be kept.
PICTURE_SECONDS = 24 * 3600
# Seconds a file may be kept under an address that does not name its version, as sites
# write the scripts they include; and under one that does.
_FILE_SECONDS = 3600
_VERSION_SECONDS = 365 * 24 * 3600

# Pages whose URL may be named in a link: it holds no secret, or one that is good for
# nothing without this browser.
_PLAIN = {
    "account.deleted",
    "account.me",
    "customers.page",
    "customers.question",
    "first_visit.page",
    "login.page",
    "login.signed_out",
    "must_follow.ours",
    "must_follow.page",
    "terms.ours",
    "terms.page",
}


def init_pages(app: Flask, settings: Settings) -> None:
    app.register_blueprint(bp)
    app.register_blueprint(pictures)
    app.jinja_env.globals.update(
        settings=settings,
        here=here,
        initial=initial,
        page_origins=page_origins,
        picture_at=picture_at,
        picture_of=picture_of,
    )
    app.jinja_env.filters["kind"] = kind_name
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = _FILE_SECONDS
    folder = Path(app.static_folder or "")

    @app.url_defaults
    def _version(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static":
            values["v"] = file_version(folder / values["filename"])

    @app.after_request
    def _keep_versions(response: Response) -> Response:
        # Only what is there: a name that a stranger makes up is no version to remember.
        if request.endpoint == "static" and response.status_code in (200, 304):
            named = (request.view_args or {})["filename"]
            if request.args.get("v") == file_version(folder / named):
                response.cache_control.max_age = _VERSION_SECONDS
        return response


@bp.get("/language/<name>")
def choose_language(name: str) -> Response:
    """Keeps the visitor's choice and goes back."""
    if name not in languages():
        raise NotFound("no such language")
    settings = running().settings
    back = safe_next(request.args.get("next"), settings)
    response = redirect(back or f"{settings.prefix}/login", 303)
    set_cookie(response, settings, "language", name, max_age=KEEP_SECONDS)
    return response


@pictures.get("/<uid>")
def picture(uid: str) -> Response:
    """A person's picture, a JPEG. Raises NotFound for any address but the present one.

    The address holds 128 random bits that are new with each picture. Who has it was
    given it: the person, on our pages, and the sites the person signs in to. So it
    needs no session, may be shown by any site, and may be kept by browsers and proxies
    for a day.
    """
    version = request.args.get("v", "")
    found = avatars.find(uid, version)
    if found is None:
        raise NotFound("no such picture")
    allow_embedding()
    response = Response(found, mimetype=JPEG)
    response.cache_control.public = True
    response.cache_control.max_age = PICTURE_SECONDS
    response.set_etag(version)
    response.make_conditional(request)
    return response


def here() -> str:
    """This page's path for the language switch, or /login where it is secret."""
    if request.endpoint in _PLAIN and request.method == "GET":
        return running().settings.prefix + request.full_path.rstrip("?")
    return url_for("login.page", **g.get("login_wish", {}))


def initial(nickname: str | None) -> str:
    """The first letter of a name, for a picture; empty for no name."""
    return (nickname or "").strip()[:1].upper()


def picture_of(user_id: int, uid: str) -> str | None:
    """The path of the user's picture, for our own pages."""
    return picture_at(uid, avatars.version_of(user_id))


def picture_at(uid: str, version: str | None) -> str | None:
    """The path of this version of the user's picture; None for None."""
    return url_for("avatars.picture", uid=uid, v=version) if version else None


def kind_name(kind: str) -> str:
    """What people call the door that apps of this kind open."""
    titles = (door.title for door in doors.DOORS if door.kind == kind)
    return str(gettext(next(titles, kind)))


@cache
def file_version(path: Path) -> str:
    """Changes when the file does, so that browsers may keep it for a year."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:10]
    except OSError:
        return "0"
