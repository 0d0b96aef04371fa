"""The number door: an account without codes, whose chat is sent a number and asks."""

import re

import pytest

from tests.support.journey import CHINESE, ENGLISH, Browser, calls
from tests.support.receiver import receiver
from tests.support.user_agents import USER_AGENTS, WECHAT_IPHONE
from tests.web.following_door import Follower, FollowPage
from tests.web.pushes import Post, rows, settle
from tests.web.scanning import AS_A_SCRIPT, refusal
from wxlogin.accounts.models import User
from wxlogin.accounts.sign_in import recent_logins
from wxlogin.config.apps import Rest
from wxlogin.config.demo import demo_apps
from wxlogin.flows import follow_number, typed_numbers
from wxlogin.simulator.world import ids
from wxlogin.simulator.world.push_crypto import unseal
from wxlogin.wechat.pushes import Push

LONE = "wx0000000000000a06"
CREATE, INFO = "/cgi-bin/qrcode/create", "/cgi-bin/user/info"
PLAIN = "http://weixin.qq.com/r/abcDEF123"


def unverified(simulator, name="lone", **says):
    """The account in WeChat is not verified; what APPS says of it."""
    simulator.world.registry.put_apps({"name": name, "verified": False})
    return next(a for a in demo_apps() if a.name == name).model_copy(update=says)


@pytest.fixture
def app(app_for, simulator):
    """Only an unverified subscription account, which APPS does not say."""
    return app_for(apps=[unverified(simulator)], simulator="on")


@pytest.fixture
def wechat(app, simulator):
    with Post(app, simulator, "lone") as post:
        yield post


class NumberPage(FollowPage):
    def opens(self, next_url="/orders", **wishes):
        """The page; the first one learns by its picture that there are no codes."""
        for _ in range(2):
            answer = super().opens(next_url, **wishes)
            self.number = sent_number(answer.text)
            if self.number or self.looks("image").status_code != 502:
                break
        return answer

    def renews(self):
        body = {"next": "/orders"}
        answer = self._at(
            self.browser.post, "/login/follow", json=body, headers=AS_A_SCRIPT
        )
        told = answer.get_json()
        self.ticket, self.number = told["ticket"], told["chat_number"]


def sent_number(html: str) -> str:
    found = re.search(r'data-fill="chat_number">(\d{6})<', html)
    return found[1] if found else ""


@pytest.fixture
def page(browser):
    page = NumberPage(browser)
    assert page.opens().status_code == 200
    return page


class Sender(Follower):
    def says(self, text):
        """One message; what the account answers to it, empty for nothing."""
        before = len(self.chat)
        self.sent = self.wechat.pushes("text", self.person, content=text)
        assert self.sent.status_code == 200
        return "\n".join(self.chat[before:])

    def signs_in(self, page, event=""):
        assert "?" in self.says(page.number) or "？" in self.chat[-1]
        assert "已确认" in self.says(page.told["number"])
        assert page.claims().get_json() == {"next": "/orders"}


@pytest.fixture
def xiaoming(wechat, app):
    return Sender(wechat, app)


@pytest.fixture
def lihua(wechat, app):
    return Sender(wechat, app, "lihua")


def other_digits(page):
    return "11" if page.told["number"] != "11" else "12"


# -- the way --


def test_who_sends_the_number_and_the_two_digits_signs_the_browser_in(
    app, page, xiaoming
):
    """security row 79"""
    question = xiaoming.says(page.number)
    assert "Chrome · Linux" in question and "203.0.113.x" in question
    assert "127.0.0.1:5000" in question and "http" not in question
    assert page.state == "scanned"
    digits = page.told["number"]
    # Behind the facts, in which any two digits may stand.
    assert digits not in question.partition("\n\n")[2]
    assert page.browser.who() is None
    xiaoming.says(digits)
    assert page.state == "confirmed"
    assert page.claims().get_json() == {"next": "/orders"}
    me = page.browser.who()
    openids = [one["openid"] for one in me["identities"]]
    assert openids == [ids.openid(LONE, "xiaoming")]
    with app.app_context():
        [login] = recent_logins(rows(app, User)[0].id)
    assert login.door == "follow"


def test_two_followers_are_two_users(app, page, xiaoming, lihua, other_browser):
    """case 22"""
    xiaoming.signs_in(page)
    other = NumberPage(other_browser)
    other.opens()
    lihua.signs_in(other)
    assert len(rows(app, User)) == 2


