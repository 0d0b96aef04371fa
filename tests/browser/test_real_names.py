"""WeChat at its real names by https: the widget's script, the code, the phone.

Chromium trusts the simulator's authority as it would any that its user added; nothing
of a certificate is overlooked.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Route, expect

from tests.clients.conftest import required
from tests.support.chromium import ARGUMENTS, CHROMIUM
from wxlogin.simulator import World
from wxlogin.simulator.authority import Authority
from wxlogin.simulator.pages.wechat_browser import USER_AGENT
from wxlogin.simulator.server import SimulatorServer

OPEN = "https://open.weixin.qq.com"
BACK = "https://shop.test/callback"
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
    authority, world = Authority.kept(tmp_path / "ca.pem"), World.demo()
    trust(tmp_path, authority.file)
    own = ["127.0.0.1", "shop.test"]
    world.registry.put_apps(
        [{"name": name, "callback_domains": own} for name in ("web", "oa")]
    )
    with SimulatorServer(
        world,
        hold_seconds=1.0,
        names=["shop.test"],
        authority=authority,
        written_port=443,
    ) as server:
        with_it = started(chromium, server.port, HOME=str(tmp_path))
        yield with_it
        with_it.close()


def started(chromium: Browser, port: int, **environ: str) -> Browser:
    # The shop is beside it, where a path that is none is answered, too.
    domains = ("*.weixin.qq.com", "*.wx.qq.com", "*.qlogo.cn", "shop.test")
    rules = ",".join(f"MAP {domain}:443 127.0.0.1:{port}" for domain in domains)
    return chromium.browser_type.launch(
        executable_path=CHROMIUM,
        env=os.environ | environ,
        args=[
            *ARGUMENTS,
            f"--host-resolver-rules={rules}",
            # The shop is on no network, which counts as the internet.
            "--disable-features=LocalNetworkAccessChecks",
        ],
    )


def trust(home: Path, authority: Path) -> None:
    """Adds it to the store that Chromium reads for whoever lives there."""
    if shutil.which("certutil") is None:
        required("certutil is missing; install it with: apt-get install libnss3-tools")
    store = home / ".pki" / "nssdb"
    store.mkdir(parents=True)
    certutil = ["certutil", "-d", f"sql:{store}"]
    subprocess.run([*certutil, "-N", "--empty-password"], check=True)
    added = ["-A", "-n", "simulator", "-t", "C,,", "-i", str(authority)]
    subprocess.run([*certutil, *added], check=True)


def opened(browser: Browser, width: int, **more: str) -> Page:
    context = browser.new_context(
        locale="zh-CN", viewport={"width": width, "height": 800}, **more
    )
    return context.new_page()


def link(path: str, app: str, scope: str) -> str:
    query = {"appid": app, "redirect_uri": BACK, "response_type": "code"}
    query |= {"scope": scope, "state": "S1"}
    return f"{OPEN}{path}?{urlencode(query)}#wechat_redirect"


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


def test_a_login_on_two_screens_all_over_https(names: Browser) -> None:
    """By the QR page itself; then the phone's own page asks for consent."""
    pc = opened(names, 1280)
    phone = opened(names, 390, user_agent=USER_AGENT)
    asked: list[str] = []
    troubles: list[str] = []

    def note(said: ConsoleMessage) -> None:
        # What a policy forbids is an error; a picture by http is only warned of.
        if said.type == "error" or "Mixed Content" in said.text:
            troubles.append(said.text)

    for page in (pc, phone):
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", note)
        page.on("pageerror", lambda error: troubles.append(str(error)))
    answer = pc.goto(link("/connect/qrconnect", "wx0000000000000a01", "snsapi_login"))
    assert answer is not None
    said = answer.security_details()
    assert said is not None and said["issuer"] == "WeChat simulator (for tests)"
    drawn = "document.querySelector('img.qrcode').decode()"
    pc.evaluate(drawn)

    phone.goto(f"{OPEN}/phone")
    phone.click("[data-person=xiaoming]")
    phone.click("[data-scan]")
    phone.click("[data-action=confirm]")
    pc.wait_for_url(f"{BACK}?code=*&state=S1")

    sheet = link("/connect/oauth2/authorize", "wx0000000000000a02", "snsapi_userinfo")
    phone.goto(sheet)
    expect(phone.locator("[data-action=allow]")).to_be_visible()
    face = phone.locator("img[src^='https://thirdwx.qlogo.cn/mmopen/']").first
    assert face.evaluate("one => one.decode().then(() => one.naturalWidth)") > 0
    phone.click("[data-action=allow]")
    phone.wait_for_url(f"{BACK}?code=*&state=S1")

    assert [url for url in asked if not url.startswith(("https://", "data:"))] == []
    hosts = {url.split("/")[2] for url in asked if url.startswith("https://")}
    assert hosts >= {"open.weixin.qq.com", "lp.open.weixin.qq.com", "thirdwx.qlogo.cn"}
    assert troubles == []


def test_who_does_not_trust_it_sees_no_page(chromium: Browser, tmp_path: Path) -> None:
    authority = Authority.kept(tmp_path / "ca.pem")
    with SimulatorServer(authority=authority, written_port=443) as server:
        stranger = started(chromium, server.port, HOME=str(tmp_path))
        with pytest.raises(Error, match="ERR_CERT_AUTHORITY_INVALID"):
            opened(stranger, 390).goto(f"{OPEN}/phone")
        stranger.close()
