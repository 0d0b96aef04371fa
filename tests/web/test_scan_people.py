"""Who a scan signs in: strangers, closed accounts, terms, a site that waits."""

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.journey import Browser, Phone
from tests.web.mini_program import MiniProgram
from tests.web.openid_site import SHOP, SiteServer, answer_of
from tests.web.scanning import Page, Scanner, refusal
from tests.web.site_server import SHOP as TEA
from tests.web.site_server import Server
from tests.web.test_registration import agrees, nothing_is_written, rows
from tests.web.test_site_links import connects, customer, link_for
from wxlogin.accounts import merges, people, sessions
from wxlogin.accounts.models import Consent, Session, User
from wxlogin.accounts.sign_in import recent_logins
from wxlogin.config import Registration
from wxlogin.db import now, transaction
from wxlogin.errors import Unready
from wxlogin.flows import signing_in

TERMS = {"terms_url": "https://shop.test/terms", "terms_version": "3"}


@pytest.fixture
def scanner_at(app_for, settings_for, simulator):
    """`scanner_at("/orders", two_phase=True, …settings)`: 小明's phone, logged in, and
    a browser's page."""

    def make(
        next_url: str = "/orders", *, two_phase: bool = False, **changes: object
    ) -> Scanner:
        apps = [
            one.model_copy(update={"two_phase": two_phase and one.name == "mp"})
            for one in settings_for().apps
        ]
        app = app_for(
            apps=[one.model_dump() for one in apps], simulator="on", **changes
        )
        program, page = MiniProgram(app, simulator), Page(Browser(app))
        assert program.logs_in().status_code == 200
        page.opens(next_url)
        return Scanner(program, page)

    return make


@pytest.fixture
def scanner(scanner_at) -> Scanner:
    """By whom everything is confirmed already."""
    scanner = scanner_at()
    scanner.scans(), scanner.confirms()
    return scanner


def user_id(scanner: Scanner) -> int:
    return people.find_user(scanner.program.who()["uid"]).user_id


# -- strangers --


def test_a_strangers_yes_makes_the_account(scanner_at):
    scanner = scanner_at(two_phase=True)
    app = scanner.program.app
    assert scanner.scans().status_code == 200
    assert nothing_is_written(app)
    answer = scanner.confirms()
    assert answer.get_json()["state"] == "confirmed"
    # Its answer was lost.
    again = scanner.confirms().get_json()
    assert again == answer.get_json()
    token = again["token"]
    scanner.page.claims()
    assert scanner.page.browser.who()["uid"] == scanner.program.who(token)["uid"]
    assert rows(app, User, Session) == [1, 2]


def test_nothing_is_made_for_a_strangers_step_out_of_turn(scanner_at):
    scanner = scanner_at(two_phase=True)
    assert scanner.confirms().status_code == 409
    scanner.scans()
    assert refusal(scanner.confirms("00")) == (403, "scan_number")
    scanner.refuses()
    assert scanner.confirms().status_code == 409
    assert nothing_is_written(scanner.program.app)


def test_where_the_program_has_to_ask_it_asks_first(scanner_at):
    scanner = scanner_at(registration="ask", **TERMS)
    scanner.scans()
    answer = scanner.confirms()
    assert refusal(answer) == (403, "registration_needed")
    assert answer.get_json()["registration"] == {
        **TERMS,
        "privacy_url": None,
    }
    program = scanner.program
    assert nothing_is_written(program.app)
    word = {"registration": program.token, "agree": "yes", "terms_version": "3"}
    said = program.sends("POST", "/api/registrations", json=word)
    program.token = said.get_json()["token"]
    assert scanner.confirms().get_json() == {"state": "confirmed"}
    assert scanner.page.claims().get_json() == {"next": "/orders"}
    assert scanner.page.browser.who()["uid"] == program.who()["uid"]


@pytest.mark.parametrize("where", ["here", "at a site that asks"])
def test_a_stranger_who_signed_out_again_confirms_nothing(scanner_at, where):
    site = shop_of(registration=Registration.ask, **TERMS)
    scanner = scanner_at(sites=[site], two_phase=True, registration="open")
    scanner.scans()
    token = scanner.confirms().get_json()["token"]
    stranger, scanner.program.token = scanner.program.token, token
    scanner.program.sends("DELETE", "/api/session")
    scanner.program.token = stranger
    if where == "here":
        scanner.page.renews("/tea")
    else:
        waits(scanner, SiteServer(scanner.program.app, SHOP))
    scanner.scans()
    assert refusal(scanner.confirms()) == (400, "already_finished")
    assert scanner.page.state == "scanned"


