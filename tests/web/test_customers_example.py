"""The example of docs/customers.md does what the document says."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from urllib.parse import urlsplit

import jinja2
import pytest
from flask import Flask

from tests.web.site_server import SHOP, SITES, Server
from tests.web.test_bindings import arrives, customer, goes_on, has_an_account
from tests.web.test_site_links import opens, says

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "customers" / "customers.py"
ANN = {"id": "c-1", "email": "ann@shop.test"}
BEN = {"id": "c-2", "email": "ben@shop.test"}


TERMS = "https://shop.test/terms"


@pytest.fixture
def app(app_for):
    site = SHOP.model_copy(update={"registration": "ask", "terms_url": TERMS})
    return app_for(sites=(site, *SITES[1:]), registration="open")


@pytest.fixture
def site(app, monkeypatch):
    """The example's pages; `site.session` is the customer who is signed in there."""
    found = SimpleNamespace(session=ANN)
    yours = ModuleType("yours")
    yours.customer_of_session = lambda: found.session
    yours.customer_with_password = lambda email, password: (
        ANN if (email, password) == (ANN["email"], "right") else None
    )
    monkeypatch.setitem(sys.modules, "yours", yours)
    for name, value in (
        ("ISSUER", "http://127.0.0.1:5000"),
        ("CLIENT_ID", "shop"),
        ("CLIENT_SECRET", SHOP.client_secret),
        ("SHOP_URL", "https://shop.test"),
    ):
        monkeypatch.setenv(name, value)

    def post(url, *, json, auth, timeout):
        answer = Server(app).post(urlsplit(url).path.removeprefix("/api/site"), json)
        return SimpleNamespace(json=answer.get_json)

    spec = importlib.util.spec_from_file_location("customers", EXAMPLE)
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    example.requests = SimpleNamespace(post=post)
    pages = Flask("yours")
    pages.jinja_loader = jinja2.DictLoader({"password.html": "{{ code }}"})
    pages.register_blueprint(example.wechat)
    found.client = pages.test_client()
    return found


def path(answer) -> str:
    assert answer.status_code == 303, answer.text
    parts = urlsplit(answer.location)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def test_from_the_account_page(app, site, browser, xiaoming):
    link = path(site.client.post("/account/wechat"))
    page = opens(browser, xiaoming, link)
    assert ANN["email"] in page.text
    back = path(says(browser, link, "yes", page))
    answer = browser.get(path(site.client.get(back)))
    assert answer.location == "https://shop.test/account/wechat?wxlogin=linked"
    assert path(site.client.get(path(answer))) == "/account"
    assert customer(Server(app)) == browser.who()["uid"]


@pytest.mark.parametrize("session", [BEN, None], ids=["another", "nobody"])
def test_a_link_that_a_thief_has(app, site, browser, xiaoming, session):
    """finding L13"""
    link = path(site.client.post("/account/wechat"))
    back = path(says(browser, link, "yes", opens(browser, xiaoming, link)))
    site.session = session
    assert path(site.client.get(back)) == "/account"
    assert customer(Server(app)) is None


def test_with_the_password(app, site, browser, xiaoming):
    waits = arrives(browser, xiaoming)
    code = site.client.post("/bind", data={"code": has_an_account(browser)}).text
    form = {"code": code, "email": ANN["email"], "password": "wrong"}
    again = site.client.post("/bound", data=form)
    assert (again.status_code, again.text) == (400, code)
    answer = site.client.post("/bound", data={**form, "password": "right"})
    assert goes_on(browser, path(answer)).location == waits
    assert customer(Server(app)) == browser.who()["uid"]
