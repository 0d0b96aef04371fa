"""First visits at a site that has terms: from its button, through the page, to it."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.journey import ENGLISH, Browser, Started
from tests.support.user_agents import WECHAT_ANDROID
from tests.web.openid_site import SHOP, SiteServer, answer_of
from tests.web.test_registration import agrees, form, nothing_is_written, rows
from wxlogin.accounts.models import Consent, SiteUser, User
from wxlogin.config import Registration
from wxlogin.db import db, now, transaction
from wxlogin.sites import members

TERMS = {
    "registration": Registration.ask,
    "terms_url": "https://shop.test/terms",
    "privacy_url": "https://shop.test/privacy",
    "terms_version": "3",
}


def a_shop(**changes):
    return SHOP.model_copy(update={**TERMS, **changes})


@pytest.fixture
def app(app_for):
    return app_for(sites=(a_shop(),), registration="open")


@pytest.fixture
def alone(app_for):
    """A service with one site, where nothing else is said."""
    return app_for(sites=(a_shop(),))


@pytest.fixture
def shop(app) -> SiteServer:
    return SiteServer(app, a_shop())


def scans(browser: Browser, phone, reply):
    """From the redirect to our login page to where the callback leads."""
    next_url = parse_qs(urlsplit(reply.location).query)["next"][0]
    started = browser.starts(next_url)
    return browser.returns(started, phone.confirms(started))


def comes(browser: Browser, phone, shop: SiteServer):
    asked = scans(browser, phone, browser.get(shop.link()))
    assert asked.location == "/register"
    return browser.get("/register")


def test_nothing_before_the_tick_and_a_code_after_it(app, browser, xiaoming, shop):
    page = comes(browser, xiaoming, shop)
    assert "shop" in page.text and TERMS["terms_url"] in page.text
    assert nothing_is_written(app)
    done = agrees(browser, page)
    told = answer_of(browser.goes_to(done.location))
    assert shop.redeems(told["code"]).status_code == 200
    with app.app_context():
        (consent,) = db.session.query(Consent)
        assert (consent.client_id, consent.version) == ("shop", "3")
        (known,) = db.session.query(SiteUser)
        assert known.terms_version == "3"


def test_the_only_site_decides_for_sign_ins_that_name_none(alone, xiaoming):
    app, browser = alone, Browser(alone)
    started = browser.starts("/me")
    answer = browser.returns(started, xiaoming.confirms(started))
    assert answer.location == "/register"
    assert nothing_is_written(app)
    assert agrees(browser, browser.get("/register")).location == "/me"
    assert rows(app, User, SiteUser) == [1, 1]


@pytest.mark.parametrize(
    ("mode", "known", "leads_to"),
    [
        # Settled by an import: no row of consent, and nothing owed.
        ("ask", True, "/me"),
        ("closed", True, "/me"),
        # Known to us and not to the site: closed asks nothing that could not help.
        ("closed", False, "/me"),
        ("ask", False, "/terms?next=/me"),
    ],
)
def test_what_the_only_site_has_settled_is_settled_here(
    app_for, xiaoming, mode, known, leads_to
):
    open_to_all = app_for(sites=(a_shop(),), registration="open")
    first = Browser(open_to_all)
    started = first.starts("/me")
    first.returns(started, xiaoming.confirms(started))
    app = app_for(sites=(a_shop(registration=Registration(mode)),))
    with app.app_context():
        user_id = db.session.query(User).one().id
        if known:
            transaction(
                lambda session: members.join(
                    session, "shop", user_id, at=now(), terms_version="3"
                )
            )
    browser = Browser(app)
    started = browser.starts("/me")
    answer = browser.returns(started, xiaoming.confirms(started))
    assert answer.location == leads_to


def test_terms_of_a_request_that_is_gone_say_so(signed_in):
    page = signed_in.get("/terms/no-such-key-0123456789", headers=ENGLISH)
    assert page.status_code == signed_in.get("/oauth2/authorize/x").status_code
    assert "fifteen minutes" not in page.text


def test_a_cookie_that_wechat_lost_leads_past_no_question(alone, xiaoming):
    app, browser, shop = alone, Browser(alone), SiteServer(alone, a_shop())
    browser.headers = {**browser.headers, "User-Agent": WECHAT_ANDROID}
    login = browser.get(shop.link()).location
    silent = Started.at(browser.get(login).location)
    lost = Browser(app)
    lost.headers = browser.headers
    again = Started.at(lost.goes_to(xiaoming.opens(silent)).location)
    explicit = Started.at(lost.goes_to(xiaoming.opens(again)).location)
    assert lost.goes_to(xiaoming.opens(explicit)).location == "/register"
    assert nothing_is_written(app)


def test_the_site_hears_of_a_no(app, browser, xiaoming, shop):
    comes(browser, xiaoming, shop)
    answer = browser.post("/register/cancel")
    told = answer_of(browser.goes_to(answer.location))
    assert (told["error"], told["state"]) == ("access_denied", shop.sent["state"])
    assert nothing_is_written(app)


def test_the_page_may_lead_to_the_site_and_nowhere_else(browser, xiaoming, shop):
    """Chromium holds redirects after a form against form-action."""
    page = comes(browser, xiaoming, shop)
    policy = page.headers["Content-Security-Policy"]
    assert "form-action 'self' https://shop.test;" in policy


def test_who_is_known_elsewhere_agrees_to_this_sites_terms_once(
    app, signed_in, shop, other_browser, xiaoming
):
    asked = signed_in.get(shop.link())
    assert asked.location.startswith("/terms/")
    assert rows(app, SiteUser, Consent) == [0, 0]
    page = signed_in.get(asked.location)
    assert signed_in.post(asked.location, data=form(page)).status_code == 400
    done = signed_in.post(asked.location, data={**form(page), "agree": "yes"})
    told = answer_of(signed_in.goes_to(done.location))
    assert shop.redeems(told["code"]).status_code == 200
    assert answer_of(signed_in.get(shop.link()))["code"]


def test_declining_a_sites_terms_tells_the_site(app, signed_in, shop):
    asked = signed_in.get(shop.link())
    answer = signed_in.post(f"{asked.location}/decline")
    told = answer_of(signed_in.goes_to(answer.location))
    assert told["error"] == "access_denied"
    assert rows(app, SiteUser, Consent) == [0, 0]


def test_a_new_version_is_asked_once(app, app_for, browser, browser_of, xiaoming, shop):
    agrees(browser, comes(browser, xiaoming, shop))
    assert answer_of(browser.get(shop.link()))["code"]
    newer = app_for(sites=(a_shop(terms_version="4"),), registration="open")
    again, later = browser_of(newer), SiteServer(newer, a_shop(terms_version="4"))
    back = again.goes_to(scans(again, xiaoming, again.get(later.link())).location)
    assert back.location.startswith("/terms/")
    fields = {**form(again.get(back.location)), "agree": "yes"}
    done = again.post(back.location, data=fields)
    assert answer_of(again.goes_to(done.location))["code"]
    assert answer_of(again.get(later.link()))["code"]


def test_prompt_none_never_asks(signed_in, shop):
    told = answer_of(signed_in.get(shop.link(prompt="none")))
    assert told["error"] == "interaction_required"
    assert told["error_description"] == "The visitor has to agree."


def leaves(browser: Browser, page) -> dict[str, str]:
    """What the site hears when the visitor presses the page's one button."""
    back = re.search(r'class="button" href="([^"]+/decline)"', page.text).group(1)
    return answer_of(browser.get(back))


