"""JSON bodies of programs: an object with texts, or a clear refusal."""

import re

from flask import request
from werkzeug.exceptions import UnsupportedMediaType

from wxlogin.errors import BadRequest

# A form or text/plain could come from any page without a preflight (row 26).
_LONGEST = 4096
# Half a character, which JSON can write and UTF-8 cannot.
_HALF = re.compile("[\ud800-\udfff]")


def json_texts(**names: bool) -> dict[str, str]:
    """The named texts of the request's JSON object; True marks a required one.

    A missing optional one is "". Raises BadRequest for another shape, and
    UnsupportedMediaType for a body that is not JSON.
    """
    if not request.is_json:
        raise UnsupportedMediaType
    try:
        body = request.get_json(silent=True)
    except RecursionError:
        # Brackets within brackets, deeper than the parser goes.
        body = None
    if not isinstance(body, dict):
        raise BadRequest("the body is not a JSON object")
    found = {}
    for name, required in names.items():
        value = body.get(name, "")
        if not isinstance(value, str) or len(value) > _LONGEST or _HALF.search(value):
            raise BadRequest(f"{name} is not a text")
        if required and not value.strip():
            raise BadRequest(f"{name} is missing")
        found[name] = value
    return found
