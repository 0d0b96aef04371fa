"""Applications behind a proxy that say which of our headers they have read.

Each of them makes variables out of header names in its own way: PHP reads `X_A` and
`X.A` as `X-A`, wsgiref joins `X_A` and `X-A`, gunicorn drops what has an underscore.
"""

import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.cli.commands import free_port
from tests.integration.proxies import needed, running

#: What we tell, as an application finds it among its variables.
NAMES = ("UID", "NAME", "EXTERNAL_ID", "TOKEN")
#: The applications by name: where each is on the proxy's host.
PATHS = {
    "php -S": "/app/",
    "PHP-FPM": "/who.php",
    "gunicorn": "/gunicorn/",
    "wsgiref": "/wsgiref/",
}
# Debian has its version in the name.
_PHP_FPM = shutil.which("php-fpm", path="/usr/sbin:/usr/bin") or next(
    (str(found) for found in sorted(Path("/usr/sbin").glob("php-fpm[0-9]*"))), None
)
_PHP = """<?php
$told = [];
foreach (['UID', 'NAME', 'EXTERNAL_ID', 'TOKEN'] as $name) {
    $told[$name] = $_SERVER["HTTP_X_WXLOGIN_$name"] ?? null;
}
header('Content-Type: application/json');
echo json_encode($told);
"""
_WSGI = """
import json, sys

def app(environ, start_response):
    names = ("UID", "NAME", "EXTERNAL_ID", "TOKEN")
    told = {name: environ.get(f"HTTP_X_WXLOGIN_{name}") for name in names}
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(told).encode()]

if __name__ == "__main__":
    from wsgiref.simple_server import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log_message(self, *_):
            pass

    make_server("127.0.0.1", int(sys.argv[1]), app, handler_class=Quiet).serve_forever()
"""
_POOL = """
[global]
error_log = {folder}/fpm.log
daemonize = no
[www]
listen = 127.0.0.1:{port}
pm = static
pm.max_children = 2
user = root
group = root
"""


@dataclass(frozen=True)
class Applications:
    """Where they listen, and the folder with the pages of PHP-FPM."""

    pages: Path
    php: int
    fpm: int
    gunicorn: int
    wsgiref: int


@contextmanager
def applications(folder: Path) -> Iterator[Applications]:
    """All four of them while the block runs. Skips the test where PHP is missing."""
    php = needed(shutil.which("php"), "PHP", "php-cli")
    fpm = needed(_PHP_FPM, "PHP-FPM", "php-fpm")
    (folder / "who.php").write_text(_PHP, "utf-8")
    (folder / "echo.py").write_text(_WSGI, "utf-8")
    ports = [free_port() for _ in range(4)]
    pool = folder / "fpm.conf"
    pool.write_text(_POOL.format(folder=folder, port=ports[1]), "utf-8")
    python = [sys.executable, "-W", "ignore"]
    gunicorn = ["-m", "gunicorn", "-b", f"127.0.0.1:{ports[2]}", "--log-level", "error"]
    with ExitStack() as stack:
        for command, port in (
            ([php, "-q", "-S", f"127.0.0.1:{ports[0]}", "who.php"], ports[0]),
            ([fpm, "-R", "-F", "-y", str(pool)], ports[1]),
            ([*python, *gunicorn, "echo:app"], ports[2]),
            ([*python, "echo.py", str(ports[3])], ports[3]),
        ):
            stack.enter_context(running(command, port, cwd=folder, quiet=True))
        yield Applications(folder, *ports)
