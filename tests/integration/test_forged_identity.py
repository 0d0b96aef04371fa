"""Nobody speaks for somebody else: no spelling of our headers passes a proxy.

Each proxy stands before four applications that read header names in four ways, and is
set up as docs/protecting.md says (finding H1).
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import pytest
from flask import Flask

from tests.cli.commands import free_port
from tests.integration import applications, hostile
from tests.integration.applications import PATHS, Applications
from tests.integration.conftest import Visitor
from tests.integration.proxies import caddy, documented, nginx

_NGINX_APP = """
    location {path} {{
        include wxlogin_headers;
        proxy_pass http://127.0.0.1:{port};
    }}
"""


def _nginx(
    folder: Path, origin: str, ours: int, apps: Applications, *, before: str = ""
) -> AbstractContextManager[None]:
    more = _NGINX_APP.format(path=PATHS["gunicorn"], port=apps.gunicorn)
    more += _NGINX_APP.format(path=PATHS["wsgiref"], port=apps.wsgiref)
    head = "    # PHP by FastCGI."
    changes = {
        "127.0.0.1:5000": f"127.0.0.1:{ours}",
        "127.0.0.1:8080": f"127.0.0.1:{apps.php}",
        "/srv/pages": str(apps.pages),
        "unix:/run/php/php-fpm.sock": f"127.0.0.1:{apps.fpm}",
        head: more + head,
    }
    return nginx(folder, origin, changes, before=before)


def _underscored(
    folder: Path, origin: str, ours: int, apps: Applications
) -> AbstractContextManager[None]:
    return _nginx(folder, origin, ours, apps, before="underscores_in_headers on;")


def _caddy(
    folder: Path, origin: str, ours: int, apps: Applications
) -> AbstractContextManager[None]:
    """The application's block once more for each of the others, at its path."""
    block = documented("caddyfile", {})
    whole = block[block.index("\thandle {") : block.rindex("}")]
    passed_on = "reverse_proxy 127.0.0.1:8080"
    assert passed_on in whole
    # As the document says of PHP.
    fpm = f"root * {apps.pages}\n\t\t\tphp_fastcgi 127.0.0.1:{apps.fpm}"
    others = {
        PATHS["PHP-FPM"]: fpm,
        PATHS["gunicorn"] + "*": f"reverse_proxy 127.0.0.1:{apps.gunicorn}",
        PATHS["wsgiref"] + "*": f"reverse_proxy 127.0.0.1:{apps.wsgiref}",
    }
    more = "".join(
        whole.replace("handle {", f"handle {path} {{").replace(passed_on, how)
        for path, how in others.items()
    )
    changes = {
        whole: more + whole,
        "127.0.0.1:5000": f"127.0.0.1:{ours}",
        "127.0.0.1:8080": f"127.0.0.1:{apps.php}",
    }
    return caddy(folder, origin, changes)


PROXIES = {
    "nginx": _nginx,
    "nginx, underscores_in_headers on": _underscored,
    "Caddy": _caddy,
}


@dataclass(frozen=True)
class Guarded:
    """A proxy with the applications behind it, and 小明's browser there."""

    origin: str
    member: Visitor

    @property
    def cookie(self) -> str:
        jar = self.member.session.cookies
        return "; ".join(f"{one.name}={one.value}" for one in jar)


@pytest.fixture(params=PROXIES)
def guarded(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    listen: Callable[..., int],
    service: Callable[..., Flask],
    visitor_of: Callable[[str], Visitor],
    xiaoming,
) -> Iterator[Guarded]:
    origin = f"http://127.0.0.1:{free_port()}"
    ours = listen(
        service(public_url=f"{origin}/wx", whole_host=True, trusted_proxies=1)
    )
    pages = tmp_path / "pages"
    pages.mkdir()
    with (
        applications.applications(pages) as apps,
        PROXIES[request.param](tmp_path / "proxy", origin, ours, apps),
    ):
        member = visitor_of(origin)
        member.signs_in(xiaoming, member.get("/app/x").url)
        yield Guarded(origin, member)


def test_no_spelling_makes_a_visitor_somebody_else(guarded: Guarded):
    uid = guarded.member.get("/wx/api/me").json()["uid"]
    fooled, refused = [], 0
    for app, path in PATHS.items():
        for what, lines in hostile.CLAIMS.items():
            for version in ("1.1", "1.0"):
                heard = hostile.claims(
                    guarded.origin, path, lines, cookie=guarded.cookie, version=version
                )
                refused += heard.told is None
                if heard.is_fooled or (heard.told and heard.told["UID"] != uid):
                    fooled.append((app, what, version, heard))
                if heard.told is None:
                    assert heard.status == 400, (app, what, version)
                else:
                    assert unquote(heard.told["NAME"] or "") == "小明😀"
        # The others wait for ever for a body in chunks, whoever sends it.
        for name in hostile.TRAILERS if app == "gunicorn" else ():
            heard = hostile.claims_behind_the_body(
                guarded.origin, path, name, cookie=guarded.cookie
            )
            if heard.is_fooled:
                fooled.append((app, "a trailer", name, heard))
    assert fooled == []
    # Most of them reach the application, with the visitor's own uid.
    assert refused < len(hostile.CLAIMS) * len(PATHS)


def test_no_spelling_makes_a_stranger_somebody(guarded: Guarded):
    for path in PATHS.values():
        for what, lines in hostile.CLAIMS.items():
            heard = hostile.claims(guarded.origin, path, lines)
            assert (heard.status in (302, 400), heard.told) == (True, None), what
