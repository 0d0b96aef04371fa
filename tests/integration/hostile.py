"""Requests that claim to be somebody else, byte by byte as they are sent.

Applications make variables out of header names, and many of them make the same one
out of several: CGI and what follows it turn a hyphen into an underscore, PHP a dot as
well, others every character that is no letter or digit. So a proxy that replaces
`X-Wxlogin-Uid` alone lets its aliases pass.
"""

import json
import socket
from dataclasses import dataclass
from http.client import HTTPResponse
from urllib.parse import urlsplit

#: What every claim says; no application may ever read it.
CLAIM = "forged"
_NAMES = ("Uid", "Name", "External-Id", "Token")


def _one(name: str) -> tuple[str, ...]:
    return (f"{name}: {CLAIM}",)


def _spelled(joint: str) -> tuple[str, ...]:
    return tuple(
        f"X-Wxlogin-{name}".replace("-", joint) + f": {CLAIM}" for name in _NAMES
    )


#: By what is odd about them: the lines that are put into the request.
CLAIMS: dict[str, tuple[str, ...]] = {
    "as documented": _spelled("-"),
    "small letters": tuple(line.lower() for line in _spelled("-")),
    "capitals": tuple(line.upper().replace("FORGED", CLAIM) for line in _spelled("-")),
    "underscores": _spelled("_"),
    "small underscores": tuple(line.lower() for line in _spelled("_")),
    "dots": _spelled("."),
    "plus": _spelled("+"),
    "tilde": _spelled("~"),
    "exclamation": _spelled("!"),
    "the second underscored": _one("X-Wxlogin_Uid"),
    "the first underscored": _one("X_Wxlogin-Uid"),
    "the second dotted": _one("X-Wxlogin.Uid"),
    "underscore and dot": _one("X_Wxlogin.Uid"),
    "external id, each way": (
        *_one("X_Wxlogin-External-Id"),
        *_one("X-Wxlogin_External-Id"),
        *_one("X-Wxlogin-External_Id"),
        *_one("X_Wxlogin_External-Id"),
        *_one("X_Wxlogin-External_Id"),
        *_one("X-Wxlogin_External_Id"),
        *_one("X_Wxlogin_External_Id"),
    ),
    "doubled": (*_spelled("-"), *_spelled("-")),
    "doubled, another way": (*_spelled("_"), *_spelled("-"), *_spelled("_")),
    "an empty one first": ("X_Wxlogin_Uid:", *_one("X_Wxlogin_Uid")),
    "an empty one last": (*_one("X_Wxlogin_Uid"), "X_Wxlogin_Uid:"),
    "to be dropped on the way": (
        "Connection: close, X-Wxlogin-Uid, X-Wxlogin-Token",
        *_spelled("_"),
    ),
    "to be dropped, in small letters": (
        "Connection: x-wxlogin-uid",
        "Connection: x-wxlogin-external-id",
        *_spelled("-"),
        *_spelled("_"),
    ),
    "the underscored to be dropped": ("Connection: X_Wxlogin_Uid", *_spelled("_")),
    "a variable's name": _one("HTTP_X_WXLOGIN_UID"),
    "a folded line": ("X-Other: a", f" X_Wxlogin_Uid: {CLAIM}"),
    "a blank before the colon": (f"X_Wxlogin_Uid : {CLAIM}",),
    "blanks in the name": (f"X Wxlogin Uid: {CLAIM}",),
    "a bracket in the name": _one("X[Wxlogin_Uid"),
    "a bare line feed": (f"X-Other: a\nX_Wxlogin_Uid: {CLAIM}",),
    "a bare carriage return": (f"X-Other: a\rX_Wxlogin_Uid: {CLAIM}",),
}
#: Claims behind the body of a request (RFC 9110 section 6.5).
TRAILERS = ("X-Wxlogin-Uid", "X_Wxlogin_Uid", "X.Wxlogin.Uid")


@dataclass(frozen=True)
class Heard:
    """What an application answered; `told` is None where the proxy refused."""

    status: int
    told: dict[str, str | None] | None

    @property
    def is_fooled(self) -> bool:
        """Did the application read what the visitor claimed?"""
        values = (self.told or {}).values()
        return any(CLAIM in value for value in values if value)


def claims(
    origin: str,
    path: str,
    lines: tuple[str, ...],
    *,
    cookie: str = "",
    version: str = "1.1",
) -> Heard:
    """Sends these header lines as they are, with this cookie."""
    return _send(origin, _request("GET", origin, path, lines, cookie, version))


def claims_behind_the_body(
    origin: str, path: str, name: str, *, cookie: str = ""
) -> Heard:
    """A posted body in chunks, and this header behind it."""
    lines = ("Transfer-Encoding: chunked", f"Trailer: {name}", "TE: trailers")
    head = _request("POST", origin, path, lines, cookie, "1.1")
    return _send(origin, head + f"1\r\na\r\n0\r\n{name}: {CLAIM}\r\n\r\n".encode())


def _request(
    method: str,
    origin: str,
    path: str,
    lines: tuple[str, ...],
    cookie: str,
    version: str,
) -> bytes:
    host = urlsplit(origin).netloc
    head = [f"{method} {path} HTTP/{version}", f"Host: {host}"]
    if cookie:
        head.append(f"Cookie: {cookie}")
    if not any(line.startswith("Connection") for line in lines):
        head.append("Connection: close")
    return ("\r\n".join([*head, *lines]) + "\r\n\r\n").encode("latin-1")


def _send(origin: str, data: bytes) -> Heard:
    place = urlsplit(origin)
    with socket.create_connection((place.hostname, place.port), timeout=20) as sock:
        sock.sendall(data)
        answer = HTTPResponse(sock)
        try:
            answer.begin()
            body = answer.read()
        finally:
            answer.close()
    told = json.loads(body) if answer.status == 200 else None
    return Heard(answer.status, told)
