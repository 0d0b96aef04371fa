"""Who speaks for somebody else behind a proxy: five hundred hostile requests for each
proxy of docs/protecting.md and each application behind it.

    python -m tests.proof.forged [HOW MANY]
"""

import itertools
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from tests.cli.commands import free_port
from tests.integration import applications, hostile
from tests.integration.conftest import Visitor
from tests.integration.test_forged_identity import PROXIES
from tests.support.journey import Phone
from wxlogin import create_app
from wxlogin.cli.serving import QuietHandler
from wxlogin.config import load_settings
from wxlogin.db import db
from wxlogin.simulator.server import SimulatorServer
from wxlogin.simulator.world import World

REQUESTS = 500


def prove(count: int = REQUESTS) -> bool:
    """Prints a line for each proxy and application; True if nobody was fooled."""
    print(
        f"{count} requests in {len(hostile.CLAIMS)} spellings that claim somebody else"
    )
    try:
        return all([_prove(name, count) for name in PROXIES])
    except pytest.skip.Exception as missing:
        print(f"not measured. {missing}")
        return False


def _prove(name: str, count: int) -> bool:
    good = True
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        origin, cookie, uid = stack.enter_context(_guarded(name, Path(folder)))
        for app, path in applications.PATHS.items():
            fooled, refused = _ask(origin, path, cookie, uid, count)
            good = good and not fooled
            print(
                f"{name:34}{app:10}{fooled:4} forged, {refused:3} refused, "
                f"{count - fooled - refused} as themselves",
                flush=True,
            )
    return good


def _ask(origin: str, path: str, cookie: str, uid: str, count: int) -> tuple[int, int]:
    fooled = refused = 0
    ways = itertools.product(("1.1", "1.0"), hostile.CLAIMS.values())
    for version, lines in itertools.islice(itertools.cycle(ways), count):
        heard = hostile.claims(origin, path, lines, cookie=cookie, version=version)
        refused += heard.told is None
        fooled += heard.is_fooled or bool(heard.told and heard.told["UID"] != uid)
    return fooled, refused


@contextmanager
def _guarded(name: str, folder: Path) -> Iterator[tuple[str, str, str]]:
    """The proxy with everything behind it: its origin, 小明's cookies and uid there."""
    origin = f"http://127.0.0.1:{free_port()}"
    pages = folder / "pages"
    pages.mkdir()
    with ExitStack() as stack:
        simulator = stack.enter_context(SimulatorServer(World.demo(), hold_seconds=1))
        ours = stack.enter_context(_service(folder / "instance", origin, simulator.url))
        apps = stack.enter_context(applications.applications(pages))
        stack.enter_context(PROXIES[name](folder / "proxy", origin, ours, apps))
        visitor = Visitor(origin)
        stack.callback(visitor.session.close)
        visitor.signs_in(Phone(simulator, "xiaoming"), visitor.get("/app/x").url)
        jar = visitor.session.cookies
        cookie = "; ".join(f"{one.name}={one.value}" for one in jar)
        yield origin, cookie, visitor.get("/wx/api/me").json()["uid"]


@contextmanager
def _service(folder: Path, origin: str, simulator_url: str) -> Iterator[int]:
    given = {"public_url": f"{origin}/wx", "simulator_url": simulator_url}
    more = {"whole_host": True, "trusted_proxies": 1, "log_level": "error"}
    app = create_app(load_settings(folder, **given, **more))
    with app.app_context():
        db.create_all()
    server = make_server(
        "127.0.0.1", 0, app, threaded=True, request_handler=QuietHandler
    )
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True)
    thread.start()
    yield server.port
    server.shutdown()
    thread.join()
    server.server_close()


def main(words: list[str]) -> int:
    return 0 if prove(int(words[0]) if words else REQUESTS) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
