"""The QR page, its picture and its error pages (website login, before the scan)."""

import re
from io import BytesIO

import pytest
import zxingcpp
from flask.testing import FlaskClient
from PIL import Image

from wxlogin.simulator import World, create_simulator

from .conftest import CALLBACK, WEB, Account, Site, consent_link


def test_page_is_html_with_wechats_title_and_hooks(site: Site) -> None:
    page = site.opens_qr_page()
    assert page.status_code == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "<title>微信登录</title>" in page.text
    for hook in (
        'class="main impowerBox"',
        'class="loginPanel normalPanel"',
        'id="wx_default_tip"',
        'id="wx_after_scan"',
        'id="wx_after_cancel"',
        "js_wx_default_tip",
        "js_qrcode_img web_qrcode_img",
        "请使用微信扫描二维码登录",
        "扫描成功",
        "请在微信中点击确认即可登录",
        "您已取消此次登录",
        "您可再次扫描登录，或关闭窗口",
    ):
        assert hook in page.text
    assert re.search(r'src="/connect/qrcode/[0-9A-Za-z]{16}"', page.text)
    assert re.search(r'fordevtool = "/connect/l/qrconnect\?uuid=\w{16}"', page.text)


@pytest.mark.fact("order and fragment do not matter at `qrconnect`")
def test_parameters_come_in_any_order_and_response_type_may_be_missing(
    client: FlaskClient,
) -> None:
    page = client.get(
        "/connect/qrconnect?scope=snsapi_login&state=S&login_type=jssdk"
        f"&self_redirect=true&redirect_uri=http%3A%2F%2Flocalhost%2Fx&appid={WEB}"
    )
    assert 'self_redirect = "true"' in page.text


def test_every_page_has_a_code_of_its_own(site: Site) -> None:
    assert site.shows_qr() != site.shows_qr()


def test_who_only_asks_whether_we_answer_shows_no_code(
    client: FlaskClient, world: World
) -> None:
    asked = client.head(
        f"/connect/qrconnect?appid={WEB}&scope=snsapi_login"
        "&state=S&redirect_uri=http%3A%2F%2Flocalhost%2Fx"
    )
    assert (asked.status_code, asked.data) == (200, b"")
    assert world.qrcodes.on_show() == []


@pytest.mark.fact("`lang=en` changes the page's language")
def test_lang_en_is_in_english(site: Site) -> None:
    assert "Scan QR code using WeChat" in site.opens_qr_page(lang="en").text


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"appid": "wx0000000000000fff"}, "AppID 参数错误"),
        ({"appid": None}, "AppID 参数错误"),
        ({"scope": None}, "Scope 参数错误或没有 Scope 权限"),
        ({"scope": "snsapi_userinfo"}, "Scope 参数错误或没有 Scope 权限"),
        ({"appid": "wx0000000000000a02"}, "Scope 参数错误或没有 Scope 权限"),
        ({"redirect_uri": None}, "redirect_uri 参数错误"),
        ({"redirect_uri": "https://evil.test/cb"}, "redirect_uri 参数错误"),
        ({"redirect_uri": "https://x.localhost/cb"}, "redirect_uri 参数错误"),
        ({"redirect_uri": "ftp://localhost/cb"}, "redirect_uri 参数错误"),
        ({"redirect_uri": "http://[/cb"}, "redirect_uri 参数错误"),
        ({"redirect_uri": "/cb"}, "redirect_uri 参数错误"),
    ],
)
@pytest.mark.fact("error pages are small HTML with status 200")
def test_refusals_are_small_weui_pages_with_status_200(
    site: Site, changes: dict[str, str | None], text: str
) -> None:
    page = site.opens_qr_page(**changes)
    assert page.status_code == 200
    assert f'<h4 class="weui_msg_title">{text}</h4>' in page.text
    assert '<i class="weui_icon_info weui_icon_msg"></i>' in page.text
    assert 'class="sim_note"' in page.text
    assert "developers.weixin.qq.com" in page.text
    assert len(page.data) < 900


