"""Every page in a site's sign-in, and after it, leads back to the site."""

import html
import re

import pytest

from tests.support.journey import CHINESE, ENGLISH, Browser
from tests.web.openid_site import NEWS, SHOP, SiteServer, signs_in_at_wechat
from wxlogin.config import Site
from wxlogin.config.demo import demo_apps
from wxlogin.web.problems import answer
from wxlogin.web.words import WORDS

IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
)
HOME = "https://shop.test/tea?from=login"
WHOLE = SHOP.model_copy(
    update={
        "name": "茶铺 <&>",
        "home": HOME,
        "start_url": "https://shop.test/login?by=wechat",
        "logo": "https://shop.test/logo.png",
        "accent": "#8a1538",
    }
)
NATIVE = Site(
    name="App",
    client_id="native",
    redirect_uris=("com.shop.app:/back", "http://127.0.0.1/b"),
)
PLAIN = Site(name="面馆", origins=("https://*.noodles.test", "https://noodles.test"))


@pytest.fixture
def app(app_for):
    return app_for(sites=(WHOLE, NEWS, NATIVE, PLAIN))


@pytest.fixture
def shop(app) -> SiteServer:
    return SiteServer(app, WHOLE)


@pytest.fixture
def asked(browser, shop) -> Browser:
    """A browser that the shop has sent here."""
    reply = browser.get(shop.link())
    browser.page = browser.goes_to(reply.location)
    return browser


def back_of(page) -> tuple[str, str] | None:
    """What the page's way back says, and where it leads."""
    return link_in(page.text)


def link_in(text: str) -> tuple[str, str] | None:
    found = re.search(r'<a class="back" href="([^"]*)">← (.*?)</a>', text)
    return (html.unescape(found[2]), html.unescape(found[1])) if found else None


def test_the_login_page_of_a_site_looks_like_the_site_and_leads_back(asked):
    page = asked.page
    assert back_of(page) == ("返回茶铺 <&>", HOME)
    assert "--accent: #8a1538" in page.text
    assert 'src="https://shop.test/logo.png"' in page.text
    assert "· 茶铺 &lt;&amp;&gt;</title>" in page.text
    policy = page.headers["Content-Security-Policy"]
    assert "https://shop.test" in re.search(r"img-src ([^;]*)", policy)[1]
    # Who came from nowhere sees the operator's look.
    plain = Browser(asked.app).get("/login")
    assert back_of(plain) is None and "#8a1538" not in plain.text


PAGES = ["/me", "/login", "/me/deleted", "/nowhere", "/login/qr?app=none"]


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", [CHINESE, ENGLISH], ids=["zh", "en"])
def test_pages_after_it_lead_back_too(asked, path, language):
    asked.headers = asked.headers | language
    page = asked.get(path)
    while page.status_code in (302, 303):
        page = asked.goes_to(page.location)
    words = "Back to 茶铺 <&>" if language is ENGLISH else "返回茶铺 <&>"
    assert back_of(page) == (words, HOME)


def test_every_refusal_leads_back(app, asked):
    cookies = "; ".join(f"{name}={text}" for name, text in asked.cookies().items())
    # A host of another name can have no link of ours.
    for code in WORDS.keys() - {"foreign_host"}:
        with app.test_request_context("/x", headers={"Cookie": cookies, **ENGLISH}):
            page = answer(code, 400).get_data(as_text=True)
        assert link_in(page) == ("Back to 茶铺 <&>", HOME), code


def test_who_signed_in_at_the_site_finds_it_on_the_account_page(
    browser, xiaoming, shop
):
    signs_in_at_wechat(browser, xiaoming, browser.get(shop.link()))
    assert back_of(browser.get("/me")) == ("返回茶铺 <&>", HOME)


def test_the_last_site_counts_and_each_browser_has_its_own(app, asked, other_browser):
    asked.get(SiteServer(app, NEWS).link())
    assert back_of(asked.get("/me/deleted")) == ("返回news", "https://news.test/")
    assert back_of(other_browser.get("/me/deleted")) is None


@pytest.mark.parametrize("forged", ["nobody", "", "茶铺", "<script>", "x" * 3000])
def test_the_cookie_chooses_among_sites_and_nothing_else(browser, forged):
    headers = {"Cookie": f"wxlogin_site={forged}".encode().decode("latin-1")}
    page = browser.get("/me/deleted", headers=headers)
    assert page.status_code == 200 and back_of(page) is None


def test_a_site_without_a_place_in_browsers_has_no_link_and_pages_go_on(app, browser):
    SiteServer(app, NATIVE)
    browser.get(SiteServer(app, NATIVE).link(code_challenge="a" * 43))
    page = browser.get("/me/deleted")
    assert back_of(page) is None
    assert 'class="button" href="/login"' in page.text


def test_an_address_of_a_listed_site_leads_back_there(browser):
    page = browser.get("/login", query_string={"next": "https://a.noodles.test/x"})
    assert back_of(page) == ("返回面馆", "https://noodles.test/")


@pytest.fixture
def safari(app_for) -> Browser:
    """On a phone, where only an official account is configured."""
    account = tuple(one for one in demo_apps() if one.name == "oa")
    browser = Browser(app_for(sites=(WHOLE, NEWS), apps=account))
    browser.headers = {"User-Agent": IPHONE, **CHINESE}
    return browser


def test_a_link_that_is_carried_on_begins_at_the_site(safari):
    """A request that Safari began ends in no other browser."""
    shop = SiteServer(safari.app, WHOLE)
    page = safari.goes_to(safari.get(shop.link()).location)
    link = "https://shop.test/login?by=wechat&iss=http%3A%2F%2F127.0.0.1%3A5000"
    assert html.escape(link) in page.text
    assert "/oauth2/authorize/" not in page.text.split("<footer>")[0]


def test_without_a_start_the_link_is_ours(safari):
    news = SiteServer(safari.app, NEWS)
    page = safari.goes_to(safari.get(news.link()).location)
    assert "http://127.0.0.1:5000/login?next=" in page.text


def test_an_embedded_code_has_the_sites_accent_and_no_way_out_of_the_frame(asked):
    page = asked.get("/login/embed")
    assert back_of(page) is None
    assert page.status_code == 200
