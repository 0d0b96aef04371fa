"""Every route of the service, with addresses that lead to it."""

from collections.abc import Iterator

from flask import Flask

_SAMPLES = {
    "name": "web",
    "uid": "nobody",
    "session_id": 1,
    "filename": "wxlogin.css",
}


def routes(app: Flask) -> Iterator[tuple[str, str, set[str]]]:
    """Endpoint, an address, and the methods it takes."""
    adapter = app.url_map.bind("127.0.0.1")
    for rule in app.url_map.iter_rules():
        values = {name: _SAMPLES[name] for name in rule.arguments}
        method = "POST" if "POST" in rule.methods else "GET"
        path = adapter.build(rule.endpoint, values, method=method)
        yield rule.endpoint, path, set(rule.methods)
