"""The hand-written shops check what a client has to check.

OpenID Connect Core 3.1.3.7 and 5.3.2, RFC 9700 section 2.1. The Flask shop leaves
this to Authlib, whose sign-in tests/browser/test_examples.py goes through.
"""

import pytest

BY_HAND = pytest.mark.parametrize("language", ["php", "node"])
EVERY = pytest.mark.parametrize("language", ["flask", "php", "node"])
AGAIN = "登录没有完成"


@BY_HAND
def test_a_sign_in_renews_the_session_and_escapes_the_name(
    start_example, issuer, tells, customer_of, language
):
    customer = customer_of(start_example(language, issuer.url))
    asked = customer.asks()
    before = set(customer.browser.cookies.values())
    tells(asked)
    page = customer.comes_back(asked["state"])
    assert page.status_code == 200
    assert "你好，&lt;b&gt;小明" in page.text or "你好，&#60;b&#62;小明" in page.text
    assert before.isdisjoint(customer.browser.cookies.values())
    # The state has been used.
    assert customer.comes_back(asked["state"]).status_code == 400


@BY_HAND
def test_a_word_of_the_issuers_that_does_not_fit_signs_nobody_in(
    start_example, issuer, tells, customer_of, language
):
    customer = customer_of(start_example(language, issuer.url))
    for change in (
        {"iss": "http://127.0.0.1:1"},
        {"aud": "another-shop"},
        {"nonce": "of-another-sign-in"},
        {"exp": 1},
        {"sub": "another"},
    ):
        asked = customer.asks()
        tells(asked, **change)
        page = customer.comes_back(asked["state"])
        assert (page.status_code, AGAIN in page.text) == (400, True), change
        assert "小明" not in customer.browser.get(customer.shop.url, timeout=10).text


@BY_HAND
def test_a_sign_in_in_another_tab_can_be_finished(
    start_example, issuer, tells, customer_of, language
):
    """Two tabs ask, and both come back: the second one's person is signed in."""
    customer = customer_of(start_example(language, issuer.url))
    asked = [customer.asks() for _ in range(3)]
    for one, name in zip(asked, ("李华", "小明", "贝儿"), strict=True):
        tells(one)
        issuer.person["name"] = name
        page = customer.comes_back(one["state"])
        assert (page.status_code, f"你好，{name}" in page.text) == (200, True)
    # Each state has been used.
    for one in asked:
        assert customer.comes_back(one["state"]).status_code == 400


@BY_HAND
def test_sign_ins_that_nobody_finishes_do_not_pile_up(
    start_example, issuer, tells, customer_of, language
):
    customer = customer_of(start_example(language, issuer.url))
    asked = [customer.asks() for _ in range(12)]
    for one, status in ((asked[0], 400), (asked[-1], 200), (asked[-2], 200)):
        tells(one)
        assert customer.comes_back(one["state"]).status_code == status


def test_the_flask_shop_keeps_what_a_cookie_holds(start_example, customer_of, metadata):
    """Authlib's own states, in a cookie of 4 kB at most."""
    customer = customer_of(start_example("flask", metadata))
    for _ in range(12):
        customer.asks()
        [cookie] = [one for one in customer.browser.cookies if one.name == "teashop"]
        assert len(cookie.value) < 3000


@BY_HAND
def test_every_sign_in_has_values_of_its_own(
    start_example, issuer, customer_of, language
):
    shop = start_example(language, issuer.url)
    first, second = (customer_of(shop).asks() for _ in range(2))
    assert first["code_challenge_method"] == "S256"
    assert first["redirect_uri"] == f"{shop.url}/callback"
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name]) >= 43
        assert first[name] != second[name]


@EVERY
def test_a_planted_sign_in_is_refused(
    start_example, issuer, tells, customer_of, language
):
    """security row 113: the state is this browser's, or it counts for nothing."""
    shop = start_example(language, issuer.url)
    mallory, victim = customer_of(shop), customer_of(shop)
    if language == "flask":
        states = ["of-mallory", "__proto__"]
    else:
        asked = mallory.asks()
        tells(asked)
        victim.asks()
        states = [asked["state"], "__proto__", ""]
    for state in states:
        page = victim.comes_back(state)
        assert (page.status_code, AGAIN in page.text) == (400, True)
        refused = victim.comes_back(state, error="access_denied")
        assert (refused.status_code, AGAIN in refused.text) == (400, True)


@EVERY
def test_nobody_orders_without_a_sign_in(start_example, issuer, customer_of, language):
    customer = customer_of(start_example(language, issuer.url))
    url = f"{customer.shop.url}/order"
    page = customer.browser.post(url, data={"tea": "龙井"}, timeout=10)
    assert page.status_code == 200
    assert "龙井" not in page.text
