"""The picture of a person in a real browser, on our page and on a site's."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.shop import Shop
from tests.browser.test_sign_in import person_on_phone, scans_and_confirms
from tests.support.journey import pictures_arrive

# How wide the picture is that the browser has decoded; 0 if it has none.
WIDTH = "picture => picture.decode().then(() => picture.naturalWidth, () => 0)"


@pytest.fixture
def signed_in(service, simulator, window) -> Page:
    pc, phone = window(), window(width=390, height=844)
    pc.goto(f"{service.url}/login?next=/me")
    person_on_phone(phone, simulator, "xiaoming")
    scans_and_confirms(phone)
    pc.wait_for_url(f"{service.url}/me")
    pictures_arrive(service.app)
    return pc


def test_the_account_page_shows_the_picture_and_asks_no_other_host(signed_in, service):
    """security row 90: within our own policy"""
    pc = signed_in
    asked: list[str] = []
    complaints: list[str] = []
    pc.on("request", lambda request: asked.append(request.url))
    pc.on("console", lambda message: complaints.append(message.text))
    pc.goto(f"{service.url}/me")
    picture = pc.locator("header img.initial")
    expect(picture).to_be_visible()
    assert picture.evaluate(WIDTH) == 132
    box = picture.bounding_box()
    assert (box["width"], box["height"]) == (56, 56)
    assert all(url.startswith(service.url) for url in asked)
    assert complaints == []


def test_a_page_of_another_site_may_show_the_picture(signed_in, service, window):
    """As the sites do that the person signs in to."""
    address = signed_in.request.get(f"{service.url}/api/me").json()["avatar"]
    with Shop() as shop:
        shop.pages["/"] = f'<!doctype html><img src="{address}">'
        page = window()
        page.goto(f"{shop.foreign_url}/")
        assert page.locator("img").evaluate(WIDTH) == 132
