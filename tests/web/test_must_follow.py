"""Who is to follow an official account before going on: by which door it may be, where
it is asked, and what becomes of it where WeChat does not say."""

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.support.journey import ENGLISH, Browser, Phone, Started, calls
from tests.support.user_agents import WECHAT_IPHONE
from tests.web.mini_program import MiniProgram
from tests.web.openid_site import SHOP, SiteServer, answer_of
from tests.web.pushes import Post, rows, settle
from tests.web.site_server import Server
from tests.web.test_site_links import connects, link_for, opens
from wxlogin.accounts.models import Follower
from wxlogin.config import Registration
from wxlogin.config.demo import demo_apps
from wxlogin.flows import must_follow
from wxlogin.simulator.server import SimulatorServer
from wxlogin.simulator.world import happenings, ids

OA = "wx0000000000000a02"
USER_INFO = "/cgi-bin/user/info"
STRICT = SHOP.model_copy(update={"must_follow": "oa"})
PLAIN = SHOP.model_copy(
    update={
        "name": "news",
        "client_id": "news",
        "origins": ("https://news.test",),
        "redirect_uris": ("https://news.test/callback",),
    }
)


@pytest.fixture
def app(app_for: Callable[..., Flask]) -> Flask:
    return app_for(must_follow="oa", sites=(STRICT, PLAIN))


@pytest.fixture
def wechat(app: Flask, simulator: SimulatorServer) -> Iterator[Post]:
    with Post(app, simulator) as post:
        yield post


@pytest.fixture
def shop(app: Flask) -> SiteServer:
    return SiteServer(app, STRICT)


def follows(wechat: Post, person: str = "xiaoming", scene: str = "") -> None:
    """Who follows already by a code with this scene just scans it."""
    world = wechat.simulator.world
    account = world.registry.app(wechat.name)
    if not world.relations.follows(account, person):
        happenings.follow(world, account, person)
    if scene:
        wechat.pushes("SCAN", person, key=scene)
    settle(wechat.app)


def unfollows(wechat: Post, person: str = "xiaoming") -> None:
    world = wechat.simulator.world
    world.advance(1)
    happenings.unfollow(world, world.registry.app(wechat.name), person)
    settle(wechat.app)


def signs_in(browser: Browser, phone: Phone, next_url: str = "/orders") -> str:
    """Where the sign-in by the QR code leads."""
    started = browser.starts(next_url)
    answer = browser.returns(started, phone.confirms(started))
    assert answer.status_code == 303, answer.text
    return answer.location


def signs_in_inside(browser: Browser, phone: Phone) -> str:
    """The same by a page inside WeChat, silently and, for a name, once more."""
    browser.headers = {"User-Agent": WECHAT_IPHONE, **ENGLISH}
    answer = browser.get("/login/h5?next=/orders")
    while "connect/oauth2" in answer.location:
        answer = browser.goes_to(phone.opens(Started.at(answer.location)))
    return answer.location


def follow_page(next_url: str = "/orders") -> str:
    return f"/follow?{urlencode({'next': next_url}, safe='/')}"


def scene_of(page: TestResponse) -> str:
    return re.search(r'data-base="/follow/code/([\w-]{22})/"', page.text)[1]


def state(browser: Browser, scene: str) -> str:
    found: str = told(browser, scene)["state"]
    return found


def told(browser: Browser, scene: str) -> Any:
    answer = browser.get(f"/follow/code/{scene}/state")
    assert answer.status_code == 200, answer.text
    return answer.get_json()


# -- our own pages --


def test_who_does_not_follow_is_asked_and_goes_on_by_the_push(
    wechat: Post, browser: Browser, xiaoming: Phone
) -> None:
    browser.headers |= ENGLISH
    assert signs_in(browser, xiaoming) == follow_page()
    page = browser.get(follow_page())
    assert page.status_code == 200
    assert "Follow to go on" in page.text and "I follow now" in page.text
    scene = scene_of(page)
    assert browser.get(f"/follow/code/{scene}/image").mimetype == "image/svg+xml"
    before = told(browser, scene)
    assert before["state"] == "waiting"
    follows(wechat)
    after = told(browser, scene)
    assert after["state"] == "done"
    # The ticket itself has changed, which wakes a page that waits at any process.
    assert after["version"] - before["version"] >= len(must_follow.Stage)
    stream = browser.get(f"/follow/code/{scene}/events")
    assert '"state":"done"' in stream.text
    on = browser.get(follow_page())
    assert (on.status_code, on.location) == (303, "/orders")


