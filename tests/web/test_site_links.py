"""A customer who is signed in at a site connects a WeChat with that account."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.journey import CHINESE, ENGLISH, Browser, Phone, Started
from tests.support.user_agents import WECHAT_IPHONE
from tests.web.site_server import SITES, Server
from wxlogin.accounts import people
from wxlogin.accounts.models import (
    Consent,
    Event,
    Identity,
    Session,
    SiteUser,
    UnionId,
    User,
)
from wxlogin.config import Registration
from wxlogin.db import db

TERMS = {"terms_url": "https://shop.test/terms", "terms_version": "7"}
LINK = {"external_id": "c-1", "label": "ann"}
BACK = "https://login.shop.test/"


@pytest.fixture
def app(app_for):
    return app_for(sites=SITES)


@pytest.fixture
def shop(app) -> Server:
    return Server(app)


def link_for(shop: Server, external_id: str = "c-1", **more: str) -> str:
    """The path of a fresh link."""
    body = {"external_id": external_id, "label": f"{external_id}@shop.test", **more}
    answer = shop.post("/links", body)
    assert answer.status_code == 201, answer.text
    assert answer.get_json()["expires_in"] == 300
    parts = urlsplit(answer.get_json()["url"])
    assert f"{parts.scheme}://{parts.netloc}" == "http://127.0.0.1:5000"
    return parts.path


def signs_in(browser: Browser, phone: Phone, next_url: str | None = None):
    started = browser.starts(next_url)
    return browser.returns(started, phone.confirms(started))


def opens(browser: Browser, phone: Phone, link: str):
    """Opens the link, signs in, and sees the question."""
    answer = browser.get(link)
    assert (answer.status_code, answer.location) == (
        303,
        f"{browser.prefix}/login?next={link}",
    )
    assert signs_in(browser, phone, link).location == link
    return browser.get(link)


def says(browser: Browser, link: str, answer: str, page=None):
    shown = re.search(r'name="(uid|tag)" value="(\w+)"', page.text) if page else None
    name, value = shown.groups() if shown else ("uid", browser.who()["uid"])
    return browser.post(link, data={"answer": answer, name: value})


def comes_back(shop: Server, browser: Browser, answer, external_id: str = "c-1"):
    """The site confirms for the customer of its session, and the browser finishes."""
    told = outcome(answer)
    if told.get("wxlogin") != "confirm":
        return answer
    return browser.get(confirms(shop, told["wxlogin_code"], external_id))


def confirms(shop: Server, code: str, external_id: str = "c-1") -> str:
    """The path of the address that finishes."""
    body = {"code": code, "external_id": external_id}
    answer = shop.post("/links/confirm", body)
    assert answer.status_code == 200, answer.text
    return urlsplit(answer.get_json()["continue_url"]).path


def connects(
    shop: Server, browser: Browser, link: str, page=None, external_id: str = "c-1"
):
    """Says yes, and goes on as far as it goes."""
    return comes_back(shop, browser, says(browser, link, "yes", page), external_id)


def outcome(answer) -> dict[str, str]:
    """What the site reads in the address its customer comes back to."""
    assert answer.status_code == 303, answer.text
    assert answer.location.startswith("https://")
    return {
        name: values[0]
        for name, values in parse_qs(urlsplit(answer.location).query).items()
    }


def rows(app, *models) -> list[int]:
    with app.app_context():
        return [db.session.query(model).count() for model in models]


def customer(shop: Server, external_id: str = "c-1") -> str | None:
    """The uid that the customer has a WeChat of."""
    answer = shop.get("/users", external_id=external_id)
    return answer.get_json()["uid"] if answer.status_code == 200 else None


LINKED = {"wxlogin": "linked"}


def test_a_customer_connects_a_wechat(app, shop, browser, xiaoming):
    link = link_for(shop, label="ann@shop.test")
    page = opens(browser, xiaoming, link)
    assert page.status_code == 200
    for text in ("小明😀", "ann@shop.test", "Tea shop"):
        assert text in page.text
    assert rows(app, SiteUser) == [0]
    answer = says(browser, link, "yes", page)
    assert re.fullmatch(
        re.escape(f"{BACK}?wxlogin=confirm&wxlogin_code=") + r"[\w-]{22}",
        answer.location,
    )
    # Nothing is connected before the site has confirmed and the browser came back.
    path = confirms(shop, outcome(answer)["wxlogin_code"])
    assert rows(app, SiteUser) == [0]
    assert browser.get(path).location == f"{BACK}?wxlogin=linked"
    assert customer(shop) == browser.who()["uid"]
    assert rows(app, User, SiteUser) == [1, 1]


def test_the_site_hears_of_it_with_its_own_id(app, shop, browser, xiaoming):
    link = link_for(shop)
    connects(shop, browser, link, opens(browser, xiaoming, link))
    with app.app_context():
        [event] = db.session.query(Event).all()
        assert (event.type, event.client_id) == ("user.created", "shop")
        assert event.data["external_id"] == "c-1"


@pytest.mark.parametrize("policy", ["open", "ask"])
def test_inside_wechat(app_for, xiaoming, policy):
    """Silently, then with a name; there is one WeChat only to choose from."""
    site = SITES[0].model_copy(update={"registration": policy, **TERMS})
    app = app_for(sites=(site,), registration="open")
    shop, browser = Server(app), Browser(app)
    browser.headers = {**browser.headers, "User-Agent": WECHAT_IPHONE}
    link = link_for(shop)
    answer = browser.get(browser.get(link).location)
    for _ in ("silent", "with a name"):
        answer = browser.goes_to(xiaoming.opens(Started.at(answer.location)))
    assert (answer.status_code, answer.location) == (303, link)
    page = browser.get(link)
    assert "小明😀" in page.text
    assert 'value="other"' not in page.text
    assert outcome(connects(shop, browser, link, page)) == LINKED


def test_below_a_path(app_for, xiaoming):
    """PUBLIC_URL has a path, and the site's policy is another one there too."""
    site = SITES[0].model_copy(update={"registration": "ask", **TERMS})
    app = app_for(
        sites=(site,), registration="open", public_url="http://127.0.0.1:5000/wx"
    )
    shop, browser = Server(app), Browser(app, prefix="/wx")
    link = link_for(shop)
    assert link.startswith("/wx/link/")
    page = opens(browser, xiaoming, link)
    assert outcome(connects(shop, browser, link, page)) == LINKED


