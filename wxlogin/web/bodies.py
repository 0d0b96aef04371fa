"""JSON bodies of programs: an object with texts, or a clear refusal."""

import re
from typing import Any

from flask import request
from werkzeug.exceptions import UnsupportedMediaType

from wxlogin.errors import BadRequest

# A form or text/plain could come from any page without a preflight (row 26).
_LONGEST = 4096
# Half a character, which JSON can write and UTF-8 cannot.
_HALF = re.compile("[\ud800-\udfff]")


class NotJson(UnsupportedMediaType):
    """The body says that it is something else."""

    description = "the body is not application/json"


def json_texts(**names: bool) -> dict[str, str]:
    """The named texts of the request's JSON object; True marks a required one.

    A missing optional one is "". Raises BadRequest for another shape, and
    NotJson for a body of another type.
    """
    body, found = _object(), {}
    for name, required in names.items():
        value = _text(name, body.get(name, ""))
        if required and not value.strip():
            raise BadRequest(f"{name} is missing")
        found[name] = value
    return found


def json_text_or_null(name: str) -> str | None:
    """The one text of the request's JSON object; None where it is null.

    Raises as `json_texts`, and BadRequest where the name is not there.
    """
    body = _object()
    if name not in body:
        raise BadRequest(f"{name} is missing")
    return None if body[name] is None else _text(name, body[name])


def _object() -> dict[str, Any]:
    if not request.is_json:
        raise NotJson
    try:
        body = request.get_json(silent=True)
    except RecursionError:
        # Brackets within brackets, deeper than the parser goes.
        body = None
    if not isinstance(body, dict):
        raise BadRequest("the body is not a JSON object")
    return body


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST or _HALF.search(value):
        raise BadRequest(f"{name} is not a text")
    return value