# -- accounts that change between the yes and the claim --


def test_an_account_that_was_closed(scanner):
    app, page = scanner.program.app, scanner.page
    with app.app_context():
        people.disable(scanner.program.who()["uid"])
    for _ in ("the script", "the page that says why"):
        assert refusal(page.claims()) == (403, "account_disabled")
    assert page.browser.who() is None
    assert rows(app, Session) == [0]


def test_an_account_that_was_deleted_is_not_made_again(scanner):
    app, page = scanner.program.app, scanner.page
    with app.app_context():
        people.delete(user_id(scanner))
    for _ in ("the script", "the page that says why"):
        assert refusal(page.claims()) == (409, "account_gone")
    assert rows(app, User, Session) == [0, 0]


def test_an_account_that_was_merged_away(scanner, simulator):
    """Its sessions end with it, and what they confirmed; the next scan is the
    survivor's."""
    app, page = scanner.program.app, scanner.page
    older = MiniProgram(app, simulator, "lihua")
    older.logs_in()
    uids = [it.who()["uid"] for it in (older, scanner.program)]
    with app.app_context():
        one, other = map(people.find_user, uids)
        transaction(
            lambda session: merges.merge(
                session, one.user_id, other.user_id, cause=merges.Cause.choice, at=now()
            )
        )
    heard = page.claims()
    scanner.program.logs_in()
    survivor = scanner.program.who()["uid"]
    if heard.status_code == 410:
        page.opens("/orders")
        assert scanner.signs_the_browser_in().status_code == 200
    assert page.browser.who()["uid"] == survivor


def test_who_signs_out_everywhere_takes_the_yes_back(scanner):
    app, page = scanner.program.app, scanner.page
    with app.app_context():
        sessions.end_all(user_id(scanner))
    for _ in ("the script", "the page that says why"):
        assert refusal(page.claims()) == (410, "scan_over")
    assert page.browser.who() is None
    assert rows(app, Session) == [0]


def test_a_phone_whose_session_ends_in_between_logs_in_again(scanner_at):
    """Who scanned is the person in the program, not the token."""
    scanner = scanner_at()
    scanner.scans()
    scanner.program.sends("DELETE", "/api/session")
    assert refusal(scanner.confirms()) == (401, "sign_in_needed")
    scanner.program.logs_in()
    assert scanner.confirms().status_code == 200
    assert scanner.page.claims().status_code == 200


def test_a_database_that_is_away_costs_no_login(scanner, monkeypatch):
    """security row 76"""
    page = scanner.page
    with monkeypatch.context() as broken:
        broken.setattr("wxlogin.flows.pairing_claim.sign_in_as", is_away)
        assert refusal(page.claims()) == (503, "unready")
    assert page.state == "confirmed"
    assert page.claims().status_code == 200
    assert page.browser.who()


def test_a_sign_in_whose_answer_was_lost_is_given_once_more(scanner, monkeypatch):
    page = scanner.page

    def lost(*given, **more):
        signing_in.sign_in_as(*given, **more)
        is_away()

    with monkeypatch.context() as broken:
        broken.setattr("wxlogin.flows.pairing_claim.sign_in_as", lost)
        assert page.claims().status_code == 503
    assert page.claims().status_code == 200
    assert page.browser.who()
    assert rows(scanner.program.app, Session) == [2]


def is_away(*_given, **_more):
    raise Unready("the database is away")


def test_a_browser_of_somebody_else_is_this_persons_now(scanner, simulator):
    browser, lihua = scanner.page.browser, Phone(simulator, "lihua")
    started = browser.starts()
    browser.returns(started, lihua.confirms(started))
    before = browser.who()["uid"]
    scanner.page.claims()
    assert browser.who()["uid"] == scanner.program.who()["uid"] != before
    assert rows(scanner.program.app, Session) == [2]


# -- a site that waits --


def shop_of(**changes: object) -> dict:
    return SHOP.model_copy(update=changes).model_dump()