def test_the_question_can_be_read_in_the_other_language(app, shop, browser, xiaoming):
    link = link_for(shop)
    page = opens(browser, xiaoming, link)
    switch = re.search(r'href="(/language/\w+\?next=[^"]+)"', page.text)[1]
    answer = browser.get(switch)
    assert (answer.status_code, answer.location) == (303, link)
    assert browser.get(link).status_code == 200


def test_opening_the_link_changes_nothing(app, shop, browser, xiaoming):
    """security row 12: a browser or a chat that fetches ahead"""
    link = link_for(shop)
    ahead = {"Sec-Purpose": "prefetch", "Purpose": "prefetch"}
    for _ in range(3):
        assert browser.get(link, headers=ahead).status_code == 303
        assert browser._send("HEAD", link).status_code == 303
    signs_in(browser, xiaoming)
    for _ in range(3):
        assert browser.get(link, headers=ahead).status_code == 200
    assert rows(app, SiteUser) == [0]
    assert outcome(connects(shop, browser, link)) == LINKED


def test_a_session_that_was_open_before_connects_nothing(
    app, shop, browser, xiaoming, clock
):
    """Somebody left it open; the proof must be younger than the link."""
    signs_in(browser, xiaoming)
    clock.shift(1)
    link = link_for(shop)
    for answer in (browser.get(link), says(browser, link, "yes")):
        assert (answer.status_code, answer.location) == (303, f"/login?next={link}")
    assert rows(app, SiteUser) == [0]
    # The login page does not offer to go on as who is signed in.
    assert "小明😀" not in browser.get(f"/login?next={link}").text
    signs_in(browser, xiaoming, link)
    assert outcome(connects(shop, browser, link)) == LINKED


