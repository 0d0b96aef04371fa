"""The front page: what it tells, what is copied from it, its dials and its forms."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from wechatpy.exceptions import WeChatOAuthException

from wxlogin.simulator import World, create_simulator
from wxlogin.simulator.pages.clients import Client, clients
from wxlogin.simulator.server import SimulatorServer

from .conftest import Site


def test_the_front_page_tells_what_is_there(site: Site) -> None:
    site.exchanges("wrong")
    page = site.client.get("/").text
    for fact in ("wx0000000000000a01", "secret-of-web", "小明😀", "40029", "main"):
        assert fact in page


def test_what_a_client_needs_can_be_copied_but_no_hidden_secret(
    client: FlaskClient,
) -> None:
    own = {"name": "own", "appid": "wx00000000000000ff", "secret": "a-real-one"}
    client.put("/_sim/apps", json=own)
    page = client.get("/").text
    texts = re.findall(r'data-copy="([^"]*)"', page)
    for text in ("http://localhost", "wx0000000000000a01", "secret-of-web"):
        assert text in texts
    assert "wx00000000000000ff" in texts
    assert "•••" in page
    assert "•••" not in texts


APP_FORM = {
    "what": "app",
    "put": "new",
    "app.name": "shop",
    "app.kind": "website",
    "app.appid": "wx00000000000000ff",
    "app.secret": "of-the-shop",
    "app.callback_domains": "shop.test, 127.0.0.1",
}
PERSON_FORM = {
    "what": "person",
    "put": "new",
    "person.name": "wang",
    "person.nickname": "王芳",
    "person.avatar": "generated",
    "person.country_code": "86",
    "person.phone": "13900139000",
}


def test_a_person_by_a_form(client: FlaskClient, world: World) -> None:
    added = client.post("/", data=PERSON_FORM)
    assert (added.status_code, added.headers["Location"]) == (303, "/#person-wang")
    wang = world.registry.person("wang")
    assert (wang.nickname, wang.phone, wang.revision) == ("王芳", "13900139000", 0)
    change = PERSON_FORM | {"put": "change", "person.nickname": "王小芳"}
    assert client.post("/", data=change).status_code == 303
    wang = world.registry.person("wang")
    # The picture was not changed, so that its address lives on.
    assert (wang.nickname, wang.revision) == ("王小芳", 0)
    client.post("/", data=change | {"person.avatar": ""})
    assert world.registry.person("wang").avatar == ""


def test_a_name_that_no_field_holds_is_kept(client: FlaskClient, world: World) -> None:
    bell = world.registry.person("bell")
    form = {"what": "person", "put": "change", "person.name": "bell"}
    shown = bell.nickname.replace("\x07", "\ufffd")
    assert f'value="{shown}"' in client.get("/").text
    form |= {"person.nickname": shown, "person.phone": "1"}
    assert client.post("/", data=form).status_code == 303
    now = world.registry.person("bell")
    assert (now.nickname, now.phone) == (bell.nickname, "1")


def test_an_app_by_a_form(client: FlaskClient, world: World) -> None:
    assert client.post("/", data=APP_FORM).status_code == 303
    app = world.registry.app("shop")
    assert app.callback_domains == ("shop.test", "127.0.0.1")
    change = APP_FORM | {"put": "change", "app.secret": "•••", "app.title": "小店"}
    assert client.post("/", data=change).status_code == 303
    app = world.registry.app("shop")
    assert (app.title, app.secret) == ("小店", "of-the-shop")
    assert "of-the-shop" not in client.get("/").text
    # What the form does not have is kept.
    oa = world.registry.app("oa")
    form = {"app.name": "oa", "app.appid": oa.appid, "app.secret": oa.secret}
    form |= {"what": "app", "put": "change", "app.kind": oa.kind}
    form["app.callback_domains"] = "oa.test"
    assert client.post("/", data=form).status_code == 303
    assert world.registry.app("oa").token == oa.token


@pytest.mark.parametrize(
    ("form", "field"),
    [
        (APP_FORM | {"app.callback_domains": "https://shop.test/"}, "callback_domains"),
        (APP_FORM | {"app.name": "oa"}, "name"),
        (APP_FORM | {"app.appid": "wx0000000000000a01"}, "appid"),
        (APP_FORM | {"app.secret": ""}, "secret"),
        (APP_FORM | {"put": "change"}, "name"),
        (PERSON_FORM | {"person.name": "Wang Fang"}, "name"),
        (PERSON_FORM | {"person.phone": "x"}, "phone"),
        ({"what": "person", "put": "new"}, "name"),
    ],
)
def test_a_refused_form_keeps_what_was_typed(
    client: FlaskClient, world: World, form: dict[str, str], field: str
) -> None:
    before = (world.registry.apps(), world.registry.people())
    answer = client.post("/", data=form)
    assert answer.status_code == 400
    assert (world.registry.apps(), world.registry.people()) == before
    page = answer.text
    assert 'role="alert">Not saved' in page
    assert f'id="{form["what"]}--{field}"' in page
    wrong = re.findall(r'<input id="[a-z]+--(\w+)"[^>]*aria-invalid', page)
    assert field in wrong
    for name, value in form.items():
        if "." in name and name != "app.kind":
            assert f'name="{name}" value="{value}"' in page


def test_a_form_of_a_foreign_page_adds_nobody(
    client: FlaskClient, world: World
) -> None:
    evil = {"Origin": "https://evil.test"}
    for form in (APP_FORM, PERSON_FORM):
        assert client.post("/", data=form, headers=evil).status_code == 403
    assert "wang" not in [person.name for person in world.registry.people()]


def test_every_field_has_its_own_label(client: FlaskClient) -> None:
    page = client.get("/").text
    fields = re.findall(r'<(?:input|select) id="([^"]+)"', page)
    assert len(fields) == len(set(fields))
    assert sorted(fields) == sorted(re.findall(r'<label for="([^"]+)"', page))


def test_the_list_of_calls_has_request_and_answer_without_secrets(site: Site) -> None:
    tokens = site.exchanges(site.gets_code())
    site.exchanges("wrong")
    page = site.client.get("/calls").text
    for told in ("grant_type=authorization_code", "secret=•••", "code=•••"):
        assert told in page
    for told in ("access_token=•••", "expires_in=7200", "errcode=40029", "errmsg="):
        assert told in page
    assert tokens["openid"] in page
    for hidden in ("access_token", "refresh_token"):
        assert tokens[hidden] not in page
    assert "secret-of-web" not in page


def test_the_front_page_leads_ten_clients_here(client: FlaskClient) -> None:
    page = client.get("/").text
    assert len(re.findall("data-client=", page)) == 10
    assert "https://api.weixin.qq.com&#34;, &#34;http://localhost&#34;" in page
    assert "wxlogin simulator run -- go test ./..." in page


def test_at_wechats_names_no_client_has_to_be_led() -> None:
    client = create_simulator(https_port=443).test_client()
    page = client.get("/", base_url="https://open.weixin.qq.com")
    assert page.status_code == 200
    assert "data-client=" not in page.text


@pytest.mark.parametrize("client", clients("http://here.test"), ids=lambda c: c.name)
def test_a_clients_snippet_is_whole(client: Client) -> None:
    """Python's is Python; nothing but the simulator's address is in any."""
    if client.language == "Python":
        compile(client.text, client.name, "exec")
    assert client.is_command == ("http://here.test" not in client.text)
    assert "{" not in client.text or client.name == "django-allauth"


def test_wechatpy_goes_where_its_snippet_leads(server: SimulatorServer) -> None:
    (mine,) = [each for each in clients(server.url) if each.name == "wechatpy"]
    names: dict[str, Any] = {}
    exec(mine.text, names)  # noqa: S102 - our own text, as a person would paste it
    oauth = names["OAuth"](
        "wx0000000000000a02", "secret-of-oa", "http://s.test/", "", ""
    )
    oauth._http.trust_env = False
    assert oauth.authorize_url.startswith(f"{server.url}/connect/oauth2/authorize?")
    with pytest.raises(WeChatOAuthException, match="40029"):
        oauth.fetch_access_token("nothing")


def test_the_front_pages_switches_and_clock(client: FlaskClient, world: World) -> None:
    for name, value in (
        ("snapshot", "true"),
        ("body", '"drip"'),
        ("errcode", '{"errcode": 40029}'),
    ):
        answer = client.post("/", data={"switch": name, "value": value})
        assert answer.status_code == 303
        assert world.switches.get(name)
    page = client.get("/").text
    assert 'aria-checked="true"' in page
    assert page.count(" selected") >= 2
    client.post("/", data={"switch": "snapshot", "value": "null"})
    assert world.switches.get("snapshot") is None
    client.post("/", data={"advance": "600"})
    assert world.clock.offset == 600
    client.post("/", data={"reset": "1"})
    assert world.clock.offset == 0


@pytest.mark.parametrize(
    "form",
    [
        {"switch": "nope", "value": "true"},
        {"switch": "snapshot", "value": "{"},
        {"advance": "x"},
        {"advance": "nan"},
        {"advance": "-1"},
    ],
)
def test_a_wrong_form_is_a_page_that_says_so(
    client: FlaskClient, form: dict[str, str]
) -> None:
    answer = client.post("/", data=form)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