@pytest.mark.parametrize(
    "spelt", ["{}", " {} ", "验证码{}", "{}。", "我的号码是 {}", "wide", "spaced"]
)
def test_spellings(page, xiaoming, spelt):
    """case 24"""
    number = page.number
    wide = number.translate({48 + n: 0xFF10 + n for n in range(10)})
    named = {"wide": wide, "spaced": f"{number[:3]} {number[3:]}"}
    assert "登录" in xiaoming.says(named.get(spelt) or spelt.format(number))
    assert page.state == "scanned"
    number = page.told["number"]
    assert "已确认" in xiaoming.says(f" {number}。")


def test_each_delivery_has_the_same_answer_and_one_effect(page, wechat, xiaoming):
    """case 11; three wrong digits would be the end of the number."""
    wechat.pushes("text", content=page.number, faults=("duplicate",))
    assert len(xiaoming.chat) == 2 and len(set(xiaoming.chat)) == 1
    version = page.told["version"]
    wrong = other_digits(page)
    wechat.pushes("text", content=wrong, faults=("duplicate",))
    for _ in range(3):
        wechat.again(wechat.letters[-1])
    assert page.told["version"] == version + 1
    assert page.state == "scanned"
    assert "已确认" in xiaoming.says(page.told["number"])


def test_a_number_is_used_once(page, xiaoming, lihua):
    """case 24: by whoever"""
    xiaoming.signs_in(page)
    assert "已被使用" in xiaoming.says(page.number)
    assert "已被使用" in lihua.says(page.number)


def test_an_old_number_is_said_to_be(clock, page, xiaoming):
    clock.shift(301)
    assert "过期" in xiaoming.says(page.number)
    assert page.state == "expired"


def test_the_page_that_wants_another_number(page, xiaoming, lihua):
    """A stranger has sent it."""
    before = page.number
    lihua.says(before)
    page.renews()
    assert page.state == "waiting"
    assert page.number != before
    assert "过期" in xiaoming.says(before)
    xiaoming.signs_in(page)


# -- what signs nobody in --


def test_a_number_mistyped_is_nobodys(app, page, xiaoming, other_browser):
    """case 23: neither a neighbour nor any other message."""
    others = [NumberPage(Browser(app)) for _ in range(5)]
    for one in others:
        one.opens()
    number = page.number
    for place in range(5):
        near = list(number)
        near[place], near[place + 1] = near[place + 1], near[place]
        if near[place] != near[place + 1]:
            assert not typed_numbers.is_number("".join(near))
    typo = number[:5] + str((int(number[5]) + 1) % 10)
    assert xiaoming.says(typo) == ""
    assert xiaoming.sent.data == b"success"
    assert {one.state for one in (page, *others)} == {"waiting"}


@pytest.mark.parametrize(
    "text", ["你好", "1{}", "{}1", "1 {}", "{}{}", "订单号20251127{}", "47", "0", "1"]
)
def test_other_messages_do_nothing(page, xiaoming, text):
    assert xiaoming.says(text.replace("{}", page.number)) == ""
    assert page.state == "waiting"


def test_what_is_no_number_on_show_goes_where_messages_go(app_for, simulator):
    """case 24: an order's number, for the account's own staff."""
    says = {"verified_service": False, "oa_rest": Rest.customer_service}
    app = app_for(apps=[unverified(simulator, **says)], simulator="on")
    page = NumberPage(Browser(app))
    page.opens()
    with Post(app, simulator, "lone") as wechat:
        xiaoming = Sender(wechat, app)
        for text in ("100000", "47", "0"):
            xiaoming.says(text)
            assert is_for_staff(xiaoming.sent), text
        assert "登录" in xiaoming.says(page.number)
        assert "已确认" in xiaoming.says(page.told["number"])
        assert not is_for_staff(xiaoming.sent)


def is_for_staff(answer) -> bool:
    encrypt = answer.data.split(b"<Encrypt><![CDATA[")[1].split(b"]]")[0].decode()
    message, _ = unseal(encrypt, demo_apps()[-1].aes_key)
    return b"transfer_customer_service" in message


def test_anything_but_the_two_digits_is_no_yes(page, xiaoming, lihua):
    """security row 74: nor is what somebody else sends."""
    xiaoming.says(page.number)
    digits = page.told["number"]
    for text in ("1", "是", "确认", "yes", f"不是{digits}", f"{digits}{digits}", "y"):
        assert xiaoming.says(text) == ""
    assert lihua.says(digits) == ""
    assert page.state == "scanned"
    assert refusal(page.claims()) == (409, "scan_order")