def test_closed_takes_who_is_known_and_nobody_else(app_for, browser_of, xiaoming):
    site = SHOP.model_copy(update={"registration": Registration.closed})
    app = app_for(sites=(site,), registration="open")
    browser, shop = browser_of(app), SiteServer(app, site)
    refused = scans(browser, xiaoming, browser.get(shop.link()))
    assert refused.status_code == 403
    assert nothing_is_written(app)
    assert leaves(browser, refused)["error"] == "access_denied"
    # Known to us by another way, but not to this site.
    started = browser.starts("/me")
    browser.returns(started, xiaoming.confirms(started))
    assert rows(app, User) == [1]
    known_elsewhere = browser.get(shop.link())
    assert known_elsewhere.status_code == 403
    assert leaves(browser, known_elsewhere)["state"] == shop.sent["state"]
    told = answer_of(browser.get(shop.link(prompt="none")))
    assert told["error"] == "access_denied"
    assert told["error_description"] == "The site takes nobody new."
    assert rows(app, SiteUser) == [0]


def test_nobody_comes_in_at_a_closed_site_by_agreeing(app_for, browser_of, xiaoming):
    """The page of the terms has an address, which anybody may open and post to."""
    app = app_for(
        sites=(a_shop(registration=Registration.closed),), registration="open"
    )
    shop, browser = SiteServer(app, SHOP), browser_of(app)
    started = browser.starts()
    browser.returns(started, xiaoming.confirms(started))
    waiting = parse_qs(urlsplit(Browser(app).get(shop.link()).location).query)
    key = waiting["next"][0].rpartition("/")[2]
    word = {"agree": "yes", "version": "3"}
    assert browser.get(f"/terms/{key}").status_code == 403
    assert browser.post(f"/terms/{key}", data=word).status_code == 403
    assert browser.get(f"/oauth2/authorize/{key}").status_code == 403
    assert rows(app, SiteUser, Consent) == [0, 0]


def test_closed_with_customers_of_its_own_offers_their_way(
    app_for, browser_of, xiaoming
):
    changes = {
        "registration": Registration.closed,
        "bind_url": "https://shop.test/bind",
    }
    site = SHOP.model_copy(update=changes)
    app = app_for(sites=(site,))
    browser, shop = browser_of(app), SiteServer(app, site)
    asked = scans(browser, xiaoming, browser.get(shop.link()))
    page = browser.get(asked.location)
    assert 'name="agree"' not in page.text
    assert "/register/bind" in page.text
    forced = browser.post("/register", data={**form(page), "agree": "yes"})
    assert forced.status_code in (303, 403)
    assert nothing_is_written(app)