def test_a_link_lasts_five_minutes(app, shop, browser, xiaoming, clock):
    link = link_for(shop)
    opens(browser, xiaoming, link)
    clock.shift(301)
    expired = {"wxlogin_error": "link_expired"}
    assert outcome(browser.get(link)) == expired
    assert outcome(says(browser, link, "yes")) == expired
    assert outcome(says(browser, link, "no")) == expired
    assert outcome(browser.post(link, data={"answer": "other"})) == expired
    assert browser.who()
    assert rows(app, SiteUser) == [0]


def test_nobody_guesses_a_link(browser):
    for answer in (browser.get("/link/x"), browser.post("/link/x", data={})):
        assert answer.status_code == 410
        assert "Location" not in answer.headers


def test_not_now(app, shop, browser, other_browser, xiaoming, lihua):
    link = link_for(shop, return_to="https://shop.test/account?tab=2#wechat")
    page = opens(browser, xiaoming, link)
    answer = says(browser, link, "no", page)
    expected = "https://shop.test/account?tab=2&wxlogin_error=declined#wechat"
    assert answer.location == expected
    # It is over then, for everybody.
    assert outcome(browser.get(link))["wxlogin_error"] == "declined"
    signs_in(other_browser, lihua)
    over = says(other_browser, link, "yes")
    assert outcome(over)["wxlogin_error"] == "link_expired"
    assert rows(app, SiteUser) == [0]


def test_another_wechat(app, shop, browser, xiaoming, lihua):
    link = link_for(shop)
    page = opens(browser, xiaoming, link)
    answer = says(browser, link, "other", page)
    assert (answer.status_code, answer.location) == (303, f"/login?next={link}")
    assert browser.who() is None
    signs_in(browser, lihua, link)
    page = browser.get(link)
    assert "李华" in page.text
    assert outcome(connects(shop, browser, link, page)) == LINKED
    assert customer(shop) == browser.who()["uid"]


def test_yes_is_for_the_wechat_that_the_page_named(app, shop, browser, xiaoming, lihua):
    link = link_for(shop)
    page = opens(browser, xiaoming, link)
    signs_in(browser, lihua)
    answer = says(browser, link, "yes", page)
    assert (answer.status_code, answer.location) == (303, link)
    assert rows(app, SiteUser) == [0]


def test_a_foreign_page_says_nothing(app, shop, browser, xiaoming):
    """security row 25"""
    link = link_for(shop)
    opens(browser, xiaoming, link)
    foreign = {"Sec-Fetch-Site": "cross-site"}
    data = {"answer": "yes", "uid": browser.who()["uid"]}
    answer = browser.post(link, data=data, headers=foreign)
    assert answer.status_code == 403
    assert rows(app, SiteUser) == [0]


def test_an_unknown_answer_is_none(app, shop, browser, xiaoming):
    link = link_for(shop)
    opens(browser, xiaoming, link)
    assert browser.post(link, data={"answer": "maybe"}).status_code == 400
    assert browser.get(link).status_code == 200


@pytest.mark.parametrize("language", [CHINESE, ENGLISH])
def test_a_wechat_that_belongs_to_another_customer(
    app, shop, browser, xiaoming, language
):
    signs_in(browser, xiaoming)
    uid = browser.who()["uid"]
    shop.learns_of(uid, "c-1")
    link = link_for(shop, "c-2", label="ben@shop.test")
    signs_in(browser, xiaoming)
    page = browser.get(link, headers=language)
    assert 'data-obstacle="wechat_taken"' in page.text
    assert ("未做任何更改" if language is CHINESE else "Nothing was") in page.text
    assert f"{BACK}?wxlogin_error=wechat_taken" in page.text
    assert 'value="yes"' not in page.text
    answer = says(browser, link, "yes")
    assert outcome(answer) == {"wxlogin_error": "wechat_taken"}
    assert (customer(shop, "c-1"), customer(shop, "c-2")) == (uid, None)


