"""The WeChats of an account on its page: each with its name, picture and apps."""

import re

import pytest

from tests.support.journey import (
    CHINESE,
    ENGLISH,
    Browser,
    Phone,
    Started,
    pictures_arrive,
)
from tests.support.user_agents import WECHAT_IPHONE
from tests.web.test_joining import adds, identity, makes_one, signs_in
from wxlogin.accounts.models import Avatar, Identity
from wxlogin.db import db
from wxlogin.errors import WeChatUnavailable
from wxlogin.service import service_of
from wxlogin.wechat.avatars import AvatarHosts


@pytest.fixture
def owner(browser, xiaoming) -> Browser:
    signs_in(browser, xiaoming)
    return browser


def blocks(browser: Browser, language=ENGLISH) -> list[str]:
    """The page's text about each WeChat."""
    page = browser.get("/me", headers=language).text
    return re.findall(r'<li class="wechat">(.*?)</li>', page, re.S)


def names(browser: Browser) -> list[str]:
    return [re.search("<bdi>(.*?)</bdi>", one)[1] for one in blocks(browser)]


def pictures(browser: Browser) -> list[str | None]:
    address = r'src="((?:/avatars|/me/identities)/[^"]+)"'
    found = [re.search(address, one) for one in blocks(browser)]
    return [one and one[1].replace("&amp;", "&") for one in found]


@pytest.fixture
def fetched(app, monkeypatch) -> list[str]:
    """Addresses from which pictures were fetched."""
    asked, fetch = [], AvatarHosts.fetch

    def noting(self, url, *, deadline):
        asked.append(url)
        return fetch(self, url, deadline=deadline)

    monkeypatch.setattr(AvatarHosts, "fetch", noting)
    return asked


def has_picture_at(app, phone: Phone, url: str) -> None:
    """WeChat names another address of the person's picture."""
    number = identity(app, phone)
    with app.app_context():
        db.session.query(Identity).filter_by(id=number).update({"avatar": url})
        db.session.commit()


def test_one_wechat_is_one_block_with_the_doors_by_their_names(owner):
    (block,) = blocks(owner)
    assert "小明😀" in block
    assert "Website, QR code" in block
    assert "used now" in block
    # The operator's own word for the app is nobody else's.
    assert not re.search(r"\bweb\b", re.sub("<[^>]*>", "", block))
    assert "Remove" not in block


def test_a_wechat_that_was_added_has_its_own_name(owner, lihua):
    adds(owner, lihua)
    assert names(owner) == ["小明😀", "李华"]
    elder, newcomer = blocks(owner, CHINESE)
    assert "解绑" in newcomer
    assert "解绑" not in elder


def test_why_the_elder_stays_is_said_as_long_as_it_does(owner, lihua, clock):
    said = "For seven days after a WeChat has come to an account"
    assert said not in owner.get("/me", headers=ENGLISH).text
    adds(owner, lihua)
    assert said in owner.get("/me", headers=ENGLISH).text
    clock.shift(7 * 24 * 3600)
    page = owner.get("/me", headers=ENGLISH).text
    assert page.count("Yes, remove it") == 2
    assert said not in page


def test_two_that_became_one_have_their_names_and_pictures(app, owner, lihua):
    signs_in(Browser(app), lihua)
    makes_one(owner, lihua)
    pictures_arrive(app)
    assert names(owner) == ["小明😀", "李华"]
    one, other = pictures(owner)
    assert one
    assert other
    assert one != other
    assert owner.get(one).status_code == owner.get(other).status_code == 200


def test_two_apps_of_one_wechat_stand_together(app, owner, xiaoming):
    inside = Browser(app)
    inside.headers = {**inside.headers, "User-Agent": WECHAT_IPHONE}
    path = "/login/h5?scope=snsapi_userinfo"
    inside.goes_to(xiaoming.opens(Started.at(inside.get(path).location)))
    (block,) = blocks(owner)
    assert block.count("last used") == 2


def test_taking_one_off_by_the_page_takes_the_right_one(owner, lihua):
    adds(owner, lihua)
    _, newcomer = blocks(owner)
    owner.post(re.search(r'action="(/me/identities/\d+/remove)"', newcomer)[1])
    assert names(owner) == ["小明😀"]


