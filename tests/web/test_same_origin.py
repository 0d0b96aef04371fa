"""Acts are accepted from our own pages only (CSRF)."""

import pytest

from tests.journey import Browser
from tests.web.routes import routes

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


def acts(app) -> list[str]:
    return [path for _, path, methods in routes(app) if "POST" in methods]


@pytest.mark.parametrize("headers", FOREIGN)
def test_no_act_is_taken_from_elsewhere(app, signed_in, headers):
    """security row 25"""
    paths = acts(app)
    assert len(paths) >= 5
    for path in paths:
        answer = signed_in._send("POST", path, headers=headers, data={"sure": "yes"})
        assert answer.status_code == 403, path
        assert "Set-Cookie" not in answer.headers
    assert signed_in.who()


@pytest.mark.parametrize("headers", OWN)
def test_acts_are_taken_from_our_own_pages(app, signed_in, headers):
    for path in acts(app):
        one = signed_in.copy()
        answer = one._send("POST", path, headers=headers)
        assert answer.status_code in (303, 404), path


def test_no_act_happens_by_opening_an_address(app, signed_in):
    """security row 25"""
    for path in acts(app):
        assert signed_in.get(path).status_code == 405
    assert signed_in.who()


def test_the_operators_key_needs_no_origin(app_for):
    """Calls with a key carry no cookie; reading needs no proof of origin."""
    key = "0perator-key-for-the-tests-81"
    browser = Browser(app_for(operator_key=key))
    headers = {"Authorization": f"Bearer {key}", "Sec-Fetch-Site": "cross-site"}
    assert browser.get("/api/users/x", headers=headers).status_code == 404