def test_a_follower_sees_nothing(
    wechat: Post, app: Flask, xiaoming: Phone, simulator: SimulatorServer
) -> None:
    """By unionid on a PC; inside WeChat by openid, where WeChat was never told of the
    two together."""
    follows(wechat)
    assert signs_in(Browser(app), xiaoming) == "/orders"
    simulator.world.switch(drop_unionid=True)
    follows(wechat, "jose")
    assert signs_in_inside(Browser(app), Phone(simulator, "jose")) == "/orders"


def test_who_ceases_to_follow_stays_and_is_asked_at_the_next_sign_in(
    wechat: Post, app: Flask, browser: Browser, xiaoming: Phone
) -> None:
    follows(wechat)
    assert signs_in(browser, xiaoming) == "/orders"
    unfollows(wechat)
    assert browser.get("/auth").status_code == 200
    again = Browser(app)
    assert signs_in(again, xiaoming) == follow_page()
    assert again.get("/auth").status_code == 401


def test_a_follow_and_an_unfollow_in_one_second_is_none(
    wechat: Post, browser: Browser, xiaoming: Phone
) -> None:
    signs_in(browser, xiaoming)
    scene = scene_of(browser.get(follow_page()))
    world = wechat.simulator.world
    account = world.registry.app("oa")
    happenings.follow(world, account, "xiaoming")
    happenings.unfollow(world, account, "xiaoming")
    settle(wechat.app)
    assert state(browser, scene) == "waiting"
    assert browser.get(follow_page()).status_code == 200


def test_who_has_followed_for_years_scans(
    wechat: Post, browser: Browser, xiaoming: Phone
) -> None:
    """No push has ever told of it, and the scan does."""
    world = wechat.simulator.world
    world.pushes.start = lambda job: None
    happenings.follow(world, world.registry.app("oa"), "xiaoming")
    world.pushes.start = lambda job: job()
    assert signs_in(browser, xiaoming) == follow_page()
    scene = scene_of(browser.get(follow_page()))
    follows(wechat, scene=scene)
    assert state(browser, scene) == "done"
    assert browser.who()["following"] is True


def test_the_button_asks_wechat_of_an_openid_that_is_known(
    wechat: Post, app: Flask, simulator: SimulatorServer
) -> None:
    """The push of it was lost."""
    browser = Browser(app)
    assert signs_in_inside(browser, Phone(simulator, "xiaoming")) == follow_page()
    assert len(calls(simulator, USER_INFO)) == 1
    page = browser.get(follow_page())
    assert "Press the code" in page.text
    assert len(calls(simulator, USER_INFO)) == 1
    again = browser.post(follow_page())
    assert (again.status_code, again.location) == (303, follow_page())
    assert "has not told us yet" in browser.get(follow_page()).text
    world = simulator.world
    world.pushes.start = lambda job: None
    happenings.follow(world, world.registry.app("oa"), "xiaoming")
    on = browser.post(follow_page())
    assert (on.status_code, on.location) == (303, "/orders")


def test_another_persons_scan_is_not_the_users(
    wechat: Post, app: Flask, browser: Browser, xiaoming: Phone
) -> None:
    signs_in(browser, xiaoming)
    scene = scene_of(browser.get(follow_page()))
    follows(wechat, "lihua", scene)
    assert state(browser, scene) == "other"
    assert browser.get(follow_page()).status_code == 200
    # Nor may another user wait by it, or see how it stands.
    other = Browser(app)
    signs_in(other, Phone(wechat.simulator, "jose"))
    for part in ("state", "events", "image"):
        assert other.get(f"/follow/code/{scene}/{part}").status_code == 404
        assert Browser(app).get(f"/follow/code/{scene}/{part}").status_code == 401


def test_a_code_is_made_once_a_day_for_each_user(
    wechat: Post, app: Flask, xiaoming: Phone, clock: Any
) -> None:
    made = []
    for _ in range(2):
        browser = Browser(app)
        signs_in(browser, xiaoming)
        scene = scene_of(browser.get(follow_page()))
        made.append(browser.get(f"/follow/code/{scene}/image").data)
        clock.shift(must_follow.WAIT_SECONDS + 1)
    assert made[0] == made[1]
    assert len(calls(wechat.simulator, "/cgi-bin/qrcode/create")) == 1


def test_an_account_without_codes_shows_its_ordinary_one(
    app_for: Callable[..., Flask], simulator: SimulatorServer, xiaoming: Phone
) -> None:
    """And where APPS does not say what stands in that, its name."""
    for code, is_shown in (("http://weixin.qq.com/r/abcdefgh", True), ("", False)):
        told = {"verified_service": False, "plain_code": code, "title": "城记茶铺"}
        apps = tuple(
            one.model_copy(update=told) if one.name == "oa" else one
            for one in demo_apps()
        )
        browser = Browser(app_for(must_follow="oa", apps=apps, simulator="on"))
        signs_in(browser, xiaoming)
        page = browser.get(follow_page())
        assert "<bdi>城记茶铺</bdi>" in page.text
        image = browser.get(f"/follow/code/{scene_of(page)}/image")
        assert (image.status_code == 200) is is_shown
    assert calls(simulator, "/cgi-bin/qrcode/create") == []


