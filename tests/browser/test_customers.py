"""A shop that had customers before it had WeChat, in a browser.

Three origins: the shop, the service, WeChat. Whatever happens, the shop's table has
one row for each customer, and none is added for a customer who is there.
"""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.customers import Customers
from tests.browser.test_accessible import problems
from tests.browser.test_sign_in import person_on_phone, scans_and_confirms
from wxlogin.accounts.models import SiteUser, User
from wxlogin.db import db

TERMS = {
    "registration": "ask",
    "terms_url": "https://shop.test/terms",
    "privacy_url": "https://shop.test/privacy",
    "terms_version": "1",
}


@pytest.fixture
def shop(serve) -> Iterator[Customers]:
    """The shop, which asks unknown people first."""
    with Customers() as customers:
        service = serve(sites=[{**customers.site, **TERMS}], registration="open")
        customers.opens(service.url)
        customers.service = service
        yield customers


@pytest.fixture
def phone(window) -> Page:
    return window(width=390, height=844)


def rows(shop: Customers, model) -> int:
    with shop.service.app.app_context():
        return db.session.query(model).count()


def connected(shop: Customers, number: str) -> str | None:
    """The name of the WeChat that the customer has."""
    return shop.api("GET", f"/users?external_id={number}").get("nickname")


def has_three_customers(shop: Customers) -> None:
    """One row each, and no customer has two rows with us."""
    assert sorted(shop.people) == ["c-1", "c-2", "c-3"]
    with shop.service.app.app_context():
        ids = [row.external_id for row in db.session.query(SiteUser)]
    assert len(ids) == len(set(ids))
    assert None not in ids


def gives_password(page: Page, name: str) -> None:
    page.get_by_label("name").fill(name)
    page.get_by_label("password").fill(f"{name}'s password")
    page.get_by_role("button", name="Go on").click()


def scans(page: Page, phone: Page, simulator, person: str) -> None:
    page.frame_locator("#frame").locator("img.qrcode").wait_for()
    person_on_phone(phone, simulator, person)
    scans_and_confirms(phone)


def at_the_account_page(shop: Customers, page: Page, name: str) -> None:
    page.goto(f"{shop.url}/password")
    gives_password(page, name)
    page.wait_for_url(f"{shop.url}/account")


def asks_to_connect(shop: Customers, page: Page, name: str) -> None:
    """As far as WeChat's code."""
    at_the_account_page(shop, page, name)
    page.get_by_role("button", name="Connect WeChat").click()
    page.wait_for_url(f"{shop.issuer}/login?**")


def connects(shop: Customers, page: Page, phone: Page, simulator, name: str) -> None:
    """As 小明, with the account of this name."""
    asks_to_connect(shop, page, name)
    scans(page, phone, simulator, "xiaoming")
    page.wait_for_url(f"{shop.issuer}/link/*")
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.get_by_role("status")).to_have_text("linked")


def comes_with_wechat(shop: Customers, page: Page) -> None:
    page.goto(f"{shop.url}/password")
    page.get_by_role("link", name="With WeChat").click()
    page.wait_for_url(f"{shop.issuer}/login?**")


def first_visit(shop: Customers, page: Page, phone: Page, simulator) -> None:
    """小明 comes with WeChat, whom nobody knows; the page of a first visit."""
    comes_with_wechat(shop, page)
    scans(page, phone, simulator, "xiaoming")
    page.wait_for_url(f"{shop.issuer}/register")


def has_an_account(page: Page) -> None:
    page.get_by_role("button", name="I already have an account").click()
    expect(page.locator("h1")).to_have_text("Is it you?")


def names_both(page: Page, wechat: str, account: str) -> None:
    """Our page, and the person's click."""
    page.wait_for_url("**/register/continue/*")
    expect(page.locator(".card")).to_contain_text(wechat)
    expect(page.locator(".card")).to_contain_text(f"{account} at Three customers")
    page.get_by_role("button", name="Connect", exact=True).click()


def fits_every_window(page: Page) -> None:
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert problems(page) == []