def test_three_wrong_answers_and_the_number_is_dead(page, xiaoming):
    """security row 74"""
    xiaoming.says(page.number)
    digits, wrong = page.told["number"], other_digits(page)
    assert "另外两位" in xiaoming.says(wrong)
    assert "另外两位" in xiaoming.says(wrong)
    assert "错误次数过多" in xiaoming.says(wrong)
    assert page.state == "refused"
    assert xiaoming.says(digits) == ""


def test_a_nought_refuses(page, xiaoming):
    xiaoming.says(page.number)
    digits = page.told["number"]
    assert "已拒绝" in xiaoming.says("0")
    assert page.state == "refused"
    assert xiaoming.says(digits) == ""
    assert refusal(page.claims()) == (410, "scan_over")


def test_an_answer_that_comes_too_late(clock, page, xiaoming):
    xiaoming.says(page.number)
    digits = page.told["number"]
    clock.shift(301)
    assert "过期" in xiaoming.says(digits)
    assert refusal(page.claims()) == (410, "scan_over")


def test_somebody_elses_number_cannot_be_taken(page, xiaoming, lihua):
    xiaoming.says(page.number)
    assert "已被使用" in lihua.says(page.number)
    assert lihua.says(page.told["number"]) == ""
    assert "已确认" in xiaoming.says(page.told["number"])


def test_five_misses_and_the_numbers_of_this_person_rest(clock, page, xiaoming, lihua):
    """case 24"""
    miss = str((int(page.number) + 100_003) % 900_000 + 100_000)
    for _ in range(5):
        assert xiaoming.says(miss) == ""
    assert "十分钟" in xiaoming.says(page.number)
    assert page.state == "waiting"
    assert lihua.says(page.number)
    clock.shift(601)
    page.opens()
    assert "登录" in xiaoming.says(page.number)


def test_misses_that_lie_apart_do_not_count_together(clock, page, xiaoming):
    for _ in range(3):
        xiaoming.says("100000")
        xiaoming.says("100000")
        clock.shift(301)
    page.opens()
    assert "登录" in xiaoming.says(page.number)


def test_what_is_not_sealed_starts_no_question(app, page):
    told = {"MsgType": "text", "Content": page.number, "MsgId": "1"}
    push = Push({**told, "FromUserName": ids.openid(LONE, "xiaoming")})
    account = demo_apps()[-1]
    with app.app_context():
        plain = account.model_copy(update={"aes_key": None})
        assert follow_number.heard(plain, push) is None
        assert page.state == "waiting"
        assert follow_number.heard(account, push).scene == page.ticket


def test_another_accounts_number_is_none(app_for, simulator):
    apps = [unverified(simulator, "oa"), unverified(simulator)]
    app = app_for(apps=apps, simulator="on")
    page = NumberPage(Browser(app))
    page.opens(app="oa")
    with Post(app, simulator, "lone") as lone:
        assert Sender(lone, app).says(page.number) == ""
    assert page.state == "waiting"


# -- numbers --


def test_a_number_in_its_rest_is_not_drawn_again(app, page, clock, monkeypatch):
    """Of two that chance gives, the one that is on show or rests is passed over."""
    free = next(n for n in iter(typed_numbers.new_number, "") if n != page.number)
    clock.shift(700)
    drawn = iter([page.number, page.number, free])
    monkeypatch.setattr(typed_numbers, "new_number", lambda: next(drawn))
    other = NumberPage(Browser(app))
    other.opens()
    assert other.number == free


def test_where_no_number_is_free(app, page, monkeypatch):
    monkeypatch.setattr(typed_numbers, "new_number", lambda: page.number)
    assert NumberPage(Browser(app)).opens().status_code == 503


def test_each_browser_has_its_number(page, other_browser):
    before, other = page.number, NumberPage(other_browser)
    other.opens()
    assert other.number != before
    page.opens()
    assert page.number == before


# -- the account --


def test_wechat_is_asked_once_whether_there_are_codes(simulator, page, other_browser):
    NumberPage(other_browser).opens()
    page.opens()
    assert len(calls(simulator, CREATE)) == 1


def test_the_refusal_says_why(app, simulator, browser):
    first = FollowPage(browser)
    assert sent_number(first.opens().text) == ""
    browser.headers |= ENGLISH
    told = first.looks("image").get_json()
    assert told["code"] == "no_service_account"
    assert "verified service accounts" in told["detail"]
    # Also to the page without scripts, which looks for the same code again.
    assert sent_number(first.opens(held="1").text)


def test_an_account_that_was_verified_has_codes_again(clock, simulator, page):
    simulator.world.registry.put_apps({"name": "lone", "verified": True})
    clock.shift(3601)
    again = FollowPage(page.browser)
    assert sent_number(again.opens().text) == ""
    assert again.looks("image").status_code == 200


