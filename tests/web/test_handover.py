"""From a program's bearer token to a session of its web-view."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from tests.support.journey import Browser
from tests.web.mini_program import MiniProgram
from wxlogin.accounts import people
from wxlogin.accounts.models import Session
from wxlogin.config import Site
from wxlogin.db import db, transaction
from wxlogin.tickets.sql import TicketRow
from wxlogin.wechat.endpoints import SCOPE_USERINFO

SHOP = Site(name="shop", origins=("https://shop.test",))
WEBVIEW = {"X-Wxlogin-Webview": "1"}
BY_ITSELF = "data-goes-on"


@pytest.fixture
def app(app_for):
    return app_for(sites=(SHOP,))


class Program:
    """小明's app on the phone, signed in: it has a bearer token and no cookies."""

    def __init__(self, app, token: str) -> None:
        self.app = app
        self.headers = {"Authorization": f"Bearer {token}"}

    def asks(self, next_url: str = "/orders", **more):
        body = {"next": next_url} if next_url else {}
        return self.app.test_client().post(
            "/api/handover", json=body, headers={**self.headers, **more}
        )

    def hands_over(self, next_url: str = "/orders") -> str:
        """The path of the one-time URL."""
        answer = self.asks(next_url)
        assert answer.status_code == 200, answer.text
        return urlsplit(answer.get_json()["url"]).path

    def signs_out(self) -> None:
        answer = self.app.test_client().delete("/api/session", headers=self.headers)
        assert answer.status_code == 204


@pytest.fixture
def program(app, simulator) -> Program:
    world = simulator.world
    issue = world.grants.issue_code
    code = issue(world.registry.app("app"), "xiaoming", SCOPE_USERINFO)
    answer = app.test_client().post("/api/mobile/app/login", json={"code": code})
    return Program(app, answer.get_json()["token"])


def sessions(app) -> list[Session]:
    with app.app_context():
        return list(db.session.scalars(db.select(Session).order_by(Session.id)))


def test_the_app_gets_a_url_for_a_minute(program):
    body = program.asks().get_json()
    assert body["expires_in"] == 60
    assert body["url"].startswith("http://127.0.0.1:5000/handover/")
    assert len(body["url"].rpartition("/")[2]) == 43


def test_one_tap_opens_a_session_of_the_browser_s_own(app, program, browser):
    path = program.hands_over("https://shop.test/cart?a=1")
    page = browser.get(path)
    assert page.status_code == 200
    assert "小明😀" in page.text
    assert BY_ITSELF not in page.text
    answer = browser.post(path)
    assert (answer.status_code, answer.location) == (303, "https://shop.test/cart?a=1")
    assert browser.who()["nickname"] == "小明😀"
    bearer, web = sessions(app)
    assert (bearer.kind, web.kind) == ("mobile", "web")
    assert web.secret_hash != bearer.secret_hash
    assert web.user_id == bearer.user_id
    assert web.identity_id == bearer.identity_id


def test_a_mini_program_s_web_view_is_the_same_person(
    app, simulator, browser, other_browser
):
    """Its cookies are none of the program's. Afterwards there is a way on."""
    program = MiniProgram(app, simulator)
    program.logs_in()
    answer = program.sends("POST", "/api/handover", json={"next": "/订单?a=1#b"})
    path = urlsplit(answer.get_json()["url"]).path
    assert program.token not in path
    # Where it leads was said by the program, and not by who opens it.
    answer = browser.post(f"{path}?next=https://shop.test/other")
    assert answer.location == "/%E8%AE%A2%E5%8D%95?a=1#b"
    assert browser.who()["uid"] == program.who()["uid"]
    for again in (browser, other_browser):
        page = again.get(path)
        assert page.status_code == 400
        assert '<a class="button"' in page.text


def test_looking_changes_nothing(app, program, browser, other_browser):
    """A preview or a prefetch opens the address, too."""
    path = program.hands_over()
    for _ in range(3):
        assert "Set-Cookie" not in other_browser.get(path).headers
    assert len(sessions(app)) == 1
    assert browser.post(path).status_code == 303


def test_it_is_spent_by_one_post(program, browser, other_browser):
    path = program.hands_over()
    assert browser.post(path).status_code == 303
    for answer in (other_browser.post(path), other_browser.get(path)):
        assert answer.status_code == 400
        assert "Set-Cookie" not in answer.headers
    assert other_browser.who() is None


def test_of_twenty_at_once_one_wins(app, program):
    path = program.hands_over()
    browsers = [Browser(app) for _ in range(20)]
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda one: one.post(path).status_code, browsers))
    assert sorted(answers) == [303, *[400] * 19]
    assert len(sessions(app)) == 2
    assert sum(one.who() is not None for one in browsers) == 1


def passes(app, seconds: float) -> None:
    """Time for tickets, which the database's own clock ends."""

    def work(session) -> None:
        for row in session.scalars(db.select(TicketRow).filter_by(kind="handover")):
            row.expires_at -= timedelta(seconds=seconds)

    with app.app_context():
        transaction(work)


def test_after_a_minute_it_is_over(program, browser, app):
    path = program.hands_over()
    passes(app, 55)
    assert browser.get(path).status_code == 200
    passes(app, 6)
    assert browser.get(path).status_code == 400
    assert browser.post(path).status_code == 400


