"""Acts are accepted from our own pages only (CSRF)."""

from itertools import product

import pytest

from tests.support.journey import Browser
from tests.web.routes import acts, methods_by_path

FOREIGN = [
    {},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1:5000"},
    {"Origin": "https://evil.test"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:5001"},
    {"Origin": "http://127.0.0.1:5000.evil.test"},
    {"Origin": "http://localhost:5000"},
    {"Origin": "https://127.0.0.1:5000"},
    {"Referer": "http://127.0.0.1:5000/me"},
]
OWN = [
    {"Sec-Fetch-Site": "same-origin"},
    {"Origin": "http://127.0.0.1:5000"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "http://127.0.0.1:5000"},
]


@pytest.mark.parametrize("mark", [None, "sites"])
def test_no_act_is_taken_from_elsewhere(app, signed_in, mark):
    """security row 25"""
    sure = {"sure": "yes"}
    for headers, (method, path) in product(FOREIGN, acts(app, mark)):
        answer = signed_in._send(method, path, headers=headers, data=sure)
        assert answer.status_code == 403, (path, headers)
        assert "Set-Cookie" not in answer.headers
    assert signed_in.who()


def test_there_are_acts(app):
    assert len(acts(app)) >= 5


@pytest.mark.parametrize("headers", OWN)
def test_acts_are_taken_from_our_own_pages(app, signed_in, headers):
    for method, path in acts(app):
        answer = signed_in.copy()._send(method, path, headers=headers)
        assert answer.status_code < 500
        assert answer.status_code not in (403, 405), path


def test_no_act_happens_by_opening_an_address(app, signed_in):
    """security row 25"""
    taken = methods_by_path(app)
    for _method, path in acts(app):
        if "GET" not in taken[path]:
            assert signed_in.get(path).status_code == 405
    assert signed_in.who()


def test_what_takes_calls_from_anywhere_knows_nobody_by_a_cookie(app, signed_in):
    """security row 25: such a view must not act for whoever's browser calls it."""
    for method, path in acts(app, "programs"):
        answer = signed_in._send(method, path, headers={"Sec-Fetch-Site": "cross-site"})
        # A site's form that asks to sign out is led on to a page that asks.
        led_on = (answer.location or "").startswith(f"{path}/")
        assert 400 <= answer.status_code < 500 or led_on, path
        assert "Set-Cookie" not in answer.headers
    assert signed_in.who()


def test_the_operators_key_needs_no_origin(app_for):
    """Calls with a key carry no cookie; reading needs no proof of origin."""
    key = "0perator-key-for-the-tests-81"
    browser = Browser(app_for(operator_key=key))
    headers = {"Authorization": f"Bearer {key}", "Sec-Fetch-Site": "cross-site"}
    assert browser.get("/api/users/x", headers=headers).status_code == 404


def test_a_bearer_does_not_lend_its_freedom_to_a_cookie(app, signed_in):
    """security row 25: a foreign page cannot send the header, and if it could, the
    cookie of the visitor would not count beside it."""
    headers = {"Authorization": "Bearer anything", "Sec-Fetch-Site": "cross-site"}
    for method, path in acts(app):
        twin = signed_in.copy()
        twin._send(method, path, headers=headers, data={"sure": "yes"})
    assert signed_in.who()
