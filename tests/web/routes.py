"""Every route of the service, with addresses that lead to it."""

from collections import defaultdict
from collections.abc import Iterator

from flask import Flask
from werkzeug.routing import IntegerConverter

_SAMPLES: dict[str, str] = {"name": "web", "filename": "wxlogin.css"}
CHANGING = {"POST", "PUT", "PATCH", "DELETE"}


def routes(app: Flask) -> Iterator[tuple[str, str, set[str]]]:
    """Endpoint, an address, and the methods that it takes there."""
    app.url_map.update()
    for rule in app.url_map.iter_rules():
        values: dict[str, object] = {
            name: 1
            if isinstance(rule._converters[name], IntegerConverter)
            else _SAMPLES.get(name, "x")
            for name in rule.arguments
        }
        yield rule.endpoint, rule.build(values)[1], set(rule.methods)


def methods_by_path(app: Flask) -> dict[str, set[str]]:
    """Address, and all methods that are taken there."""
    found: dict[str, set[str]] = defaultdict(set)
    for _endpoint, path, methods in routes(app):
        found[path] |= methods
    return found


def acts(app: Flask, mark: str | None = None) -> list[tuple[str, str]]:
    """Method and address of what changes something; `mark` is that of web.edge."""
    return [
        (method, path)
        for endpoint, path, methods in routes(app)
        for method in sorted(methods & CHANGING)
        if getattr(app.view_functions[endpoint], "wxlogin_access", None) == mark
    ]
