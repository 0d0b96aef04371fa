"""Under which names and paths we answer."""

import json
import re

import pytest
from werkzeug.test import Client, EnvironBuilder
from werkzeug.wrappers import Response

from tests.support.journey import AS_A_SCRIPT, CHINESE, ENGLISH, Browser
from wxlogin.web.hosts import PAGES

HERE = "http://127.0.0.1:5000"
# How balancers, containers and people who look around name a machine.
NAMES = (
    "wxlogin:5000",
    "wxlogin.default.svc",
    "wxlogin.default.svc.cluster.local:5000",
    "10.0.0.7",
    "10.0.0.7:5000",
    "[::1]:5000",
    "[fd00::7]",
    "localhost:8000",
    "LOCALHOST",
    "wxlogin_web_1:5000",
    "shop.example.",
    "xn--wgv71a.example",
    "a..b",
    "a b",
    "evil.test:port",
    "微信".encode().decode("latin-1"),
    "",
)
# Other names of this machine, as a browser sends them.
NEIGHBOURS = (
    "localhost:5000",
    "LOCALHOST:5000",
    "app.localhost:5000",
    "localhost.:5000",
    "127.0.0.2:5000",
    "127.1.2.3:5000",
    "[::1]:5000",
    "[0:0:0:0:0:0:0:1]:5000",
    "[::ffff:127.0.0.1]:5000",
    "2130706433:5000",
)
FOREIGN = (
    "evil.test",
    "evil.test:5000",
    "127.0.0.1.evil.test",
    "localhost.evil.test",
    "evil.test#127.0.0.1",
    "127.0.0.1@evil.test",
    "evil.test@127.0.0.1",
    "127.0.0.1/evil.test",
    "127.0.0.1, evil.test",
    "127.0.0.1:5000:80",
    "127.0.0.1:evil",
    "[::1",
    "10.0.0.7:5000",
    "a b",
)


def asked_under(app, host: str, path: str, **more):
    environ = EnvironBuilder(path=path, base_url=HERE, **more).get_environ()
    environ["HTTP_HOST"] = host
    return answer_to(app, environ)


def answer_to(app, environ) -> Response:
    """Without a client of ours, which would take a name apart itself."""
    return Response.from_app(app, environ, buffered=True)


@pytest.fixture(params=["", "/wx"], ids=["at the root", "below a path"])
def placed(request, app_for) -> tuple[object, str]:
    """The service, and the path it is below."""
    return app_for(public_url=HERE + request.param), request.param


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_probe_is_answered_under_every_name(placed, path):
    """finding I6"""
    app, prefix = placed
    for host in NAMES:
        for spelled in {path, prefix + path}:
            answer = asked_under(app, host, spelled)
            assert answer.status_code == 200, ascii(host)
            assert "Set-Cookie" not in answer.headers


def test_a_probe_that_names_no_host_is_answered(app):
    environ = EnvironBuilder(path="/healthz", base_url=HERE).get_environ()
    del environ["HTTP_HOST"]
    environ["SERVER_NAME"], environ["SERVER_PROTOCOL"] = "10.0.0.7", "HTTP/1.0"
    assert answer_to(app, environ).status_code == 200


def test_a_page_leads_to_public_url_before_anybody_scans(placed):
    """finding I17"""
    app, prefix = placed
    asked = f"{prefix}/login?next=/orders%3Fa%3D1%26b%3D%25E8%258C%25B6"
    for host in NEIGHBOURS:
        answer = asked_under(app, host, asked)
        assert (answer.status_code, answer.location) == (302, HERE + asked), host
        assert "Set-Cookie" not in answer.headers


def test_every_page_does_and_no_program_is_led(app):
    """Whatever a person opens: each address that is got is one or the other."""
    seen = set()
    for rule in app.url_map.iter_rules():
        if "GET" not in rule.methods:
            continue
        path = re.sub(r"<[^>]+>", "1", rule.rule)
        answer = asked_under(app, "localhost:5000", path)
        led = answer.status_code == 302 and answer.location == HERE + path
        blueprint = rule.endpoint.partition(".")[0]
        assert led == (blueprint in PAGES), path
        seen.add(blueprint)
    assert PAGES <= seen
    programs = {"api", "avatars", "forward_auth", "ops", "openid_metadata", "static"}
    assert programs <= seen
    assert not programs & PAGES