def test_a_customer_who_has_another_wechat(app, shop, browser, xiaoming, lihua):
    signs_in(browser, lihua)
    uid = browser.who()["uid"]
    shop.learns_of(uid, "c-1")
    link = link_for(shop, "c-1")
    page = opens(Browser(app), xiaoming, link)
    assert 'data-obstacle="external_id_taken"' in page.text
    signs_in(browser, xiaoming)
    answer = says(browser, link, "yes")
    assert outcome(answer) == {"wxlogin_error": "external_id_taken"}
    assert customer(shop, "c-1") == uid


def test_the_same_again_is_no_fault(app, shop, browser, xiaoming):
    """A second click, a reload, and a second link for what is connected."""
    link = link_for(shop)
    page = opens(browser, xiaoming, link)
    for _ in range(2):
        assert outcome(connects(shop, browser, link, page)) == LINKED
    assert outcome(browser.get(link)) == LINKED
    again = link_for(shop)
    signs_in(browser, xiaoming)
    assert outcome(connects(shop, browser, again)) == LINKED
    assert rows(app, User, SiteUser, Event) == [1, 1, 1]


def test_a_used_link_is_over_for_others(
    app, shop, browser, other_browser, xiaoming, lihua
):
    link = link_for(shop)
    connects(shop, browser, link, opens(browser, xiaoming, link))
    expired = {"wxlogin_error": "link_expired"}
    assert outcome(other_browser.get(link)) == expired
    signs_in(other_browser, lihua)
    assert outcome(other_browser.get(link)) == expired
    assert outcome(says(other_browser, link, "yes")) == expired
    assert customer(shop) == browser.who()["uid"]


def test_one_link_raced_by_two_wechats(
    app, shop, browser, other_browser, xiaoming, lihua
):
    """One winner; the other hears that the link is over."""
    link = link_for(shop)
    signs_in(browser, xiaoming)
    signs_in(other_browser, lihua)
    uids = [each.who()["uid"] for each in (browser, other_browser)]
    start = Barrier(6)

    def clicks(number: int) -> str:
        one = (browser, other_browser)[number % 2].copy()
        start.wait()
        data = {"answer": "yes", "uid": uids[number % 2]}
        answer = comes_back(shop, one, one.post(link, data=data))
        return next(iter(outcome(answer).values()))

    with ThreadPoolExecutor(6) as pool:
        ends = list(pool.map(clicks, range(6)))
    winner = ends.index("linked") % 2
    assert set(ends[winner::2]) == {"linked"}
    assert set(ends[1 - winner :: 2]) == {"link_expired"}
    assert customer(shop) == uids[winner]
    assert rows(app, SiteUser, Event) == [1, 1]


def test_two_links_for_one_customer_raced_by_two_wechats(
    app, shop, browser, other_browser, xiaoming, lihua
):
    links = [link_for(shop), link_for(shop)]
    browsers = [browser, other_browser]
    for one, phone in zip(browsers, (xiaoming, lihua), strict=True):
        signs_in(one, phone)
    start = Barrier(2)

    def clicks(number: int) -> str:
        uid = browsers[number].who()["uid"]
        start.wait()
        data = {"answer": "yes", "uid": uid}
        answer = browsers[number].post(links[number], data=data)
        answer = comes_back(shop, browsers[number], answer)
        return next(iter(outcome(answer).values()))

    with ThreadPoolExecutor(2) as pool:
        ends = list(pool.map(clicks, range(2)))
    assert sorted(ends) == ["external_id_taken", "linked"]
    assert customer(shop) == browsers[ends.index("linked")].who()["uid"]
    assert rows(app, SiteUser) == [1]


def test_two_links_for_two_customers_raced_by_one_wechat(app, shop, browser, xiaoming):
    links = [link_for(shop, "c-1"), link_for(shop, "c-2")]
    signs_in(browser, xiaoming)
    uid = browser.who()["uid"]
    start = Barrier(2)

    def clicks(number: int) -> str:
        one = browser.copy()
        start.wait()
        answer = one.post(links[number], data={"answer": "yes", "uid": uid})
        answer = comes_back(shop, one, answer, f"c-{number + 1}")
        return next(iter(outcome(answer).values()))

    with ThreadPoolExecutor(2) as pool:
        ends = list(pool.map(clicks, range(2)))
    assert sorted(ends) == ["linked", "wechat_taken"]
    assert [customer(shop, "c-1"), customer(shop, "c-2")].count(uid) == 1
    assert rows(app, SiteUser, Event) == [1, 1]