def test_from_the_account_page_and_with_wechat_from_then_on(
    shop, simulator, window, phone
):
    pc = window(locale="en-GB")
    asks_to_connect(shop, pc, "ann")
    scans(pc, phone, simulator, "xiaoming")
    pc.wait_for_url(f"{shop.issuer}/link/*")
    expect(pc.locator("h1")).to_have_text("小明😀")
    expect(pc.locator(".card")).to_contain_text("ann at Three customers")
    assert connected(shop, "c-1") is None
    pc.get_by_role("button", name="Connect", exact=True).click()
    pc.wait_for_url(f"{shop.url}/account?wxlogin=linked")
    expect(pc.locator("h1")).to_have_text("c-1 ann")
    assert connected(shop, "c-1") == "小明😀"
    elsewhere = window(locale="en-GB")
    comes_with_wechat(shop, elsewhere)
    scans(elsewhere, phone, simulator, "xiaoming")
    elsewhere.wait_for_url(f"{shop.url}/account")
    expect(elsewhere.locator("h1")).to_have_text("c-1 ann")
    has_three_customers(shop)


def test_not_now_leads_back_and_connects_nothing(shop, simulator, window, phone):
    pc = window()
    asks_to_connect(shop, pc, "ann")
    scans(pc, phone, simulator, "lihua")
    pc.get_by_role("button", name="暂不绑定").click()
    expect(pc.get_by_role("status")).to_have_text("declined")
    assert connected(shop, "c-1") is None
    # The shop asks its new people first, so there is no account of ours either.
    assert (rows(shop, User), rows(shop, SiteUser)) == (0, 0)
    has_three_customers(shop)


def test_a_first_visit_with_the_password_of_the_shop(shop, simulator, window, phone):
    pc = window(locale="en-GB")
    first_visit(shop, pc, phone, simulator)
    has_an_account(pc)
    expect(pc.get_by_role("status")).to_have_text("小明😀")
    pc.get_by_label("name").fill("ben")
    pc.get_by_label("password").fill("a wrong one")
    pc.get_by_role("button", name="Go on").click()
    expect(pc.get_by_role("status")).to_have_text("Wrong password")
    assert rows(shop, User) == 0
    gives_password(pc, "ben")
    names_both(pc, "小明😀", "ben")
    pc.wait_for_url(f"{shop.url}/account")
    expect(pc.locator("h1")).to_have_text("c-2 ben")
    assert connected(shop, "c-2") == "小明😀"
    has_three_customers(shop)


@pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
def test_the_page_that_names_both_fits(shop, simulator, window, phone, locale):
    """Also with a name as long as an address of mail can be."""
    shop.people["c-2"]["name"] = "b" * 242 + "@mail.test"
    page = window(locale=locale)
    comes_with_wechat(shop, page)
    scans(page, phone, simulator, "xiaoming")
    page.wait_for_url(f"{shop.issuer}/register")
    page.locator("form[action$=bind] button").click()
    page.get_by_label("name").fill(shop.people["c-2"]["name"])
    page.get_by_label("password").fill("ben's password")
    page.get_by_role("button", name="Go on").click()
    page.wait_for_url("**/register/continue/*")
    fits_every_window(page)
    page.locator("button[value=no]").click()
    page.wait_for_url(f"{shop.issuer}/register")
    assert (rows(shop, User), connected(shop, "c-2")) == (0, None)


def test_a_first_visit_of_somebody_new(shop, simulator, window, phone):
    """Agrees to the terms, and is one customer more."""
    pc = window(locale="en-GB")
    first_visit(shop, pc, phone, simulator)
    pc.get_by_role("checkbox").check()
    pc.get_by_role("button", name="Agree and create the account").click()
    pc.wait_for_url(f"{shop.url}/account")
    expect(pc.locator("h1")).to_have_text("c-4 小明😀")
    assert connected(shop, "c-4") == "小明😀"


def test_a_wechat_that_belongs_to_another_customer(shop, simulator, window, phone):
    pc = window(locale="en-GB")
    connects(shop, pc, phone, simulator, "ann")
    asks_to_connect(shop, pc, "ben")
    scans(pc, phone, simulator, "xiaoming")
    pc.wait_for_url(f"{shop.issuer}/link/*")
    message = "This WeChat belongs to another account at Three customers."
    expect(pc.get_by_text(message)).to_be_visible()
    expect(pc.get_by_role("button", name="Connect", exact=True)).to_have_count(0)
    pc.locator("main").get_by_role("link", name="Back to Three customers").click()
    expect(pc.get_by_role("status")).to_have_text("wechat_taken")
    assert (connected(shop, "c-1"), connected(shop, "c-2")) == ("小明😀", None)
    has_three_customers(shop)