def test_a_script_is_not_led(app):
    for more in AS_A_SCRIPT:
        answer = asked_under(app, "localhost:5000", "/login", headers=more)
        assert answer.status_code == 200, more


@pytest.mark.parametrize(
    ("public_url", "host"),
    [
        (HERE, "127.0.0.1:5000"),
        (HERE, "127.0.0.1:8000"),
        # A proxy on this machine that keeps its visitors' Host to itself.
        (HERE, "localhost:8000"),
        ("http://localhost:8080", "127.0.0.1:5000"),
        ("http://localhost", "127.0.0.1:5000"),
        ("http://localhost:5000", "LocalHost:5000"),
    ],
)
def test_nobody_is_led_in_a_circle(app_for, public_url, host):
    app = app_for(public_url=public_url)
    assert asked_under(app, host, "/login").status_code == 200


@pytest.mark.parametrize("path", ["/login", "/login/qr", "/me", "/nowhere"])
def test_a_foreign_name_gets_a_page_that_can_be_read(app, path):
    """security row 19"""
    for host in FOREIGN:
        answer = asked_under(app, host, path, headers=ENGLISH)
        text = answer.get_data(as_text=True)
        assert answer.status_code == 400, host
        assert "This is not the address" in text
        assert f'href="{HERE}/login"' in text
        assert "evil" not in text
        assert "Location" not in answer.headers
        # Under that name no file of ours would arrive.
        assert not re.search(r"""(src|href|action)=["']/""", text)


def test_a_foreign_name_is_told_in_chinese_and_to_programs(app):
    answer = asked_under(app, "evil.test", "/login", headers=CHINESE)
    assert "这不是登录服务的地址" in answer.get_data(as_text=True)
    problem = asked_under(app, "evil.test", "/api/me")
    assert (problem.status_code, problem.mimetype) == (400, "application/problem+json")
    assert json.loads(problem.data)["code"] == "foreign_host"


@pytest.mark.parametrize(
    "path", ["//login", "///login", "//me", "//api/me", "//oauth2/jwks", "//healthz"]
)
def test_a_slash_too_many_is_no_page(placed, path):
    """finding L12"""
    app, prefix = placed
    for spelled in {path, prefix + path}:
        environ = {"PATH_INFO": spelled}
        answer = Browser(app).get("/", environ_overrides=environ)
        assert answer.status_code == 404, spelled


def test_the_well_known_documents_bear_an_issuer_with_a_slash(app):
    environ = {"PATH_INFO": "//.well-known/openid-configuration"}
    assert Browser(app).get("/", environ_overrides=environ).status_code == 200


@pytest.mark.parametrize(
    ("proxy_path", "answered", "elsewhere"),
    [
        ("either", ("/wx/login", "/login"), ("/wx/wx/login", "/wxlogin", "/WX/login")),
        ("kept", ("/wx/login",), ("/login", "/", "/wx/wx/login", "/wxlogin")),
        ("taken_off", ("/login",), ("/wx/login", "/wx/wx/login")),
    ],
)
def test_a_page_has_the_address_that_the_operator_says(
    app_for, proxy_path, answered, elsewhere
):
    """finding L12"""
    app = app_for(public_url=f"{HERE}/wx", proxy_path=proxy_path)
    client = Client(app)
    for path in (*answered, "/healthz"):
        assert client.get(path, base_url=HERE).status_code == 200, path
    for path in elsewhere:
        assert client.get(path, base_url=HERE).status_code == 404, path


def test_what_a_server_took_off_is_not_taken_off_again(app_for):
    """WSGI: SCRIPT_NAME is the part of the path that is dealt with."""
    app = app_for(public_url=f"{HERE}/wx")
    for path, status in (("/login", 200), ("/wx/login", 404)):
        environ = {"SCRIPT_NAME": "/wx", "PATH_INFO": path}
        answer = Browser(app).get("/", environ_overrides=environ)
        assert answer.status_code == status
