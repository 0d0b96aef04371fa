"""The pages for people, without scripts: the phone, and what holds for all."""

import json
import re

import pytest
from flask.testing import FlaskClient

from wxlogin.simulator import World

from .conftest import Site, phone


def test_choose_scan_confirm(site: Site) -> None:
    """The phone's whole way, link by link and form by form."""
    client = site.client
    uuid = site.shows_qr()
    page = client.get("/phone").text
    assert 'data-state="choose"' in page
    assert 'data-person="xiaoming"' in page
    camera = client.get("/phone?person=xiaoming").text
    assert f'data-scan="{uuid}"' in camera
    sheet = client.get(f"/connect/confirm?uuid={uuid}&person=xiaoming").text
    assert 'data-action="confirm"' in sheet
    assert 'data-action="cancel"' in sheet
    assert site.polls(uuid).startswith("window.wx_errcode=404;")
    form = {"uuid": uuid, "person": "xiaoming", "action": "confirm"}
    answer = client.post("/connect/confirm", data=form)
    assert answer.status_code == 303
    assert 'data-result="confirmed"' in client.get(answer.headers["Location"]).text
    assert site.polls(uuid).startswith("window.wx_errcode=405;")


def test_cancel(site: Site) -> None:
    uuid = site.shows_qr()
    site.client.get(f"/connect/confirm?uuid={uuid}&person=lihua")
    form = {"uuid": uuid, "person": "lihua", "action": "cancel"}
    answer = site.client.post("/connect/confirm", data=form, follow_redirects=True)
    assert 'data-result="cancelled"' in answer.text
    assert site.polls(uuid).startswith("window.wx_errcode=403;")


def test_the_link_in_the_code_asks_who_you_are_first(site: Site) -> None:
    """A real phone's camera opens the link; with a name chosen it is a scan."""
    uuid = site.shows_qr()
    page = site.client.get(f"/connect/confirm?uuid={uuid}").text
    assert 'data-state="choose"' in page
    assert f"/connect/confirm?uuid={uuid}&amp;person=lihua" in page
    assert site.polls(uuid).startswith("window.wx_errcode=408;")


@pytest.mark.parametrize("how", ["link", "uuid"])
def test_a_pasted_link(site: Site, how: str) -> None:
    uuid = site.shows_qr()
    link = f"http://localhost/connect/confirm?uuid={uuid}" if how == "link" else uuid
    answer = site.client.get(
        "/phone/open",
        query_string={"person": "jose", "link": link},
        follow_redirects=True,
    )
    assert 'data-state="sheet"' in answer.text


@pytest.mark.parametrize("link", ["", "https://evil.test/", "javascript:alert(1)"])
def test_another_link_is_refused(client: FlaskClient, link: str) -> None:
    answer = client.get("/phone/open", query_string={"person": "jose", "link": link})
    assert 'data-problem="link"' in answer.text


def test_why_a_code_cannot_be_scanned(site: Site, world: World) -> None:
    client = site.client

    def problem(uuid: str) -> str:
        page = client.get(f"/connect/confirm?uuid={uuid}&person=jose").text
        found = re.search(r'data-problem="(\w+)"', page)
        return found[1] if found else ""

    assert problem("nope") == "unknown"
    taken, used, old = site.shows_qr(), site.shows_qr(), site.shows_qr()
    phone(client, "scan", taken, "lihua")
    assert problem(taken) == "taken"
    phone(client, "scan", used, "lihua")
    phone(client, "confirm", used, "lihua")
    assert problem(used) == "confirmed"
    world.advance(301)
    assert problem(old) == "expired"


def test_a_result_belongs_to_who_scanned(site: Site) -> None:
    uuid = site.shows_qr()
    phone(site.client, "scan", uuid, "lihua")
    other = site.client.get(f"/phone/result?uuid={uuid}&person=jose")
    assert "data-problem" in other.text
    own = site.client.get(f"/phone/result?uuid={uuid}&person=lihua")
    assert own.headers["Location"].startswith("/connect/confirm")


def test_a_foreign_page_cannot_confirm(site: Site) -> None:
    uuid = site.shows_qr()
    phone(site.client, "scan", uuid, "lihua")
    answer = site.client.post(
        "/connect/confirm",
        data={"uuid": uuid, "person": "lihua", "action": "confirm"},
        headers={"Origin": "https://evil.test"},
    )
    assert answer.status_code == 400
    assert site.polls(uuid).startswith("window.wx_errcode=404;")


