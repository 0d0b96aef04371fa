"""A real nginx asks us before it lets a request through: docs/protecting.md, as it
stands there but for ports and folders."""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from flask import Flask, request

from tests.cli.commands import free_port, get
from tests.integration.conftest import Visitor

DOCUMENT = Path(__file__).parents[2] / "docs" / "protecting.md"
NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
FORGED = {
    "X-Wxlogin-Uid": "forged",
    "X-Wxlogin-Name": "forged",
    "X-Wxlogin-External-Id": "forged",
}
# All that nginx writes stays in the test's folder.
MAIN = """
pid nginx.pid;
error_log error.log;
events {}
http {
  access_log off;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  %s
}
"""


def backend() -> Flask:
    """An application that says which of our headers it got."""
    app = Flask("backend")

    @app.get("/app/<path:page>")
    def echo(page: str) -> dict[str, str]:
        return {name: request.headers.get(name, "-") for name in FORGED}

    return app


def configuration(**places: object) -> str:
    (block,) = re.findall(r"```nginx\n(.*?)```", DOCUMENT.read_text("utf-8"), re.S)
    changes = {
        "listen 443 ssl;": f"listen 127.0.0.1:{places['port']};",
        "127.0.0.1:5000": f"127.0.0.1:{places['service']}",
        "127.0.0.1:8080": f"127.0.0.1:{places['backend']}",
        "/srv/pages": str(places["pages"]),
    }
    for written, meant in changes.items():
        assert block.count(written) == 1
        block = block.replace(written, meant)
    return MAIN % block


@pytest.fixture
def origin(
    tmp_path: Path, listen: Callable[..., int], service: Callable[..., Flask]
) -> Iterator[str]:
    """nginx with a static page, an application and our service behind it."""
    if NGINX is None:
        message = "nginx is missing; install it with: apt-get install nginx-light"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(message)
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    ours = service(public_url=f"{origin}/wx", whole_host=True, trusted_proxies=1)
    pages = tmp_path / "pages"
    pages.mkdir()
    (pages / "wiki.html").write_text("<h1>The secret recipe</h1>", "utf-8")
    folder = tmp_path / "nginx"
    folder.mkdir()
    text = configuration(
        port=port, service=listen(ours), backend=listen(backend()), pages=pages
    )
    (folder / "nginx.conf").write_text(text, "utf-8")
    here = ["-p", f"{folder}/", "-c", "nginx.conf", "-e", "error.log"]
    how = ["-g", "daemon off; master_process off;"]
    process = subprocess.Popen([NGINX, *here, *how])
    try:
        _wait_for(origin, process)
        yield origin
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait_for(origin: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        assert process.poll() is None, "nginx has ended"
        try:
            get(f"{origin}/wx/healthz")
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("nginx does not answer")


@pytest.fixture
def stranger(origin: str, visitor_of: Callable[[str], Visitor]) -> Visitor:
    return visitor_of(origin)


@pytest.fixture
def member(origin: str, visitor_of: Callable[[str], Visitor], xiaoming) -> Visitor:
    """小明's browser, which was led to the login and has come back."""
    visitor = visitor_of(origin)
    login = visitor.get("/wiki.html?page=1&x=%E8%8C%B6")
    assert "/wx/login?next=" in login.url
    back = visitor.signs_in(xiaoming, login.url)
    assert back.url == f"{origin}/wiki.html?page=1&x=%E8%8C%B6"
    assert "The secret recipe" in back.text
    return visitor


def test_a_static_page_admits_xiaoming_and_not_a_stranger(member, stranger):
    assert "The secret recipe" in member.get("/wiki.html").text
    answer = stranger.get("/wiki.html", follows=False)
    assert answer.status_code == 302
    assert "secret recipe" not in answer.text
    login = stranger.get("/wiki.html")
    assert login.status_code == 200
    assert "secret recipe" not in login.text


def test_the_application_learns_who_it_is(member):
    me = member.get("/wx/api/me").json()
    heard = member.get("/app/x").json()
    assert heard["X-Wxlogin-Uid"] == me["uid"]
    assert unquote(heard["X-Wxlogin-Name"]) == "小明😀"
    assert heard["X-Wxlogin-External-Id"] == "-"


def test_forged_headers_do_not_reach_the_application(member, stranger):
    uid = member.get("/wx/api/me").json()["uid"]
    heard = member.get("/app/x", **FORGED).json()
    assert heard["X-Wxlogin-Uid"] == uid
    assert "forged" not in heard.values()
    assert stranger.get("/app/x", follows=False, **FORGED).status_code == 302


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-Uri": "/wx/login"},
        {"X-Forwarded-Method": "GET"},
        {"X-Original-URL": "/wx/login"},
        {"Authorization": "Bearer nonsense"},
        {"Cookie": "wxlogin_session=forged"},
        {"Host": "evil.test"},
    ],
)
def test_nothing_a_stranger_says_opens_the_page(stranger, headers):
    answer = stranger.get("/wiki.html", follows=False, **headers)
    assert answer.status_code in (302, 500)
    assert "secret recipe" not in answer.text
    assert "evil.test" not in answer.headers.get("Location", "")


@pytest.mark.parametrize("path", ["/_wxlogin", "/_wxlogin_login"])
def test_the_proxy_s_own_addresses_are_closed(member, path):
    assert member.get(path, follows=False).status_code == 404


def test_a_script_is_refused_instead_of_led(stranger):
    answer = stranger.get("/wiki.html", follows=False, **{"Sec-Fetch-Mode": "cors"})
    assert answer.status_code == 401


def test_after_sign_out_the_page_is_closed(member):
    headers = {"Sec-Fetch-Site": "same-origin"}
    url = f"{member.origin}/wx/logout"
    member.session.post(url, headers=headers, allow_redirects=False, timeout=20)
    assert member.get("/wiki.html", follows=False).status_code == 302