def test_it_ends_with_the_app_s_own_session(program, browser):
    path = program.hands_over()
    program.signs_out()
    assert browser.post(path).status_code == 400
    assert browser.who() is None


def test_a_disabled_account_is_not_handed_over(app, program, browser):
    path = program.hands_over()
    with app.app_context():
        people.disable(people.account(sessions(app)[0].user_id).uid)
    assert browser.post(path).status_code in (400, 403)
    assert browser.who() is None


def test_no_page_of_another_site_may_post_it(program, browser):
    """security row 25: the post comes from our page, or not at all."""
    path = program.hands_over()
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://shop.test"}):
        assert browser._send("POST", path, headers=headers).status_code == 403
    assert browser.who() is None
    assert browser.post(path).status_code == 303


def test_it_goes_on_by_itself_only_where_no_link_can_have_led(program, browser):
    """Login CSRF: a stranger who is sent the address must tap below the name."""
    path = program.hands_over()
    assert BY_ITSELF not in browser.get(path).text
    page = browser.get(path, headers=WEBVIEW).text
    assert BY_ITSELF in page
    assert ".submit()" in page
    assert '<button class="button">' in page


def test_somebody_else_s_place_is_not_taken_without_a_question(program, browser, lihua):
    started = browser.starts()
    browser.returns(started, lihua.confirms(started))
    path = program.hands_over()
    page = browser.get(path, headers=WEBVIEW).text
    assert BY_ITSELF not in page
    assert "李华" in page
    assert "小明😀" in page
    assert 'href="/orders"' in page
    assert browser.who()["nickname"] == "李华"
    former = browser.copy()
    assert browser.post(path).status_code == 303
    assert browser.who()["nickname"] == "小明😀"
    assert former.who() is None


def test_who_is_signed_in_already_just_goes_on(app, program, browser):
    browser.post(program.hands_over())
    path = program.hands_over("/cart")
    answer = browser.get(path)
    assert (answer.status_code, answer.location) == (303, "/cart")
    assert len(sessions(app)) == 2


def test_it_is_no_fresh_sign_in_and_lasts_no_longer(app, program, browser, clock):
    """security row 23: deleting the account still wants a new sign-in."""
    clock.shift(301)
    browser.post(program.hands_over())
    bearer, web = sessions(app)
    assert (web.created_at, web.ends_at) == (bearer.created_at, bearer.ends_at)
    answer = browser.post("/me/delete", data={"sure": "yes"})
    assert answer.status_code == 403
    assert browser.who()


def test_a_bearer_nobody_uses_hands_nothing_over(program, clock):
    clock.shift(15 * 86400)
    assert program.asks().status_code == 401


def test_a_browser_cannot_hand_its_session_over(signed_in):
    answer = signed_in.post("/api/handover", json={})
    assert answer.status_code == 401
    assert answer.mimetype == "application/problem+json"


@pytest.mark.parametrize(
    ("wish", "there"),
    [
        ("/订单?a=1#b", "/%E8%AE%A2%E5%8D%95?a=1#b"),
        ("/%E8%AE%A2?q=茶 ", None),
        (
            "https://shop.test/茶?名=a%26b",
            "https://shop.test/%E8%8C%B6?%E5%90%8D=a%26b",
        ),
    ],
)
def test_an_address_that_a_program_wrote_may_hold_other_scripts(
    program, browser, wish, there
):
    """As a browser would write it: nobody writes percent signs in a program."""
    answer = program.asks(wish)
    if there is None:
        assert answer.get_json()["code"] == "bad_next"
    else:
        path = urlsplit(answer.get_json()["url"]).path
        assert browser.post(path).location == there


@pytest.mark.parametrize(
    "wish",
    [
        *("https://evil.test/", "//evil.test", "orders", "／／evil.test"),
        *(
            "https://shop.test。evil.test/",
            "https://evil.test／@shop.test/",
            "/茶/../x",
        ),
    ],
)
def test_it_leads_to_listed_addresses_only(program, wish):
    """security row 14"""
    answer = program.asks(wish)
    assert (answer.status_code, answer.get_json()["code"]) == (400, "bad_next")


def test_without_a_wish_it_leads_to_the_account(program, browser):
    assert browser.post(program.hands_over("")).location == "/me"


def test_the_address_is_told_to_nobody(program, browser, log):
    """security row 32; the canary run looks for the ticket in pages and logs."""
    path = program.hands_over()
    page = browser.get(path)
    assert page.headers["Referrer-Policy"] == "no-referrer"
    # The form still says where it comes from, which `no-referrer` would hide.
    assert '<meta name="referrer" content="strict-origin">' in page.text
    assert page.headers["Cache-Control"] == "no-store"
    ticket = path.rpartition("/")[2]
    assert ticket not in page.text
    assert browser.post(path).headers["Referrer-Policy"] == "no-referrer"
    assert ticket not in str(log())


def test_the_form_may_end_at_the_site(program, browser):
    page = browser.get(program.hands_over("https://shop.test/cart"))
    policy = page.headers["Content-Security-Policy"]
    assert "form-action 'self' https://shop.test" in policy


@pytest.mark.parametrize("wish", ["/a?back=https://b.test/c", "/a#https://b.test"])
def test_a_place_of_ours_may_name_an_address(program, browser, wish):
    path = program.hands_over(wish)
    assert browser.get(path).status_code == 200
    assert browser.post(path).location == wish