def clicked(shop: Server, browser: Browser, phone: Phone, link: str) -> str:
    """Opens the link, signs in, says yes; the code that the site is given."""
    page = opens(browser, phone, link)
    return outcome(says(browser, link, "yes", page))["wxlogin_code"]


def refusal(answer) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["code"]


def test_a_stolen_link_connects_nothing(app, shop, browser, other_browser, xiaoming):
    """finding L13: the thief comes back to the shop with a session of his own."""
    link = link_for(shop)
    thief, owner = other_browser, browser
    code = clicked(shop, thief, xiaoming, link)
    assert rows(app, SiteUser) == [0]
    wrong = {"code": code, "external_id": "thief-1"}
    assert refusal(shop.post("/links/confirm", wrong)) == (409, "conflict")
    # Void then, also for the word that would have been right, and for the owner.
    right = {"code": code, "external_id": "c-1"}
    assert refusal(shop.post("/links/confirm", right)) == (404, "not_found")
    assert outcome(owner.get(link)) == {"wxlogin_error": "declined"}
    assert (customer(shop), rows(app, SiteUser)) == (None, [0])


def test_a_code_that_is_planted_in_the_customers_browser_connects_nothing(
    app, shop, browser, other_browser, xiaoming, lihua
):
    """finding L13: the shop confirms for its customer, who has clicked nothing."""
    link = link_for(shop)
    thief, owner = other_browser, browser
    path = confirms(shop, clicked(shop, thief, xiaoming, link))
    for _ in range(2):
        assert owner.get(path).status_code == 400
        # Nor where the owner is signed in, with another WeChat.
        signs_in(owner, lihua)
    assert (customer(shop), rows(app, SiteUser)) == (None, [0])


def test_a_wechat_that_signed_in_elsewhere_does_not_finish(
    app, shop, browser, other_browser, xiaoming, clock
):
    """A session of the right person that is older than the link proves nothing."""
    signs_in(other_browser, xiaoming)
    clock.shift(1)
    path = confirms(shop, clicked(shop, browser, xiaoming, link_for(shop)))
    assert other_browser.get(path).status_code == 400
    assert rows(app, SiteUser) == [0]
    assert outcome(browser.get(path)) == LINKED


@pytest.mark.parametrize(
    "how",
    [
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "image"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Dest": "iframe"},
        {"Sec-Purpose": "prefetch"},
        {"Purpose": "prefetch"},
    ],
    ids=lambda how: " ".join(how.values()),
)
def test_nothing_but_a_page_finishes(app, shop, browser, xiaoming, how):
    """security row 12"""
    path = confirms(shop, clicked(shop, browser, xiaoming, link_for(shop)))
    assert browser.get(path, headers=how).status_code == 403
    assert rows(app, SiteUser) == [0]


def test_another_sites_server_confirms_nothing(app, shop, browser, xiaoming):
    code = clicked(shop, browser, xiaoming, link_for(shop))
    body = {"code": code, "external_id": "c-1"}
    other = Server(app, SITES[1])
    assert refusal(other.post("/links/confirm", body)) == (404, "not_found")
    # And what it said has harmed nobody.
    assert outcome(browser.get(confirms(shop, code))) == LINKED


@pytest.mark.parametrize("late", ["code", "address"])
def test_what_comes_too_late_connects_nothing(
    app, shop, browser, xiaoming, clock, late
):
    code = clicked(shop, browser, xiaoming, link_for(shop))
    path = confirms(shop, code) if late == "address" else ""
    clock.shift(301)
    if late == "address":
        assert browser.get(path).status_code == 410
    else:
        body = {"code": code, "external_id": "c-1"}
        assert refusal(shop.post("/links/confirm", body)) == (404, "not_found")
    assert rows(app, SiteUser) == [0]