# -- where WeChat does not say --


def test_an_account_without_the_right_lets_people_pass(
    wechat: Post, app: Flask, browser: Browser, xiaoming: Phone, log: Any
) -> None:
    """48001 after the first push; the warning says so."""
    wechat.simulator.world.switch(errcode={"path": USER_INFO, "errcode": 48001})
    assert signs_in(browser, xiaoming) == follow_page()
    follows(wechat, "jose")
    log()
    assert browser.get(follow_page()).location == "/orders"
    [line] = [one for one in log() if one["event"] == "goes on without following"]
    assert (line["app"], line["level"]) == ("oa", "warning")


def test_while_wechat_is_away_people_pass(
    wechat: Post, app: Flask, simulator: SimulatorServer, clock: Any
) -> None:
    """It is asked once, not by everybody."""
    simulator.world.switch(errcode={"path": USER_INFO, "errcode": 45009})
    xiaoming = Phone(simulator, "xiaoming")
    assert signs_in_inside(Browser(app), xiaoming) == "/orders"
    asked = len(calls(simulator, USER_INFO))
    assert signs_in(Browser(app), Phone(simulator, "lihua")) == "/orders"
    assert len(calls(simulator, USER_INFO)) == asked
    clock.shift(601)
    simulator.world.switch(errcode=None)
    assert signs_in(Browser(app), Phone(simulator, "lihua")) == follow_page()


def test_who_scanned_and_is_not_named_passes(
    wechat: Post, browser: Browser, xiaoming: Phone
) -> None:
    """WeChat answers, and names no unionid."""
    signs_in(browser, xiaoming)
    scene = scene_of(browser.get(follow_page()))
    wechat.simulator.world.switch(drop_unionid=True)
    follows(wechat, scene=scene)
    assert state(browser, scene) == "done"
    assert browser.get(follow_page()).location == "/orders"
    unfollows(wechat)
    assert browser.get(follow_page()).status_code == 200


# -- a site --


def test_a_site_hears_of_nobody_who_is_still_to_follow(
    wechat: Post, shop: SiteServer, browser: Browser, xiaoming: Phone
) -> None:
    browser.headers |= ENGLISH
    first = browser.get(shop.link())
    resume = parse_qs(urlsplit(first.location).query)["next"][0]
    assert signs_in(browser, xiaoming, resume) == resume
    key = resume.rpartition("/")[2]
    for _ in range(2):
        # However often, and as if it had been agreed to.
        assert browser.get(resume).location == f"/follow/{key}"
        posted = browser.post(resume, data={"uid": browser.who()["uid"]})
        assert posted.location == f"/follow/{key}"
    page = browser.get(f"/follow/{key}")
    assert "shop wants you to follow" in page.text
    follows(wechat)
    assert browser.get(f"/follow/{key}").location == resume
    assert "code" in answer_of(browser.get(resume))


def test_a_silent_request_is_told_that_something_comes_first(
    wechat: Post, shop: SiteServer, browser: Browser, xiaoming: Phone
) -> None:
    signs_in(browser, xiaoming)
    answer = answer_of(browser.get(shop.link(prompt="none")))
    assert answer["error"] == "interaction_required"
    follows(wechat)
    assert "code" in answer_of(browser.get(shop.link(prompt="none")))


def test_who_does_not_want_to_follow_goes_back(
    wechat: Post, shop: SiteServer, browser: Browser, xiaoming: Phone
) -> None:
    signs_in(browser, xiaoming)
    page = browser.get(shop.link()).location
    assert f'action="{page}/decline"' in browser.get(page).text
    back = browser.post(f"{page}/decline")
    answer = answer_of(browser.get(back.location))
    assert (answer["error"], answer["to"]) == ("access_denied", shop.redirect_uri)
    assert answer["state"] == shop.sent["state"]


def test_another_sites_visitor_sees_nothing(
    app: Flask, wechat: Post, browser: Browser, xiaoming: Phone
) -> None:
    signs_in(browser, xiaoming)
    assert "code" in answer_of(browser.get(SiteServer(app, PLAIN).link()))