def waits(scanner: Scanner, shop: SiteServer) -> None:
    """The browser comes from the shop's button to our page."""
    answer = scanner.page.browser.get(shop.link())
    next_url = parse_qs(urlsplit(answer.location).query)["next"][0]
    assert scanner.page.opens(next_url).status_code == 200


def test_a_scan_leads_on_to_the_site_that_waits(scanner_at):
    scanner = scanner_at(sites=[shop_of()])
    shop = SiteServer(scanner.program.app, SHOP)
    waits(scanner, shop)
    assert scanner.scans().get_json()["site"] == {"name": "shop"}
    scanner.confirms()
    browser = scanner.page.browser
    back = answer_of(browser.goes_to(scanner.page.claims().get_json()["next"]))
    assert back["to"] == shop.redirect_uri
    tokens = shop.redeems(back["code"])
    assert tokens.status_code == 200, tokens.text


def test_a_site_that_asks_asks_a_stranger_in_the_browser(scanner_at):
    """As after the other doors: nothing is written before the person's tick."""
    site = shop_of(registration=Registration.ask, **TERMS)
    scanner = scanner_at(sites=[site], two_phase=True, registration="open")
    app, page = scanner.program.app, scanner.page
    shop = SiteServer(app, SHOP)
    waits(scanner, shop)
    scanner.scans()
    assert scanner.confirms().get_json() == {"state": "confirmed"}
    assert page.claims().get_json() == {"next": "/register"}
    assert nothing_is_written(app)
    asked = page.browser.get("/register")
    assert TERMS["terms_url"] in asked.text
    back = answer_of(page.browser.goes_to(agrees(page.browser, asked).location))
    assert back["to"] == shop.redirect_uri
    assert rows(app, User, Consent) == [1, 1]
    with app.app_context():
        uid = page.browser.who()["uid"]
        [login] = recent_logins(people.find_user(uid).user_id)
    assert login.door == "scan"


def test_a_site_that_is_closed_takes_no_stranger(scanner_at):
    scanner = scanner_at(
        sites=[shop_of(registration=Registration.closed)],
        two_phase=True,
        registration="open",
    )
    app = scanner.program.app
    waits(scanner, SiteServer(app, SHOP))
    scanner.scans(), scanner.confirms()
    assert refusal(scanner.page.claims()) == (403, "registration_closed")
    assert nothing_is_written(app)


def test_who_is_known_agrees_to_the_sites_terms_on_the_way(scanner_at):
    site = shop_of(registration=Registration.ask, **TERMS)
    scanner = scanner_at(sites=[site], registration="open")
    shop = SiteServer(scanner.program.app, SHOP)
    waits(scanner, shop)
    scanner.scans(), scanner.confirms()
    browser = scanner.page.browser
    answer = browser.goes_to(scanner.page.claims().get_json()["next"])
    assert "/terms" in answer.location


def test_a_site_that_waits_no_more_is_told_before_the_scan(scanner_at):
    scanner = scanner_at()
    over = "/oauth2/authorize/" + "x" * 30
    answer = scanner.page.opens(over)
    assert answer.status_code == 400
    assert "wxlogin_scan" not in str(answer.headers.getlist("Set-Cookie"))


def test_a_foreign_address_leads_to_the_account(scanner_at):
    scanner = scanner_at("https://evil.test/")
    scanner.scans(), scanner.confirms()
    assert scanner.page.claims().get_json() == {"next": "/me"}


# -- a site's link for its customer --


@pytest.mark.parametrize("policy", ["open", "ask"])
def test_a_customers_link_asks_who_came_by_a_scan(scanner_at, policy):
    """The same question as after the QR code, and nothing is connected before it."""
    shop = TEA.model_copy(update={"registration": Registration(policy), **TERMS})
    scanner = scanner_at(sites=[shop.model_dump()], two_phase=True, registration="open")
    app, browser = scanner.program.app, scanner.page.browser
    server = Server(app, shop)
    link = link_for(server)
    assert browser.get(link).status_code == 303
    assert scanner.page.opens(link).status_code == 200
    assert scanner.scans().get_json()["site"] == {"name": "Tea shop"}
    scanner.confirms()
    assert scanner.page.claims().get_json() == {"next": link}
    if policy == "ask":
        assert nothing_is_written(app)
    page = browser.get(link)
    assert page.status_code == 200 and customer(server) is None
    connects(server, browser, link, page)
    assert customer(server) == browser.who()["uid"]