def test_the_last_moment_of_everything_is_in_time(app, shop, browser, xiaoming, clock):
    link = link_for(shop)
    page = opens(browser, xiaoming, link)
    clock.shift(298)
    code = outcome(says(browser, link, "yes", page))["wxlogin_code"]
    clock.shift(298)
    path = confirms(shop, code)
    clock.shift(298)
    assert outcome(browser.get(path)) == LINKED
    assert customer(shop) == browser.who()["uid"]


def test_a_lost_answer_can_be_asked_for_again(app, shop, browser, xiaoming):
    """The click, the site's word, the last step: each of them twice."""
    link = link_for(shop)
    first = clicked(shop, browser, xiaoming, link)
    page = browser.get(link)
    assert page.status_code == 200
    again = outcome(says(browser, link, "yes", page))["wxlogin_code"]
    assert again != first
    paths = {confirms(shop, code) for code in (first, first, again)}
    assert len(paths) == 2
    for path in [*paths, *paths]:
        assert outcome(browser.get(path)) == LINKED
    assert rows(app, User, SiteUser, Event) == [1, 1, 1]


def test_not_now_after_a_yes_is_the_last_word(app, shop, browser, xiaoming):
    link = link_for(shop)
    path = confirms(shop, clicked(shop, browser, xiaoming, link))
    assert outcome(says(browser, link, "no")) == {"wxlogin_error": "declined"}
    assert browser.get(path).status_code == 410
    assert rows(app, SiteUser) == [0]


def test_the_site_is_told_how_often_a_link_was_looked_at(
    app, shop, browser, other_browser, xiaoming, lihua, clock
):
    """finding L14"""
    link = link_for(shop)
    opens(other_browser, lihua, link)
    clock.shift(60)
    code = clicked(shop, browser, xiaoming, link)
    told = shop.post("/links/confirm", {"code": code, "external_id": "c-1"}).get_json()
    assert told["looks"] == 2
    first = datetime.fromisoformat(told["first_look_at"])
    assert 55 < (datetime.now(UTC) - first).total_seconds() < 70


@pytest.fixture
def picky_app(app_for, policy):
    """A service whose site does not make accounts for everybody."""
    mode = Registration(policy)
    site = SITES[0].model_copy(update={"registration": mode, **TERMS})
    return app_for(sites=(site, *SITES[1:]), registration=policy, **TERMS)


EVERYTHING = (User, Identity, UnionId, Session, SiteUser, Consent, Event)
PICKY = pytest.mark.parametrize("policy", ["ask", "closed"])


def nothing_is_written(app) -> bool:
    return rows(app, *EVERYTHING) == [0] * len(EVERYTHING)


@PICKY
def test_the_site_knows_its_customer_and_has_settled_the_terms(picky_app, xiaoming):
    shop, browser = Server(picky_app), Browser(picky_app)
    link = link_for(shop, label="ann@shop.test")
    page = opens(browser, xiaoming, link)
    for text in ("小明😀", "ann@shop.test", "Tea shop", "/register/picture"):
        assert text in page.text
    assert outcome(connects(shop, browser, link, page)) == LINKED
    assert customer(shop) == browser.who()["uid"]
    assert browser.get("/auth").status_code == 200
    with picky_app.app_context():
        assert db.session.query(SiteUser).one().terms_version == "7"


@PICKY
def test_a_link_that_got_about_lets_nobody_in(picky_app, simulator):
    """finding M5: no account, no session, no page of a proxy's before the click"""
    shop = Server(picky_app)
    link = link_for(shop)
    people = [Browser(picky_app) for _ in range(3)]
    names = ("xiaoming", "lihua", "jose")
    pages = [
        opens(browser, Phone(simulator, name), link)
        for browser, name in zip(people, names, strict=True)
    ]
    for browser in people:
        assert browser.who() is None
        assert browser.get("/auth").status_code == 401
    assert nothing_is_written(picky_app)
    assert outcome(connects(shop, people[1], link, pages[1])) == LINKED
    assert people[1].who()["nickname"] == "李华"
    for loser, page in ((people[0], pages[0]), (people[2], pages[2])):
        late = outcome(says(loser, link, "yes", page))
        assert late == {"wxlogin_error": "link_expired"}
        assert loser.get("/auth").status_code == 401
    assert rows(picky_app, User, Session, SiteUser) == [1, 1, 1]