def test_a_page_whose_session_ends_is_told_that_it_is_over(
    wechat: Post, browser: Browser, xiaoming: Phone
) -> None:
    """Signed out by another tab while it waits."""
    page = browser.get(signs_in(browser, xiaoming))
    stream = browser.get(f"/follow/code/{scene_of(page)}/events")
    events = iter(stream.response)
    assert b'"state":"waiting"' in next(events)
    browser.post("/logout")
    follows(wechat)
    assert b'"state":"expired"' in next(events)
    stream.close()


@pytest.mark.parametrize(
    ("next_url", "asked"),
    [
        ("/orders", True),
        ("http://127.0.0.1:5000/orders", True),
        ("https://shop.test/cart?a=1", True),
        ("https://news.test/cart", False),
    ],
)
def test_the_address_says_whose_account_it_is(
    wechat: Post, browser: Browser, xiaoming: Phone, next_url: str, asked: bool
) -> None:
    where = signs_in(browser, xiaoming, next_url)
    assert (where != next_url) is asked
    if asked:
        assert where.startswith("/follow?next=")
        assert browser.get(where).status_code == 200
        follows(wechat)
        assert browser.get(where).location == next_url


# -- every door --


def test_no_door_leads_past_it(
    wechat: Post, app: Flask, simulator: SimulatorServer, browser: Browser
) -> None:
    program = MiniProgram(app, simulator, person="xiaoming")
    program.logs_in()
    # The program itself is not asked, its web-view is.
    assert program.sends("GET", "/api/me").status_code == 200
    url = program.sends("POST", "/api/handover", json={"next": "/orders"}).get_json()
    path = urlsplit(url["url"]).path
    assert browser.post(path).location == follow_page()
    assert browser.get("/auth").status_code == 401
    bearer = {"Authorization": f"Bearer {program.token}"}
    assert Browser(app).get("/auth", headers=bearer).status_code == 401
    # "Continue" on the login page.
    assert f'href="{follow_page()}"' in browser.get("/login?next=/orders").text
    follows(wechat)
    assert 'href="/orders"' in browser.get("/login?next=/orders").text
    assert Browser(app).get("/auth", headers=bearer).status_code == 200
    assert browser.get("/auth").status_code == 200


def test_a_proxy_leads_to_the_page_and_back(
    wechat: Post, browser: Browser, xiaoming: Phone
) -> None:
    signs_in(browser, xiaoming)
    told = {"X-Forwarded-Uri": "/wiki", "X-Forwarded-Host": "news.test"}
    told |= {"X-Forwarded-Proto": "https"}
    for query, leads in (("", ""), ("?site=shop", "&site=shop"), ("?site=news", None)):
        answer = browser.get(f"/auth{query}", headers=told)
        if leads is None:
            assert answer.status_code == 200
            continue
        assert answer.status_code == 302
        assert answer.location.startswith("http://127.0.0.1:5000/follow?next=")
        assert answer.location.endswith(f"/wiki{leads}")
        assert answer.headers["X-Wxlogin-Uid"] == ""


def test_terms_come_first_and_then_the_account(
    app_for: Callable[..., Flask], simulator: SimulatorServer, xiaoming: Phone
) -> None:
    app = app_for(
        must_follow="oa",
        registration=Registration.ask,
        terms_url="https://shop.test/terms",
        terms_version="1",
    )
    browser = Browser(app)
    assert signs_in(browser, xiaoming) == "/register"
    agreed = browser.post("/register", data={"agree": "yes", "version": "1"})
    tag = re.search(r'name="tag" value="([^"]+)"', browser.get("/register").text)
    if tag:
        data = {"agree": "yes", "version": "1", "tag": tag[1]}
        agreed = browser.post("/register", data=data)
    assert agreed.location == follow_page()


def test_a_link_of_a_customer_ends_by_way_of_it(
    app: Flask, wechat: Post, browser: Browser, xiaoming: Phone
) -> None:
    server = Server(app)
    link = link_for(server)
    page = opens(browser, xiaoming, link)
    done = connects(server, browser, link, page)
    assert done.location == follow_page(link)
    assert 'href="' + link in browser.get(done.location).text
    follows(wechat)
    assert browser.get(done.location).location == link
    assert browser.get(link).location == "https://shop.test/?wxlogin=linked"


def test_another_accounts_scan_changes_nothing(
    wechat: Post, browser: Browser, xiaoming: Phone
) -> None:
    signs_in(browser, xiaoming)
    scene = scene_of(browser.get(follow_page()))
    with Post(wechat.app, wechat.simulator, "lone") as lone:
        lone.pushes("SCAN", "xiaoming", key=scene)
        settle(wechat.app)
    assert state(browser, scene) == "waiting"
    assert rows(wechat.app, Follower) == []
    assert ids.openid(OA, "xiaoming") not in browser.get(follow_page()).text
