"""What happened to a site's users, for its server to ask."""

from flask import Blueprint, Response, jsonify, request

from wxlogin.errors import BadRequest
from wxlogin.service import running
from wxlogin.sites import feed
from wxlogin.telling.webhooks import public_form
from wxlogin.web.site_access import calling_site

bp = Blueprint("site_events", __name__, url_prefix="/api/site")

DEFAULT_LIMIT = 100
MOST = 500
# More digits than a position has, and a number every database can hold.
_DIGITS = 18


@bp.get("/events")
def events() -> Response:
    """The events behind `after`, at most `limit`, in the order of the feed."""
    client_id = calling_site().client_id or ""
    after = _number("after", default=0)
    limit = _number("limit", default=DEFAULT_LIMIT)
    if not 1 <= limit <= MOST:
        raise BadRequest(f"limit is 1 to {MOST}")
    page = feed.read(client_id, after=after, limit=limit)
    settings = running().settings
    told = [{"id": one.id, **public_form(settings, one)} for one in page.events]
    return jsonify(events=told, next=str(page.next), more=page.more)


def _number(name: str, *, default: int) -> int:
    """A whole number of the query; the feed's cursor is one, to us."""
    text = request.args.get(name, "")
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > _DIGITS:
        raise BadRequest(f"{name} is not what an earlier answer gave, or no number")
    return int(text)