@PICKY
def test_a_stranger_at_a_link_finds_no_other_way_in(picky_app, xiaoming):
    shop, browser = Server(picky_app), Browser(picky_app)
    link = link_for(shop)
    page = opens(browser, xiaoming, link)
    tag = re.search(r'name="tag" value="(\w+)"', page.text)[1]
    word = {"tag": tag, "agree": "yes", "version": "7"}
    assert browser.get("/register").location == link
    assert browser.post("/register", data=word).location == link
    assert browser.post("/register/bind", data={"tag": tag}).location == "/register"
    for more in ({}, {"tag": "0" * 16}, {"uid": tag}, {"tag": ""}):
        answer = browser.post(link, data={"answer": "yes", **more})
        assert (answer.status_code, answer.location) == (303, link)
    foreign = {"Sec-Fetch-Site": "same-site"}
    yes = {"answer": "yes", "tag": tag}
    assert browser.post(link, data=yes, headers=foreign).status_code == 403
    assert Browser(picky_app).post(link, data=yes).location == f"/login?next={link}"
    other = link_for(shop, "c-2")
    assert browser.post(other, data=yes).location == f"/login?next={other}"
    assert nothing_is_written(picky_app)


@PICKY
def test_a_click_too_many_at_a_first_visit(picky_app, xiaoming):
    """Whichever answer the browser takes to be the last one, it is signed in."""
    shop, browser = Server(picky_app), Browser(picky_app)
    link = link_for(shop)
    page = opens(browser, xiaoming, link)
    twin = browser.copy()
    clicks = [says(each, link, "yes", page) for each in (browser, twin)]
    codes = [outcome(answer)["wxlogin_code"] for answer in clicks]
    for each, code in zip((browser, twin), codes, strict=True):
        assert outcome(each.get(confirms(shop, code))) == LINKED
    assert outcome(says(twin, link, "yes", page)) == LINKED
    assert twin.who()["uid"] == browser.who()["uid"]
    assert rows(picky_app, User, Session, SiteUser) == [1, 1, 1]
    assert outcome(browser.get(link)) == LINKED


@PICKY
def test_a_customer_who_has_another_wechat_makes_no_account(picky_app, xiaoming, lihua):
    shop, browser, late = (
        Server(picky_app),
        Browser(picky_app),
        Browser(picky_app),
    )
    link, second = link_for(shop), link_for(shop)
    page = opens(late, lihua, second)
    connects(shop, browser, link, opens(browser, xiaoming, link))
    answer = outcome(says(late, second, "yes", page))
    assert answer == {"wxlogin_error": "external_id_taken"}
    third = link_for(shop)
    page = opens(late, lihua, third)
    assert 'data-obstacle="external_id_taken"' in page.text
    assert late.who() is None
    assert rows(picky_app, User, Session) == [1, 1]


@PICKY
@pytest.mark.parametrize("said", ["no", "other"])
def test_who_does_not_want_to_is_forgotten(picky_app, xiaoming, lihua, said):
    shop, browser = Server(picky_app), Browser(picky_app)
    link = link_for(shop)
    answer = says(browser, link, said, opens(browser, xiaoming, link))
    assert browser.get("/register").status_code == 410
    assert nothing_is_written(picky_app)
    if said == "no":
        assert outcome(answer) == {"wxlogin_error": "declined"}
        return
    assert answer.location == f"/login?next={link}"
    assert signs_in(browser, lihua, link).location == link
    page = browser.get(link)
    assert "李华" in page.text
    assert outcome(connects(shop, browser, link, page)) == LINKED
    assert browser.who()["nickname"] == "李华"


@PICKY
def test_the_wechat_that_came_last_is_asked(picky_app, xiaoming, lihua, clock):
    """A known one and one of a first visit take turns in one browser."""
    shop, browser, before = Server(picky_app), Browser(picky_app), Browser(picky_app)
    first = link_for(shop)
    connects(shop, before, first, opens(before, lihua, first))
    link = link_for(shop, "c-2")
    for phone, name in ((xiaoming, "小明😀"), (lihua, "李华"), (xiaoming, "小明😀")):
        clock.shift(5)
        signs_in(browser, phone, link)
        page = browser.get(link)
        assert f"<bdi>{name}</bdi>" in page.text
    assert outcome(connects(shop, browser, link, page, "c-2")) == LINKED
    assert browser.who()["nickname"] == "小明😀"


