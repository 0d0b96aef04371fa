"""Avatars at WeChat's path: /mmopen/vi_32/<id>/<size>."""

from flask import Blueprint, Response, abort

from . import ids, pictures
from .state import world

bp = Blueprint("avatars", __name__)


@bp.get("/mmopen/vi_32/<avatar_id>/<size>")
def avatar(avatar_id: str, size: str) -> Response:
    """A square JPEG. A changed avatar's old address is 404, as it is dead in WeChat."""
    side = pictures.SIZES.get(size)
    if side is None:
        abort(404)
    if avatar_id == ids.DEFAULT_AVATAR:
        return Response(pictures.grey_avatar_jpeg(side), mimetype="image/jpeg")
    person = world().registry.find_avatar(avatar_id)
    if person is None:
        abort(404)
    body = pictures.avatar_jpeg(person.name, person.revision, side)
    return Response(body, mimetype="image/jpeg")
