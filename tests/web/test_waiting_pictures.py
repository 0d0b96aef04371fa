"""The picture of a first visit: fetched once, beside the requests (finding L5)."""

import re
import threading

import pytest
from flask import Flask

from tests.support.journey import Browser, Phone
from wxlogin.errors import WeChatUnavailable
from wxlogin.flows import avatars, first_visit
from wxlogin.service import running
from wxlogin.wechat.avatars import AvatarHosts

TERMS = {
    "registration": "ask",
    "terms_url": "https://shop.example/terms",
    "privacy_url": "https://shop.example/privacy",
    "terms_version": "2026-11",
}


@pytest.fixture
def app(app_for) -> Flask:
    return app_for(**TERMS)


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> list[threading.Thread]:
    """In which threads pictures were fetched and decoded."""
    threads: list[threading.Thread] = []

    def noting(function):
        def noted(*args, **options):
            threads.append(threading.current_thread())
            return function(*args, **options)

        return noted

    monkeypatch.setattr(AvatarHosts, "fetch", noting(AvatarHosts.fetch))
    monkeypatch.setattr(avatars, "square_jpeg", noting(avatars.square_jpeg))
    return threads


def comes(browser: Browser, phone: Phone) -> None:
    """As far as the page of the first visit."""
    started = browser.starts("/orders")
    assert browser.returns(started, phone.confirms(started)).location == "/register"


def test_it_is_fetched_once_and_on_no_request(app, browser, xiaoming, work):
    comes(browser, xiaoming)
    answers = [browser.get("/register/picture") for _ in range(5)]
    assert [answer.mimetype for answer in answers] == ["image/jpeg"] * 5
    assert len({answer.data for answer in answers}) == 1
    # Once over the network and once through the decoder, in a thread beside.
    assert len(work) == 2
    assert threading.current_thread() not in work


def test_who_looks_early_waits_for_it(app, browser, xiaoming, monkeypatch):
    slow, fetch = threading.Event(), AvatarHosts.fetch

    def late(self, url, *, deadline):
        slow.wait(10)
        return fetch(self, url, deadline=deadline)

    monkeypatch.setattr(AvatarHosts, "fetch", late)
    started = browser.starts("/orders")
    browser.get(started.with_code(xiaoming.confirms(started)))
    threading.Timer(0.1, slow.set).start()
    assert browser.get("/register/picture").status_code == 200


def test_a_page_is_whole_without_it(app, browser, xiaoming, monkeypatch):
    """A fault is no second try with each view, and no waiting."""
    calls = []

    def breaks(self, url, *, deadline):
        calls.append(url)
        raise WeChatUnavailable("The picture host is away.", fault="status")

    monkeypatch.setattr(AvatarHosts, "fetch", breaks)
    comes(browser, xiaoming)
    for _ in range(3):
        assert browser.get("/register/picture").status_code == 404
    assert len(calls) == 1


def test_where_too_many_wait_there_is_none(app, browser, xiaoming, monkeypatch):
    with app.app_context():
        monkeypatch.setattr(avatars.waiting_jobs(), "put", lambda job: False)
    comes(browser, xiaoming)
    assert browser.get("/register/picture").status_code == 404
    page = browser.get("/register").text
    assert "小明😀" in page
    # What is seen then lies beneath: no box of a certain size for a broken image.
    beneath = r'<span class="initial" aria-hidden="true">小<img src="([^"]+)" alt="">'
    assert re.findall(beneath, page) == ["/register/picture"]


def test_it_goes_with_the_answer(app, browser, xiaoming):
    comes(browser, xiaoming)
    assert browser.get("/register/picture").status_code == 200
    [key] = [v for name, v in browser.cookies().items() if "registration" in name]
    with app.app_context():
        assert first_visit.require(key).picture()
        browser.post("/register/cancel")
        assert running().tickets.get(avatars.KIND, key) is None