@pytest.mark.parametrize(
    "wish",
    [
        "https://shop.test",
        "https://shop.test/account",
        "https://login.shop.test/account?a=1",
    ],
)
def test_where_a_customer_may_be_led_back(shop, browser, xiaoming, wish):
    link = link_for(shop, return_to=wish)
    answer = connects(shop, browser, link, opens(browser, xiaoming, link))
    assert answer.location.startswith(wish)
    assert outcome(answer)["wxlogin"] == "linked"


@pytest.mark.parametrize(
    "wish",
    [
        "https://evil.test/",
        "https://static.test/",
        "https://shop.test.evil.test/",
        "https://shop.test@evil.test/",
        "http://shop.test/",
        "https://shop.test:8443/",
        "//shop.test/",
        "/account",
        "javascript:alert(1)",
        "app.shop:/callback",
        "https://shop.test/\\evil.test",
        "https://shop.test/" + "x" * 2000,
    ],
)
def test_where_a_customer_is_not_led_back_to(shop, wish):
    """security row 14: the rule of `next`, for this site's own origins"""
    answer = shop.post("/links", {**LINK, "return_to": wish})
    assert (answer.status_code, answer.get_json()["code"]) == (400, "bad_request")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"external_id": "", "label": "ann"},
        {"external_id": "x" * 129, "label": "ann"},
        {"external_id": "c-1"},
        {"external_id": "c-1", "label": ""},
        {"external_id": "c-1", "label": " \u3000"},
        {"external_id": "c-1", "label": None},
        {"external_id": "c-1", "label": "x" * 255},
        {"external_id": "c-1", "label": "a\nb"},
        {"external_id": "c-1", "label": "ann\u202e"},
        {"external_id": "c-1", "label": "\u200b"},
        {"external_id": "c-1", "label": "\u3164"},
        {"external_id": "c-1", "label": "\u2800\u2800"},
        {"external_id": "c-1", "label": "\u115f\u1160\uffa0"},
        {"external_id": "c-1", "label": "\ufe0f\u034f\u17b4"},
        {"external_id": "c-1", "label": "\u0301"},
        {"external_id": "c-1", "label": "ann\u3164\u3164"},
        {"external_id": "c-1", "label": 7},
        [],
    ],
)
def test_what_is_no_link(shop, body):
    answer = shop.post("/links", body)
    assert (answer.status_code, answer.get_json()["code"]) == (400, "bad_request")


def test_a_site_without_a_web_address_names_one(app_for):
    site = SITES[1]
    shop = Server(app_for(sites=(site,)), site)
    assert shop.post("/links", LINK).status_code == 400


def test_a_label_is_text(shop, browser, xiaoming):
    link = link_for(shop, label='<img src=x onerror="alert(1)">')
    page = opens(browser, xiaoming, link)
    assert "<img src=x" not in page.text
    assert "&lt;img src=x" in page.text


def test_the_log_names_no_link(app, shop, browser, xiaoming, log):
    """security row 30"""
    link = link_for(shop)
    connects(shop, browser, link, opens(browser, xiaoming, link))
    key = link.rpartition("/")[2]
    lines = log()
    assert lines
    assert key not in str(lines)
    [line] = [line for line in lines if line["event"] == "link answered"]
    assert (line["client"], line["answer"]) == ("shop", "linked")


def test_an_account_that_was_deleted_meanwhile_is_connected_with_nobody(
    app, shop, browser, xiaoming
):
    link = link_for(shop)
    page = opens(browser, xiaoming, link)
    with app.app_context():
        people.delete(people.find_user(browser.who()["uid"]).user_id)
    answer = says(browser, link, "yes", page)
    assert answer.location == f"/login?next={link}"
    assert rows(app, SiteUser) == [0]
