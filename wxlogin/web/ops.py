"""What machines ask: alive? ready?"""

from flask import Blueprint, Response, jsonify
from sqlalchemy import text

from wxlogin.db import reading
from wxlogin.tickets import current_tickets

bp = Blueprint("ops", __name__)


@bp.get("/healthz")
def healthz() -> Response:
    """The process answers."""
    return jsonify(status="ok")


@bp.get("/readyz")
def readyz() -> Response:
    """Database, with our tables, and ticket store answer; otherwise Unready."""
    with reading() as session:
        session.execute(text("SELECT 1 FROM users WHERE 1 = 0"))
    current_tickets().ping()
    return jsonify(status="ready")