def test_a_customer_who_has_another_wechat(shop, simulator, window, phone):
    """By the account page, and by the page of a first visit."""
    pc = window(locale="en-GB")
    connects(shop, pc, phone, simulator, "ann")
    other = window(locale="en-GB")
    comes_with_wechat(shop, other)
    scans(other, phone, simulator, "lihua")
    other.wait_for_url(f"{shop.issuer}/register")
    has_an_account(other)
    gives_password(other, "ann")
    expect(other.get_by_role("status")).to_have_text("external_id_taken")
    assert connected(shop, "c-1") == "小明😀"
    assert rows(shop, User) == 1
    has_three_customers(shop)


def test_another_wechat_can_be_taken_instead(shop, simulator, window, phone):
    pc = window(locale="en-GB")
    connects(shop, pc, phone, simulator, "ann")
    asks_to_connect(shop, pc, "ben")
    scans(pc, phone, simulator, "xiaoming")
    pc.get_by_role("button", name="Use another WeChat").click()
    pc.wait_for_url(f"{shop.issuer}/login?**")
    scans(pc, phone, simulator, "lihua")
    pc.get_by_role("button", name="Connect", exact=True).click()
    expect(pc.get_by_role("status")).to_have_text("linked")
    assert (connected(shop, "c-1"), connected(shop, "c-2")) == ("小明😀", "李华")
    has_three_customers(shop)


def test_two_account_pages_race(shop, simulator, window, phone):
    """One WeChat, two customers: the second hears that it is taken."""
    one, two = window(locale="en-GB"), window(locale="en-GB")
    for page, name in ((one, "ann"), (two, "ben")):
        asks_to_connect(shop, page, name)
        scans(page, phone, simulator, "xiaoming")
        page.wait_for_url(f"{shop.issuer}/link/*")
    for page in (one, two):
        expect(page.get_by_role("button", name="Connect", exact=True)).to_be_visible()
    clicked = "document.querySelector('button[value=yes]').click()"
    for page in (one, two):
        page.evaluate(f"setTimeout(() => {clicked}, 50)")
    for page in (one, two):
        page.wait_for_url(
            re.compile(r"/account\?wxlogin(_error)?=(linked|wechat_taken)")
        )
    ends = [page.get_by_role("status").text_content() for page in (one, two)]
    assert sorted(ends) == ["linked", "wechat_taken"]
    owners = [connected(shop, number) for number in ("c-1", "c-2", "c-3")]
    assert owners.count("小明😀") == 1
    assert owners[ends.index("linked")] == "小明😀"
    has_three_customers(shop)


def test_two_tabs_of_a_first_visit_race(shop, simulator, window, phone):
    """Each gives another customer's password."""
    one = window(locale="en-GB")
    first_visit(shop, one, phone, simulator)
    two = one.context.new_page()
    two.goto(f"{shop.issuer}/register")
    for page in (one, two):
        has_an_account(page)
    gives_password(one, "ann")
    names_both(one, "小明😀", "ann")
    one.wait_for_url(f"{shop.url}/account")
    gives_password(two, "ben")
    expect(two.get_by_role("status")).to_have_text("external_id_fixed")
    expect(one.locator("h1")).to_have_text("c-1 ann")
    assert (connected(shop, "c-1"), connected(shop, "c-2")) == ("小明😀", None)
    has_three_customers(shop)


def test_a_stolen_link_connects_nothing(shop, simulator, window, phone):
    """Ann's link, opened and accepted by ben, who is signed in at the shop."""
    ann, ben = window(locale="en-GB"), window(locale="en-GB")
    asks_to_connect(shop, ann, "ann")
    at_the_account_page(shop, ben, "ben")
    ben.goto(shop.issuer + re.search(r"next=(/link/[\w-]+)", ann.url)[1])
    scans(ben, phone, simulator, "xiaoming")
    ben.get_by_role("button", name="Connect", exact=True).click()
    expect(ben.locator("h1")).to_have_text("Not connected")
    expect(ben.get_by_role("status")).to_have_text("conflict")
    assert (connected(shop, "c-1"), connected(shop, "c-2")) == (None, None)
    assert rows(shop, User) == 0


@pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
def test_the_question_fits_and_is_for_everybody(shop, simulator, window, phone, locale):
    page = window(locale=locale)
    asks_to_connect(shop, page, "ann")
    scans(page, phone, simulator, "xiaoming")
    page.wait_for_url(f"{shop.issuer}/link/*")
    fits_every_window(page)
    page.locator("button[value=yes]").click()
    expect(page.get_by_role("status")).to_have_text("linked")
