"""What somebody in between could do to a sign-in."""

import json
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from werkzeug.wrappers import Response


def with_another_nonce(url: str) -> str:
    """What somebody in between does to an authorization request."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    if "nonce" not in query or not parts.path.endswith("/oauth2/authorize"):
        return url
    query["nonce"] = "the-nonce-of-another-login"
    return parts._replace(query=urlencode(query)).geturl()


def with_another_signature(
    service: Callable[..., Iterable[bytes]],
) -> Callable[..., Iterable[bytes]]:
    """The service, whose ID tokens somebody has signed anew (WSGI middleware)."""

    def tampered(environ: dict[str, Any], respond: Any) -> Iterable[bytes]:
        answer = Response.from_app(service, environ)
        if environ["PATH_INFO"] == "/oauth2/token":
            tokens = answer.get_json()
            signed, _, signature = tokens["id_token"].rpartition(".")
            turned = "A" if signature[0] != "A" else "B"
            tokens["id_token"] = f"{signed}.{turned}{signature[1:]}"
            answer.set_data(json.dumps(tokens))
        return answer(environ, respond)

    return tampered
