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
from tests.web.test_joining import adds, makes_one, signs_in
from wxlogin.accounts.models import Identity
from wxlogin.db import db


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
    found = [re.search(r'src="(/avatars/[^"]+)"', one) for one in blocks(browser)]
    return [one and one[1] for one in found]


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
