"""WeChat at its real names by https: the widget's script, the code, the phone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route

from tests.support.chromium import ARGUMENTS, CHROMIUM
from wxlogin.simulator import World
from wxlogin.simulator.authority import Authority
from wxlogin.simulator.server import SimulatorServer

CALLBACK = "http://127.0.0.1:5000/login/callback/web"
SHOP = f"""
<!doctype html><meta charset="utf-8"><title>shop</title><div id="wechat"></div>
<script src="https://res.wx.qq.com/connect/zh_CN/htmledition/js/wxLogin.js"></script>
<script>
new WxLogin({{
  id: "wechat", appid: "wx0000000000000a01", scope: "snsapi_login", state: "S1",
  redirect_uri: encodeURIComponent("{CALLBACK}"),
  onReady: function (ready) {{ document.title = "ready " + ready; }}
}});
</script>
"""


@pytest.fixture
def names(chromium: Browser, tmp_path: Path) -> Iterator[Browser]:
    """A Chromium that finds WeChat here, as a hosts file would have it."""
    authority = Authority.kept(tmp_path / "ca.pem")
    with SimulatorServer(
        World.demo(), hold_seconds=1.0, authority=authority, written_port=443
    ) as server:
        here = f"127.0.0.1:{server.port}"
        domains = ("*.weixin.qq.com", "*.wx.qq.com", "*.qlogo.cn")
        rules = ",".join(f"MAP {domain}:443 {here}" for domain in domains)
        browser = chromium.browser_type.launch(
            executable_path=CHROMIUM,
            args=[
                *ARGUMENTS,
                f"--host-resolver-rules={rules}",
                # The shop is on no network, which counts as the internet.
                "--disable-features=LocalNetworkAccessChecks",
            ],
        )
        yield browser
        browser.close()


def opened(browser: Browser, width: int) -> Page:
    context = browser.new_context(
        ignore_https_errors=True,
        locale="zh-CN",
        viewport={"width": width, "height": 800},
    )
    return context.new_page()


def answers(page: Page, address: str, html: str) -> None:
    def fulfill(route: Route) -> None:
        route.fulfill(body=html, content_type="text/html; charset=utf-8")

    page.route(address, fulfill)


def test_the_widget_signs_in(names: Browser) -> None:
    pc, phone = opened(names, 1280), opened(names, 390)
    troubles: list[str] = []
    for page in (pc, phone):
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("requestfailed", lambda request: troubles.append(request.url))
    answers(pc, "https://shop.test/", SHOP)
    answers(pc, f"{CALLBACK}*", "<title>signed in</title>")
    pc.goto("https://shop.test/")
    pc.wait_for_function("document.title === 'ready true'")
    [frame] = [one for one in pc.frames if one.parent_frame]
    assert frame.url.startswith("https://open.weixin.qq.com/connect/qrconnect?")
    drawn = "document.querySelector('img.qrcode').naturalWidth"
    assert frame.evaluate(drawn) > 0

    phone.goto("https://open.weixin.qq.com/phone")
    face = phone.locator("[data-person=xiaoming] img.face")
    assert "https://thirdwx.qlogo.cn/mmopen/" in str(face.get_attribute("src"))
    assert face.evaluate("one => one.decode().then(() => one.naturalWidth)") > 0
    phone.click("[data-person=xiaoming]")
    phone.click("[data-scan]")
    phone.click("[data-action=confirm]")
    phone.wait_for_selector("[data-result=confirmed]")
    pc.wait_for_url(f"{CALLBACK}?code=*&state=S1")
    # What a page asks again and again may be on its way when the page leaves.
    polls = ("/connect/l/qrconnect", "/phone/codes")
    assert [one for one in troubles if not any(poll in one for poll in polls)] == []
