"""A real nginx asks us before it lets a request through: docs/protecting.md, as it
stands there but for ports and folders."""

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from flask import Flask

from tests.cli.commands import free_port
from tests.integration.conftest import Visitor
from tests.integration.proxies import FORGED, backend, nginx


@pytest.fixture
def origin(
    tmp_path: Path, listen: Callable[..., int], service: Callable[..., Flask]
) -> Iterator[str]:
    """nginx with a static page, an application and our service behind it."""
    origin = f"http://127.0.0.1:{free_port()}"
    ours = service(public_url=f"{origin}/wx", whole_host=True, trusted_proxies=1)
    pages = tmp_path / "pages"
    pages.mkdir()
    (pages / "wiki.html").write_text("<h1>The secret recipe</h1>", "utf-8")
    changes = {
        "127.0.0.1:5000": f"127.0.0.1:{listen(ours)}",
        "127.0.0.1:8080": f"127.0.0.1:{listen(backend())}",
        "/srv/pages": str(pages),
    }
    with nginx(tmp_path / "nginx", origin, changes):
        yield origin


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


@pytest.mark.parametrize("path", ["/_wxlogin", "/@wxlogin_login"])
def test_the_proxy_s_own_addresses_are_closed(member, path):
    assert member.get(path, follows=False).status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Mode": "cors"},
        {"Accept": "application/json"},
        {"X-Requested-With": "XMLHttpRequest"},
    ],
)
def test_a_script_is_refused_instead_of_led(stranger, headers):
    answer = stranger.get("/wiki.html", follows=False, **headers)
    assert answer.status_code == 401


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_what_is_sent_is_not_lost_on_the_way_to_the_login(stranger, method):
    headers = {"Sec-Fetch-Mode": "navigate", "Accept": "text/html"}
    answer = stranger.session.request(
        method,
        f"{stranger.origin}/app/orders",
        data={"tea": "green"},
        headers=headers,
        allow_redirects=False,
        timeout=20,
    )
    assert answer.status_code == 401


def test_after_sign_out_the_page_is_closed(member):
    headers = {"Sec-Fetch-Site": "same-origin"}
    url = f"{member.origin}/wx/logout"
    member.session.post(url, headers=headers, allow_redirects=False, timeout=20)
    assert member.get("/wiki.html", follows=False).status_code == 302
