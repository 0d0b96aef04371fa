"""The sites that know a person, on the account's page, and access taken back."""

import pytest

from tests.support.journey import ENGLISH, Browser
from tests.web.openid_site import NEWS, SHOP, SITES, SiteServer
from wxlogin.accounts.models import Event, LogoutNotice, SiteUser
from wxlogin.config import Registration
from wxlogin.db import db


@pytest.fixture
def app(app_for):
    return app_for(sites=SITES)


@pytest.fixture
def shop(app) -> SiteServer:
    return SiteServer(app, SHOP)


def page(browser: Browser) -> str:
    answer = browser.get("/me", headers=ENGLISH)
    assert answer.status_code == 200
    return answer.text


def stored(app, model, column: str) -> list:
    with app.app_context():
        return sorted(
            getattr(row, column) for row in db.session.query(model).order_by(model.id)
        )


def take_back(browser: Browser, client_id: str):
    return browser.post(f"/me/sites/{client_id}/revoke")


def test_who_was_at_no_site_sees_no_list(signed_in):
    assert "Sites that know you" not in page(signed_in)


def test_the_page_lists_the_sites(app, signed_in, shop):
    """security row 119: what was agreed to can be looked at"""
    shop.signs_in(signed_in)
    SiteServer(app, NEWS).signs_in(signed_in)
    text = page(signed_in)
    assert text.count("Take access back") == 2
    assert text.index("<bdi>shop</bdi>") < text.index("<bdi>news</bdi>")


def test_terms_that_were_agreed_to_stand_there(app_for, xiaoming):
    """security row 119: and are asked again after access was taken back"""
    site = SHOP.model_copy(
        update={
            "registration": Registration.ask,
            "terms_url": "https://shop.test/terms",
            "terms_version": "2026-11",
        }
    )
    browser = Browser(app_for(sites=(site,), registration="open"))
    shop = SiteServer(browser.app, site)
    started = browser.starts()
    browser.returns(started, xiaoming.confirms(started))
    agrees(browser, shop)
    assert "agreed to its terms" in page(browser)
    unspent = shop.code_for(browser)
    take_back(browser, "shop")
    assert shop.redeems(unspent).get_json()["error"] == "invalid_grant"
    agrees(browser, shop)


def agrees(browser: Browser, shop: SiteServer) -> None:
    """From the site's button over the page with the box, back to the site."""
    asks = browser.get(shop.link())
    assert asks.location.startswith("/terms/")
    back = browser.post(asks.location, data={"agree": "yes", "version": "2026-11"})
    told = browser.get(back.location)
    code = told.location.partition("code=")[2].partition("&")[0]
    assert shop.redeems(code).status_code == 200


def test_taking_access_back_ends_the_tokens_of_that_site_alone(app, signed_in, shop):
    """security row 119"""
    tokens = shop.signs_in(signed_in)
    news = SiteServer(app, NEWS)
    others = news.signs_in(signed_in)
    answer = take_back(signed_in, "shop")
    assert (answer.status_code, answer.location) == (303, "/me")
    assert shop.userinfo(tokens["access_token"]).status_code == 401
    assert shop.refreshes(tokens["refresh_token"]).status_code == 400
    assert news.userinfo(others["access_token"]).status_code == 200
    assert signed_in.who()
    text = page(signed_in)
    assert text.count("Take access back") == 1 and "<bdi>shop</bdi>" in text


def test_the_site_is_told(app, signed_in, shop):
    """security rows 119 and 120: an event, and that the sign-in is over"""
    shop.signs_in(signed_in)
    SiteServer(app, NEWS).signs_in(signed_in)
    take_back(signed_in, "shop")
    assert stored(app, LogoutNotice, "client_id") == ["shop"]
    with app.app_context():
        revoked = db.session.query(Event).filter_by(type="user.revoked").all()
        assert [event.client_id for event in revoked] == ["shop"]
        assert revoked[0].uid == signed_in.who()["uid"]
    # The site still knows whose orders it has.
    assert stored(app, SiteUser, "client_id") == ["news", "shop"]


def test_twice_is_once(app, signed_in, shop):
    shop.signs_in(signed_in)
    assert take_back(signed_in, "shop").status_code == 303
    assert take_back(signed_in, "shop").status_code == 303
    assert stored(app, Event, "type").count("user.revoked") == 1


@pytest.mark.parametrize("client_id", ["news", "nobody", "%00", "é"])
def test_a_site_that_does_not_know_the_person_is_not_found(signed_in, shop, client_id):
    shop.signs_in(signed_in)
    assert take_back(signed_in, client_id).status_code == 404


def test_nobody_takes_back_for_another_person(app, signed_in, shop, lihua):
    """security row 50"""
    tokens = shop.signs_in(signed_in)
    other = Browser(app)
    started = other.starts()
    other.returns(started, lihua.confirms(started))
    assert take_back(other, "shop").status_code == 404
    assert take_back(Browser(app), "shop").location == "/login"
    assert shop.userinfo(tokens["access_token"]).status_code == 200


def test_the_next_visit_begins_anew(app, signed_in, shop):
    shop.signs_in(signed_in)
    take_back(signed_in, "shop")
    tokens = shop.signs_in(signed_in)
    assert shop.userinfo(tokens["access_token"]).status_code == 200
    assert "Take access back" in page(signed_in)