def test_the_list_holds_what_a_browser_looks_at(site: Site, world: World) -> None:
    uuid = site.shows_qr()
    listed = site.client.get("/phone/codes?person=lihua").text
    assert uuid in listed
    phone(site.client, "scan", uuid, "lihua")
    phone(site.client, "confirm", uuid, "lihua")
    assert uuid not in site.client.get("/phone/codes?person=lihua").text
    assert site.client.get("/phone/codes?person=stranger").status_code == 404


@pytest.mark.parametrize(
    ("headers", "query", "text"),
    [
        ({"Accept-Language": "zh-CN,zh;q=0.9"}, "", "你是谁？"),
        ({"Accept-Language": "zh-TW"}, "", "你是誰？"),
        ({"Accept-Language": "zh-Hant-HK,zh;q=0.9"}, "", "你是誰？"),
        ({"Accept-Language": "zh-SG"}, "", "你是谁？"),
        ({"Accept-Language": "zh;q=0.5,en;q=0.9"}, "", "Who are you?"),
        ({"Accept-Language": "zh;q=0"}, "", "Who are you?"),
        ({"Accept-Language": "en"}, "?lang=zh_Hant", "你是誰？"),
        ({"Accept-Language": "fr"}, "", "Who are you?"),
        ({"Accept-Language": "zh-CN"}, "?lang=en", "Who are you?"),
        ({"Accept-Language": "zh-CN"}, "?lang=xx", "你是谁？"),
    ],
)
def test_language(
    client: FlaskClient, headers: dict[str, str], query: str, text: str
) -> None:
    assert text in client.get(f"/phone{query}", headers=headers).text


def test_the_language_is_remembered(client: FlaskClient) -> None:
    client.get("/phone?lang=zh")
    assert "你是谁？" in client.get("/phone").text
    assert client.get("/connect/qrconnect?lang=en").headers.get("Set-Cookie") is None


def test_own_pages_run_only_own_scripts_and_are_not_framed(client: FlaskClient) -> None:
    for path in ("/", "/phone", "/phone?person=lihua"):
        answer = client.get(path)
        policy = answer.headers["Content-Security-Policy"]
        found = re.search(r"script-src 'nonce-([\w-]+)';", policy)
        assert found
        assert f'nonce="{found[1]}"' in answer.text
        assert "frame-ancestors 'none'" in policy
        assert not re.search(r"<[^>]+ style=|<[^>]+ on\w+=", answer.text)


def test_names_are_text(client: FlaskClient) -> None:
    nasty = "<img src=x onerror=alert(1)>"
    client.post("/_sim/people", json={"name": "evil", "nickname": nasty})
    client.put("/_sim/switches", json={"content_type": nasty})
    for path in ("/", "/phone", "/phone?person=evil"):
        assert nasty not in client.get(path).text


def test_a_broken_name_breaks_no_page(site: Site) -> None:
    client = site.client
    half = {"name": "half", "nickname": "\ud83d\x00"}
    assert client.post("/_sim/people", data=json.dumps(half)).status_code == 200
    client.put("/_sim/switches", data=json.dumps({"nickname": "\ud83d"}))
    uuid = site.shows_qr()
    for path in (
        "/",
        "/phone",
        "/phone?person=half",
        f"/connect/confirm?uuid={uuid}&person=half",
        f"/connect/l/qrconnect?uuid={uuid}&f=url",
        "/_sim/people",
        "/_sim/switches",
    ):
        assert client.get(path).status_code == 200


def test_every_text_has_its_chinese() -> None:
    from importlib.resources import files

    from babel.messages.mofile import read_mo
    from babel.messages.pofile import read_po

    folder = files("wxlogin.simulator") / "translations" / "zh" / "LC_MESSAGES"
    with (folder / "messages.po").open("rb") as source:
        catalog = read_po(source)
    with (folder / "messages.mo").open("rb") as compiled:
        built = read_mo(compiled)
    assert all(message.string for message in catalog if message.id)
    texts = {m.id: m.string for m in catalog if m.id}
    assert texts == {m.id: m.string for m in built if m.id}
