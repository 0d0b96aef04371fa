"""A real Caddy asks us before it lets a request through: docs/protecting.md."""

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from flask import Flask

from tests.cli.commands import free_port
from tests.integration.conftest import Visitor
from tests.integration.proxies import FORGED, backend, caddy


@pytest.fixture
def origin(
    tmp_path: Path, listen: Callable[..., int], service: Callable[..., Flask]
) -> Iterator[str]:
    """Caddy with an application and our service behind it."""
    origin = f"http://127.0.0.1:{free_port()}"
    ours = service(public_url=f"{origin}/wx", whole_host=True, trusted_proxies=1)
    changes = {
        "127.0.0.1:5000": f"127.0.0.1:{listen(ours)}",
        "127.0.0.1:8080": f"127.0.0.1:{listen(backend())}",
    }
    with caddy(tmp_path / "caddy", origin, changes):
        yield origin


def test_xiaoming_is_led_to_the_login_and_back(
    origin: str, visitor_of: Callable[[str], Visitor], xiaoming
):
    visitor, stranger = visitor_of(origin), visitor_of(origin)
    login = visitor.get("/app/orders?page=1&x=%E8%8C%B6")
    assert "/wx/login?next=" in login.url
    back = visitor.signs_in(xiaoming, login.url)
    assert back.url == f"{origin}/app/orders?page=1&x=%E8%8C%B6"
    for headers in ({}, FORGED, {name.lower(): "forged" for name in FORGED}):
        heard = visitor.get("/app/orders", **headers).json()
        assert heard["X-Wxlogin-Uid"] == visitor.get("/wx/api/me").json()["uid"]
        assert unquote(heard["X-Wxlogin-Name"]) == "小明😀"
        assert heard["X-Wxlogin-External-Id"] in ("", "-")
        refused = stranger.get("/app/orders", follows=False, **headers)
        assert refused.status_code == 302
        assert refused.headers["Location"].startswith(f"{origin}/wx/login?next=")


def test_a_script_is_refused_instead_of_led(
    origin: str, visitor_of: Callable[[str], Visitor]
):
    answer = visitor_of(origin).get(
        "/app/orders", follows=False, **{"Sec-Fetch-Mode": "cors"}
    )
    assert answer.status_code == 401
