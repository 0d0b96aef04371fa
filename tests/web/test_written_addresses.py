"""Addresses that were written in other ways than browsers send them (finding I7)."""

import base64
import secrets
from urllib.parse import urlsplit

import pytest

from tests.support.journey import Browser
from tests.web.openid_site import SHOP, SiteServer, answer_of
from wxlogin.service import service_of
from wxlogin.wechat import endpoints

XN = "xn--czrs0t.test"


@pytest.fixture
def service_at(app_for, settings_for, simulator, monkeypatch):
    """`service_at(url)`: the service with this PUBLIC_URL, tried with real phones."""
    for name in ("API_HOST", "OPEN_HOST"):
        monkeypatch.setattr(endpoints, name, simulator.url)

    def make(url: str, **changes: object) -> Browser:
        secret = secrets.token_hex(16)
        web = settings_for().app_named("web").model_copy(update={"secret": secret})
        app = app_for(
            public_url=url,
            env="trial",
            simulator="off",
            apps=(web,),
            secret_key=secrets.token_urlsafe(32),
            encryption_keys=[base64.b64encode(secrets.token_bytes(32)).decode()],
            **changes,
        )
        settings = service_of(app).settings
        simulator.world.registry.put_apps(
            {
                "name": "web",
                "callback_domains": [settings.public.hostname],
                "secret": secret,
            }
        )
        # The addresses are ours to read; which ports WeChat takes is not asked here.
        simulator.world.switch(callback_port="any")
        return Browser(app, prefix=settings.prefix)

    return make


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("http://商店.test/", f"http://{XN}"),
        ("http://商店.test:8000/wx", f"http://{XN}:8000/wx"),
        ("https://商店。test/", f"https://{XN}"),
        (" HTTPS://Login.Shop.test:443/Wx/ ", "https://login.shop.test/Wx"),
        ("\ufeffhttp://login.shop.test.:80\r\n", "http://login.shop.test"),
        ("http://login．shop．test/wx", "http://login.shop.test/wx"),
        ("http://192.168.257:8000", "http://192.168.1.1:8000"),
        ("http://login.shop.test/a.b/~c_d-e/", "http://login.shop.test/a.b/~c_d-e"),
    ],
)
def test_the_service_works_at_what_was_meant(service_at, xiaoming, written, meant):
    browser = service_at(written)
    prefix = urlsplit(meant).path
    found = browser.get(f"{prefix}/.well-known/openid-configuration").get_json()
    assert found["issuer"] == meant
    assert found["token_endpoint"] == f"{meant}/oauth2/token"
    started = browser.starts(next_url=f"{prefix}/me")
    assert started.callback == f"{meant}/login/callback/web"
    answer = browser.returns(started, xiaoming.confirms(started))
    assert (answer.status_code, answer.location) == (303, f"{prefix}/me")
    assert browser.who()["nickname"] == "小明😀"
    # What a browser sends with a form, of older ones too.
    origin = meant.removesuffix(prefix)
    headers = {"Origin": origin, "Host": urlsplit(meant).netloc}
    signed_out = browser._send("POST", f"{prefix}/logout", headers=headers)
    assert signed_out.status_code in (302, 303)
    assert browser.who() is None


def test_an_ipv6_address_is_answered_at(app_for):
    browser = Browser(app_for(public_url="http://[0:0:0:0:0:0:0:1]:5000/"))
    found = browser.get("/.well-known/openid-configuration")
    assert found.get_json()["issuer"] == "http://[::1]:5000"
    assert browser.starts().callback == "http://[::1]:5000/login/callback/web"


@pytest.mark.parametrize("registered", ["https://商店.test/cb", f"https://{XN}/cb"])
@pytest.mark.parametrize("sent", ["https://商店.test/cb", f"https://{XN}/cb"])
def test_a_return_address_in_another_script_is_one(
    app_for, browser_of, xiaoming, registered, sent
):
    site = SHOP.model_validate(
        {**SHOP.model_dump(), "redirect_uris": [registered], "origins": []}
    )
    app = app_for(sites=(site,))
    browser = browser_of(app)
    started = browser.starts()
    browser.returns(started, xiaoming.confirms(started))
    shop = SiteServer(app, site, redirect_uri=sent)
    told = answer_of(browser.get(shop.link()))
    assert told["to"] == f"https://{XN}/cb"
    assert shop.redeems(told["code"]).status_code == 200


@pytest.mark.parametrize(
    ("registered", "sent"),
    [
        # IDNA of 2003, which Python's own codec follows, makes `fass.test` of it.
        ("https://faß.test/cb", "https://faß.test/cb"),
        ("https://xn--fa-hia.test/cb", "https://FAß.test/cb"),
    ],
)
def test_people_are_sent_to_the_registered_letters(
    app_for, browser_of, xiaoming, registered, sent
):
    site = SHOP.model_validate(
        {**SHOP.model_dump(), "redirect_uris": [registered], "origins": []}
    )
    browser = browser_of(app_for(sites=(site,)))
    started = browser.starts()
    browser.returns(started, xiaoming.confirms(started))
    answer = browser.get(SiteServer(browser.app, site, redirect_uri=sent).link())
    assert (
        answer_of(answer)["to"] == site.redirect_uris[0] == "https://xn--fa-hia.test/cb"
    )


def test_the_host_of_another_site_in_another_script_is_none(app_for, browser_of):
    app = app_for(sites=(SHOP,))
    for uri in (
        "https://ｓhop.test/callback",
        "https://shop．test/callback",
        "https://sho℗.test/callback",
        "https://shоp.test/callback",
        "https://商店.test@shop.test/callback",
        "https://商店.test\\@shop.test/callback",
    ):
        shop = SiteServer(app, SHOP, redirect_uri=uri)
        assert browser_of(app).get(shop.link()).status_code == 400


def test_an_origin_in_another_script_may_be_named_by_next(app_for, browser_of):
    site = SHOP.model_validate({"name": "shop", "origins": ["https://*.商店.test"]})
    browser = browser_of(app_for(sites=(site,)))
    answer = browser.get(f"/login?next=https://www.{XN}/orders")
    assert answer.status_code == 200