def test_apps_may_say_so(app_for, simulator, browser_of):
    says = {"verified_service": False, "title": "独立 <茶铺>", "plain_code": PLAIN}
    app = app_for(apps=[unverified(simulator, **says)], simulator="on")
    page = NumberPage(browser_of(app))
    html = page.opens().text
    assert page.number and "独立 &lt;茶铺&gt;" in html
    picture = page.looks("image")
    assert (picture.status_code, picture.mimetype) == (200, "image/svg+xml")
    assert calls(simulator, CREATE) == []


def test_login_opens_the_number_where_there_is_nothing_better(
    app_for, simulator, browser_of
):
    alone = unverified(simulator, verified_service=False)
    only = browser_of(app_for(apps=[alone], simulator="on"))
    for agent in ("chrome windows", "chrome android", "safari iphone"):
        where = {"User-Agent": USER_AGENTS[agent][0]}
        answer = only.get("/login?next=/orders", headers=where)
        assert answer.location == "/login/follow?app=lone&next=/orders", agent
    inside = {"User-Agent": WECHAT_IPHONE}
    answer = only.get("/login?next=/orders", headers=inside)
    assert answer.location == "/login/follow?app=lone&next=/orders"
    refused = only.get("/login/h5?app=lone", headers={**inside, **ENGLISH})
    assert refused.status_code == 502
    assert "verified service accounts only" in refused.text
    website = demo_apps()[0]
    both = browser_of(app_for(apps=[website, alone], simulator="on"))
    assert "/connect/qrconnect?" in both.get("/login").text


def test_a_stranger_of_an_open_platform_whom_wechat_does_not_name(
    app_for, simulator, browser_of
):
    """Not verified, so no unionid (48001): the person is known by openid alone."""
    app = app_for(apps=[unverified(simulator, "oa")], simulator="on")
    page = NumberPage(browser_of(app))
    page.opens()
    with Post(app, simulator) as wechat:
        Sender(wechat, app).signs_in(page)
    settle(app)
    assert len(calls(simulator, INFO)) <= 2
    assert page.browser.who()["identities"][0]["app"] == "oa"


def test_a_verified_subscription_account_tells_who_a_stranger_is(
    app_for, simulator, browser_of
):
    simulator.world.registry.put_apps({"name": "oa", "scopes": []})
    account = demo_apps()[1].model_copy(update={"verified_service": False})
    app = app_for(apps=[account], simulator="on")
    page = NumberPage(browser_of(app))
    page.opens()
    with Post(app, simulator) as wechat:
        xiaoming = Sender(wechat, app)
        xiaoming.says(page.number)
        busy = {"path": INFO, "errcode": -1, "times": 9}
        simulator.world.switch(errcode=busy)
        assert "微信暂时没有回应" in xiaoming.says(page.told["number"])
        assert page.state == "scanned"
        simulator.world.switch(errcode=None)
        assert "已确认" in xiaoming.says(page.told["number"])
    assert page.claims().status_code == 200
    assert page.browser.who()["unionid"] == ids.unionid("main", "xiaoming")


def test_the_chat_speaks_the_operators_language(app_for, simulator, browser_of):
    says = {"verified_service": False}
    app = app_for(
        apps=[unverified(simulator, **says)], simulator="on", default_language="en"
    )
    page = NumberPage(browser_of(app))
    page.opens()
    with Post(app, simulator, "lone") as wechat:
        xiaoming = Sender(wechat, app)
        assert "two digits that the page shows now" in xiaoming.says(page.number)
        assert all(len(one.encode()) < 2048 for one in xiaoming.chat)
    texts = {
        lang: page.browser.get("/login/follow", headers=headers).text
        for lang, headers in (("zh", CHINESE), ("en", ENGLISH))
    }
    assert "Send these two digits" in texts["en"]
    assert "Send" not in texts["zh"]


# -- beside another system --


def test_numbers_of_ours_are_kept_and_others_are_passed_on(app_for, simulator):
    """case 24: an order number is the shop's; what signs somebody in is nobody's."""
    with receiver() as shop:
        rest = {"oa_rest": Rest.forward, "forward_url": shop.url}
        app = app_for(apps=[unverified(simulator, **rest)], simulator="on")
        with Post(app, simulator, "lone") as wechat:
            page, sender = NumberPage(Browser(app)), Sender(wechat, app)
            page.opens()
            sender.says("12345678")
            assert len(shop.requests) == 1
            sender.signs_in(page)
            assert len(shop.requests) == 1