def forget_names(app) -> None:
    with app.app_context():
        db.session.query(Identity).update({"nickname": None, "avatar": None})
        db.session.commit()


def test_rows_of_an_older_version_have_the_names_there_are(app, owner, lihua):
    """Until the next sign-in brings WeChat's own."""

    forget_names(app)
    assert names(owner) == ["小明😀"]
    signs_in(Browser(app), lihua)
    makes_one(owner, lihua)
    forget_names(app)
    assert names(owner) == ["小明😀", "李华"]


def test_who_has_no_name_is_a_grey_figure(browser, simulator):
    signs_in(browser, Phone(simulator, "nobody"))
    (block,) = blocks(browser)
    assert "WeChat user" in block
    assert "/static/person.svg" in block


def test_a_wechat_that_was_added_has_its_own_picture(owner, lihua, fetched):
    """Though no account ever had it. The page itself has nothing fetched."""
    adds(owner, lihua)
    fetched.clear()
    elder, newcomer = pictures(owner)
    assert elder.startswith("/avatars/")
    assert newcomer.startswith(f"/me/identities/{identity(owner.app, lihua)}/picture?")
    assert fetched == []
    # What is seen until it has come.
    assert ">李<img" in blocks(owner)[1]
    answers = [owner.get(newcomer) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.mimetype for answer in answers} == {"image/jpeg"}
    assert owner.get(elder).data not in {answer.data for answer in answers}
    assert len(fetched) == 1


def test_it_is_shown_to_its_owner_alone(app, owner, lihua, simulator):
    adds(owner, lihua)
    address = pictures(owner)[1]
    stranger = Browser(app)
    assert stranger.get(address).status_code == 404
    signs_in(stranger, Phone(simulator, "jose"))
    assert stranger.get(address).status_code == 404
    headers = owner.get(address).headers
    assert headers["Cache-Control"] == "private, max-age=600"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["X-Content-Type-Options"] == "nosniff"
    owner.post(f"/me/identities/{identity(app, lihua)}/remove")
    gone = owner.get(address)
    assert gone.status_code == 404
    assert gone.headers["Cache-Control"] == "no-store"


def test_another_address_is_fetched_anew(app, owner, lihua, simulator, fetched):
    """At one that died WeChat answers a grey figure, which is nobody's picture."""
    adds(owner, lihua)
    before = pictures(owner)[1]
    assert owner.get(before).status_code == 200
    has_picture_at(app, lihua, f"{simulator.url}/mmopen/vi_32/gone/132")
    after = pictures(owner)[1]
    assert after != before
    fetched.clear()
    assert [owner.get(after).status_code for _ in range(3)] == [404] * 3
    assert len(fetched) == 1


def test_no_foreign_address_is_asked(app, owner, lihua, fetched):
    adds(owner, lihua)
    has_picture_at(app, lihua, "http://169.254.169.254/latest/meta-data")
    fetched.clear()
    assert pictures(owner)[1] is None
    number = identity(app, lihua)
    assert owner.get(f"/me/identities/{number}/picture").status_code == 404
    assert fetched == []


def test_a_picture_host_that_fails_fails_no_page(app, owner, lihua, monkeypatch):
    """It is asked again after a while, and not with each view."""
    adds(owner, lihua)
    asked = []

    def breaks(self, url, *, deadline):
        asked.append(url)
        raise WeChatUnavailable("The picture host is away.", fault="status")

    with monkeypatch.context() as broken:
        broken.setattr(AvatarHosts, "fetch", breaks)
        address = pictures(owner)[1]
        assert [owner.get(address).status_code for _ in range(3)] == [404] * 3
    assert len(asked) == 1
    monkeypatch.setattr(service_of(app).tickets, "_ahead", lambda: 601.0)
    assert owner.get(address).status_code == 200


def test_what_we_have_had_is_not_fetched_for_it(app, owner, fetched):
    """Neither a picture that is kept, nor the account's own which is on its way."""
    fetched.clear()
    (kept,) = pictures(owner)
    assert kept.startswith("/avatars/")
    with app.app_context():
        db.session.query(Avatar).delete()
        db.session.commit()
    assert pictures(owner) == [None]
    assert fetched == []
