"""WeChat's own browser on the phone, link by link and form by form."""

import re

import pytest
from flask.testing import FlaskClient

from wxlogin.simulator import World

from .conftest import H5_CALLBACK, WEB, WECHAT, consent_link

LINK = f"http://localhost{consent_link()}"


def opens(client: FlaskClient, link: str = LINK, **more: str) -> str:
    """The page, or the address, that this link leads to on xiaoming's phone."""
    query = {"link": link, "person": "xiaoming"} | more
    answer = client.get("/phone/authorize", query_string=query)
    return answer.headers.get("Location") or answer.text


def taps(client: FlaskClient, action: str, **more: str) -> str:
    form = {"link": LINK, "person": "xiaoming", "action": action} | more
    answer = client.post("/phone/authorize", data=form)
    return answer.headers.get("Location") or answer.text


def test_choose_then_allow(client: FlaskClient) -> None:
    page = client.get("/phone/authorize", query_string={"link": LINK}).text
    assert 'data-state="choose"' in page
    found = re.search(r'data-person="xiaoming" href="([^"]+)"', page)
    assert found
    sheet = client.get(found[1].replace("&amp;", "&")).text
    assert 'data-state="consent"' in sheet
    assert 'data-action="allow"' in sheet and 'data-action="deny"' in sheet
    assert taps(client, "allow").startswith(f"{H5_CALLBACK}?code=")
    assert opens(client).startswith(f"{H5_CALLBACK}?code=")


def test_whose_phone_it_is_is_remembered(client: FlaskClient) -> None:
    client.get("/phone?person=lihua")
    page = client.get("/phone/authorize", query_string={"link": LINK}).text
    assert 'data-me="lihua"' in page


def test_refuse(client: FlaskClient, world: World) -> None:
    closed = client.get(taps(client, "deny"))
    assert 'data-result="denied"' in closed.text
    world.switch(deny_redirect=True)
    assert taps(client, "deny") == f"{H5_CALLBACK}?state=STATE1"


@pytest.mark.parametrize(
    ("link", "text"),
    [
        (LINK.partition("#")[0], 'data-problem="fragment"'),
        (LINK.replace("scope=", "Scope="), 'data-problem="order"'),
        (f"http://localhost{consent_link(appid=WEB)}", "10016"),
    ],
)
def test_a_wrong_link(client: FlaskClient, link: str, text: str) -> None:
    assert text in opens(client, link)


@pytest.mark.parametrize("link", ["", "http://[", "https://s.test/", "javascript:1"])
def test_no_link_at_all_is_400(client: FlaskClient, link: str) -> None:
    query = {"link": link, "person": "xiaoming"}
    assert client.get("/phone/authorize", query_string=query).status_code == 400


def test_a_foreign_page_allows_nothing(client: FlaskClient) -> None:
    form = {"link": LINK, "person": "xiaoming", "action": "allow"}
    evil = {"Origin": "https://evil.test"}
    answer = client.post("/phone/authorize", data=form, headers=evil)
    assert answer.status_code == 400
    opened = client.post("/phone/browser", data=form | {"url": LINK}, headers=evil)
    assert opened.status_code == 400


def test_the_address_bar(client: FlaskClient) -> None:
    form = {"person": "xiaoming", "url": LINK}
    opened = client.post("/phone/browser", data=form)
    assert opened.headers["Location"].startswith("/phone/authorize?link=http")
    assert 'data-state="consent"' in client.get(opened.headers["Location"]).text


@pytest.mark.parametrize("url", ["", "s.test", "javascript:alert(1)", "http://["])
def test_what_is_no_address(client: FlaskClient, url: str) -> None:
    page = client.post("/phone/browser", data={"person": "jose", "url": url})
    assert 'data-problem="url"' in page.text
    assert "wxsim_entry" not in str(page.headers)


def test_follow_and_enter_from_the_menu(client: FlaskClient, world: World) -> None:
    who = {"person": "xiaoming"}
    followed = client.post("/phone/browser", data=who | {"follow": "oa"})
    page = client.get(followed.headers["Location"]).text
    assert 'data-unfollow="oa"' in page and '<option value="oa">' in page
    client.post("/phone/browser", data=who | {"url": "http://x.test/", "entry": "oa"})
    assert opens(client).startswith(H5_CALLBACK)
    client.post("/phone/browser", data=who | {"unfollow": "oa"})
    assert 'data-state="consent"' in opens(client)
    assert client.post("/phone/browser", data=who | {"follow": "x"}).status_code == 404


def test_a_preview_waits_for_the_full_service(
    client: FlaskClient, world: World
) -> None:
    world.switch(snapshot=True)
    preview = opens(client)
    assert preview.startswith(H5_CALLBACK)
    assert 'data-full-service="oa"' in client.get("/phone/browser").text
    form = {"person": "xiaoming", "full_service": "oa"}
    sheet = client.post("/phone/browser", data=form, follow_redirects=True).text
    assert 'data-state="consent"' in sheet
    assert '<input type="hidden" name="full" value="1">' in sheet
    code = taps(client, "allow", full="1").partition("code=")[2].partition("&")[0]
    found = world.grants.peek(code)
    assert found is not None and found.snapshot is False
    assert "data-full-service" not in client.get("/phone/browser").text


def test_two_visits_are_a_page_with_both(client: FlaskClient, world: World) -> None:
    world.switch(double_callback="different")
    assert opens(client).count("data-visits") == 0
    assert taps(client, "allow").count("code=") >= 2


def test_the_page_says_what_sites_will_see(client: FlaskClient) -> None:
    client.get("/phone?person=jose")
    assert 'data-agent="other"' in client.get("/phone/browser").text
    wechat = client.get("/phone/browser", headers=WECHAT).text
    assert 'data-agent="wechat"' in wechat


def test_the_camera_reads_consent_links_too(client: FlaskClient) -> None:
    query = {"person": "jose", "link": LINK}
    answer = client.get("/phone/open", query_string=query)
    assert answer.headers["Location"].startswith("/phone/authorize?link=http")


def test_names_and_links_are_text(client: FlaskClient) -> None:
    nasty = "<img src=x onerror=alert(1)>"
    client.put("/_sim/apps", json={"name": "oa", "title": nasty})
    for page in (opens(client), client.get("/phone/browser?person=jose").text):
        assert nasty not in page
    answer = client.get("/phone/browser", query_string={"url": nasty})
    assert nasty not in answer.text


def test_own_scripts_only_and_no_frame_around_it(client: FlaskClient) -> None:
    """A callback may be anywhere, so its form may lead there; nothing else is open."""
    for answer in (
        client.get("/phone/browser?person=jose"),
        client.get("/phone/authorize", query_string={"link": LINK, "person": "jose"}),
    ):
        policy = answer.headers["Content-Security-Policy"]
        assert "script-src 'nonce-" in policy and "unsafe" not in policy
        assert "form-action 'self' http: https:;" in policy
        assert "frame-ancestors 'none'" in policy
        assert not re.search(r"<[^>]+ style=|<[^>]+ on\w+=", answer.text)
    assert (
        "form-action 'self';" in client.get("/phone").headers["Content-Security-Policy"]
    )
