"""Pictures of people, at addresses of ours.

The address holds 128 random bits that are new with each picture. Who has it was
given it: the person, on our pages, and the sites the person signs in to. So it needs
no session, may be shown by any site, and may be kept by browsers and proxies for a
day.
"""

from flask import Blueprint, Flask, Response, request, url_for

from wxlogin.accounts import avatars
from wxlogin.errors import NotFound
from wxlogin.security.recoding import JPEG
from wxlogin.web.edge import allow_embedding

bp = Blueprint("avatars", __name__, url_prefix="/avatars")

KEEP_SECONDS = 24 * 3600


@bp.get("/<uid>")
def picture(uid: str) -> Response:
    """The JPEG. Raises NotFound for any other address than the present one."""
    version = request.args.get("v", "")
    found = avatars.find(uid, version)
    if found is None:
        raise NotFound("no such picture")
    allow_embedding()
    response = Response(found, mimetype=JPEG)
    response.cache_control.public = True
    response.cache_control.max_age = KEEP_SECONDS
    response.set_etag(version)
    response.make_conditional(request)
    return response


def init_avatars(app: Flask) -> None:
    """Gives templates `picture_of(user_id, uid)`."""
    app.register_blueprint(bp)
    app.jinja_env.globals["picture_of"] = picture_of


def picture_of(user_id: int, uid: str) -> str | None:
    """The path of the user's picture, for our own pages."""
    version = avatars.version_of(user_id)
    return url_for("avatars.picture", uid=uid, v=version) if version else None
