"""Another application on our host and port: the service has only /wx of it.

The neighbour has a /login of its own and a cookie called `session`, as Flask
applications do. A proxy in front hands us our addresses as they are, or with /wx
taken off.
"""

from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask, request, session

PREFIX = "/wx"


def neighbour() -> Flask:
    """An application that knows nothing of us; /login signs its own user in."""
    app = Flask("neighbour", static_folder=None)
    app.secret_key = "the neighbour's own"

    @app.get("/login")
    def login() -> str:
        session["user"] = "neighbour's user"
        session["visits"] = session.get("visits", 0) + 1
        return "<!doctype html><title>Shop</title><h1>The neighbour's login</h1>"

    @app.get("/orders")
    def orders() -> str:
        ours = [name for name in request.cookies if "wxlogin" in name]
        user = session.get("user", "nobody")
        return f"<!doctype html><title>Shop</title><h1>{user}</h1><p>{ours}</p>"

    return app


class Host:
    """One origin with two applications. `strips`: the proxy takes /wx off."""

    def __init__(self, ours: Callable[..., Any], *, strips: bool) -> None:
        self.ours = ours
        self.strips = strips
        self.theirs = neighbour()

    def __call__(self, environ: dict[str, Any], respond: Any) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path != PREFIX and not path.startswith(f"{PREFIX}/"):
            return self.theirs(environ, respond)
        if self.strips:
            environ["PATH_INFO"] = path.removeprefix(PREFIX) or "/"
        return self.ours(environ, respond)