@pytest.mark.fact("the callback domain is a bare host, compared as a whole")
def test_the_host_is_compared_and_loopbacks_port_is_not(site: Site) -> None:
    for good in ("http://localhost:8101/a/b?c=d", "https://LOCALHOST", CALLBACK):
        assert "wx_default_tip" in site.opens_qr_page(redirect_uri=good).text


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://shop.test/cb", True),
        ("https://shop.test:443/cb", True),
        ("http://shop.test:80/cb", True),
        ("https://shop.test:8443/cb", False),
        ("http://192.168.1.5:5000/cb", True),
    ],
)
@pytest.mark.fact("a callback has no port but 80 and 443")
def test_a_host_name_has_no_port_but_the_usual(
    site: Site, world: World, url: str, good: bool
) -> None:
    """A site would learn it in production only; addresses are for development."""
    hosts = ["shop.test", "192.168.1.5"]
    world.registry.put_apps(
        [{"name": n, "callback_domains": hosts} for n in ("web", "oa")]
    )
    page = site.opens_qr_page(redirect_uri=url)
    assert ("wx_default_tip" in page.text) is good
    account = Account(site.client)
    outcome = account.visited(consent_link(redirect_uri=url))
    assert ("redirect" in outcome) is good
    if not good:
        assert (outcome["code"], outcome["switch"]) == (10003, "callback_port=any")
        assert "redirect_uri 参数错误" in page.text
        assert "callback_port=any" in page.text
    world.switch(callback_port="any")
    assert "wx_default_tip" in site.opens_qr_page(redirect_uri=url).text
    assert "redirect" in account.visited(consent_link(redirect_uri=url))


@pytest.mark.fact(
    "`state` comes back unchanged; inside WeChat at most 128 bytes, other "
    "characters altered"
)
def test_a_long_state_is_taken(site: Site) -> None:
    assert "wx_default_tip" in site.opens_qr_page(state="s" * 400).text


@pytest.mark.fact("raw slashes in `redirect_uri` are refused")
def test_unencoded_slashes_are_refused_only_on_request(
    client: FlaskClient, world: World
) -> None:
    link = f"/connect/qrconnect?appid={WEB}&scope=snsapi_login"
    link += "&redirect_uri=http%3A//localhost/cb"
    assert "wx_default_tip" in client.get(link).text
    world.switch(strict_encoding=True)
    assert "redirect_uri 参数错误" in client.get(link).text


def test_values_of_the_link_stay_text(site: Site) -> None:
    nasty = "</script><script>alert(1)</script>'\"&"
    page = site.opens_qr_page(state=nasty, redirect_uri=CALLBACK + "?" + nasty)
    assert "<script>alert" not in page.text


def test_everybody_may_frame_the_page_and_name_a_style_sheet(site: Site) -> None:
    page = site.opens_qr_page(href="javascript:https://site.test/x.css")
    assert '<link rel="stylesheet" href="https://site.test/x.css">' in page.text
    policy = page.headers["Content-Security-Policy"]
    assert "frame-ancestors" not in policy
    assert "X-Frame-Options" not in page.headers
    lite = site.opens_qr_page(href="https://site.test/x.css", stylelite="1")
    assert "site.test/x.css" not in lite.text


def test_the_picture_is_a_jpeg_that_holds_the_confirm_link(site: Site) -> None:
    uuid = site.shows_qr()
    picture = site.client.get(f"/connect/qrcode/{uuid}")
    assert picture.headers["Content-Type"] == "image/jpeg"
    image = Image.open(BytesIO(picture.data))
    assert image.format == "JPEG"
    assert image.width >= 300
    # Whoever opens the page waits for it.
    assert len(picture.data) < 2500
    (found,) = zxingcpp.read_barcodes(image)
    assert found.text == f"http://localhost/connect/confirm?uuid={uuid}"


def test_a_public_origin_is_written_into_the_picture(world: World) -> None:
    client = create_simulator(world, public_origin="https://wx.test/").test_client()
    uuid = Site(client).shows_qr()
    image = Image.open(BytesIO(client.get(f"/connect/qrcode/{uuid}").data))
    (found,) = zxingcpp.read_barcodes(image)
    assert found.text == f"https://wx.test/connect/confirm?uuid={uuid}"


def test_an_unknown_picture_is_404(client: FlaskClient) -> None:
    assert client.get("/connect/qrcode/0000000000000000").status_code == 404


@pytest.mark.fact(
    "order of parameters and lack of encoding in `wxLogin.js`, `self_redirect`"
)
def test_wxlogin_js_builds_frames_of_this_origin(client: FlaskClient) -> None:
    script = client.get("/connect/zh_CN/htmledition/js/wxLogin.js")
    assert script.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert '"http://localhost/connect/qrconnect"' in script.text
