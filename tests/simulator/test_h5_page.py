"""What the server answers at /connect/oauth2/authorize, before any script runs."""

import pytest
from flask.testing import FlaskClient

from .conftest import WEB, WECHAT, consent_link

LINK = consent_link().partition("#")[0]
SECOND = LINK + "&connect_redirect=1"
WECOM = {"User-Agent": "Mozilla/5.0 (iPhone) wxwork/4.1.30 MicroMessenger/7.0.1"}


def test_the_first_answer_adds_connect_redirect(client: FlaskClient) -> None:
    """Byte for byte the same URL, whatever is in it."""
    answer = client.get(LINK)
    assert answer.status_code == 302
    assert answer.headers["Location"] == SECOND
    assert client.get(SECOND).status_code == 200
    wrong = client.get("/connect/oauth2/authorize?x=%2F")
    assert wrong.headers["Location"].endswith("?x=%2F&connect_redirect=1")


@pytest.mark.parametrize("agent", [{}, WECOM, {"User-Agent": "Mozilla/5.0 Safari"}])
@pytest.mark.parametrize("link", [SECOND, SECOND.replace("appid", "appID"), "?x"])
def test_elsewhere_everything_gets_the_same_shell(
    client: FlaskClient, agent: dict[str, str], link: str
) -> None:
    """HTTP 200; that this is a refusal is known to its script alone."""
    path = "/connect/oauth2/authorize"
    url = link if link.startswith(path) else f"{path}?connect_redirect=1"
    shell = client.get(url, headers=agent)
    assert shell.status_code == 200
    assert 800 < len(shell.data) < 1300
    body = shell.text.partition("<body")[2]
    assert body.partition(">")[2].lstrip().startswith("<script")
    assert "请在微信客户端打开链接" in body
    assert 'data-goes-on=""' in shell.text


def test_no_header_forbids_a_frame(client: FlaskClient) -> None:
    """The frame is blank because nothing takes the link over in it."""
    shell = client.get(SECOND, headers=WECHAT)
    assert "X-Frame-Options" not in shell.headers
    assert "frame-ancestors" not in shell.headers["Content-Security-Policy"]


def test_inside_wechat_a_good_link_goes_on(client: FlaskClient) -> None:
    shell = client.get(SECOND, headers=WECHAT)
    assert 'data-goes-on="/phone/authorize"' in shell.text


def test_inside_wechat_a_refusal_is_an_error_page(client: FlaskClient) -> None:
    link = consent_link(appid=WEB).partition("#")[0] + "&connect_redirect=1"
    page = client.get(link, headers=WECHAT)
    assert page.status_code == 200
    assert "weui_msg_title" in page.text
    assert "10016" in page.text


def test_the_phone_lets_any_browser_in_for_ten_minutes(client: FlaskClient) -> None:
    """The simulator's own: sites never see that cookie."""
    form = {"person": "lihua", "url": "http://127.0.0.1:5000/login"}
    opened = client.post("/phone/browser", data=form)
    assert opened.headers["Location"] == form["url"]
    (entry,) = [
        cookie
        for cookie in opened.headers.getlist("Set-Cookie")
        if cookie.startswith("wxsim_entry=")
    ]
    assert "Max-Age=600" in entry
    assert 'data-goes-on="/phone' in client.get(SECOND).text
