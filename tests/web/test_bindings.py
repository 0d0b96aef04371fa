"""I already have an account: a first visit that turns out to be a customer's.

From the registration page to the site, its password, and back, where the two are
connected and nobody else's browser can be misused for it.
"""

import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.journey import CHINESE, ENGLISH, Browser, Phone
from tests.web.site_server import SHOP, SITES, Server
from wxlogin.accounts.models import Consent, Event, Identity, Session, SiteUser, User
from wxlogin.config import Site
from wxlogin.db import db
from wxlogin.flows import first_visit

TERMS = {"terms_url": "https://shop.test/terms", "terms_version": "7"}
ASKING = SHOP.model_copy(update={"registration": "ask", **TERMS})
CLOSED = SHOP.model_copy(update={"registration": "closed", **TERMS})


@pytest.fixture
def site() -> Site:
    return ASKING


@pytest.fixture
def app(app_for, site):
    return app_for(sites=(site, *SITES[1:]), registration="open")


@pytest.fixture
def shop(app) -> Server:
    return Server(app)


def authorize(browser: Browser) -> str:
    """The shop sends its visitor to us; the address that waits for the sign-in."""
    query = {
        "client_id": "shop",
        "redirect_uri": SHOP.redirect_uris[0],
        "response_type": "code",
        "scope": "openid",
        "state": "the-shops-own-state",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
    }
    answer = browser.get("/oauth2/authorize", query_string=query)
    assert answer.status_code in (302, 303), answer.text
    return parse_qs(urlsplit(answer.location).query)["next"][0]


def arrives(browser: Browser, phone: Phone) -> str:
    """A first visit, as far as the page; gives the address that waits."""
    waits = authorize(browser)
    started = browser.starts(waits)
    answer = browser.returns(started, phone.confirms(started))
    assert (answer.status_code, answer.location) == (303, "/register")
    return waits


def has_an_account(browser: Browser) -> str:
    """Presses the button; the code that the shop is given."""
    answer = browser.post("/register/bind")
    assert answer.status_code == 200, answer.text
    assert "form-action 'self' https://shop.test" in policy(answer)
    assert '<form method="post" action="https://shop.test/bind">' in answer.text
    hidden = r'type="hidden" name="(\w+)" value="(\S+)"'
    [(name, code)] = re.findall(hidden, answer.text)
    assert name == "code"
    return code


def policy(answer) -> str:
    return answer.headers["Content-Security-Policy"]


def word(code: str, external_id: str = "c-1", label: str = "") -> dict[str, str]:
    """What the shop says of its customer."""
    label = label or f"{external_id}@shop.test"
    return {"code": code, "external_id": external_id, "label": label}


def password_is_right(shop: Server, code: str, external_id: str = "c-1") -> str:
    """The shop knows its customer; the path its browser goes on with."""
    answer = shop.post("/bindings", word(code, external_id))
    assert answer.status_code == 200, answer.text
    parts = urlsplit(answer.get_json()["continue_url"])
    assert f"{parts.scheme}://{parts.netloc}" == "http://127.0.0.1:5000"
    return parts.path


FROM_THE_SHOP = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "document"}


def comes_back(browser: Browser, path: str):
    """To the page that names both."""
    return browser.get(path, headers=FROM_THE_SHOP)


def goes_on(browser: Browser, path: str, answer: str = "yes"):
    """Comes back, and answers the question if there is one."""
    page = comes_back(browser, path)
    if page.status_code != 200:
        return page
    return browser.post(path, data={"answer": answer})


def refusal(answer) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["code"]


def rows(app, *models) -> list[int]:
    with app.app_context():
        return [db.session.query(model).count() for model in models]


def nothing_is_written(app) -> bool:
    everything = (User, Identity, Session, SiteUser, Consent, Event)
    return rows(app, *everything) == [0] * len(everything)


def customer(shop: Server, external_id: str = "c-1") -> str | None:
    answer = shop.get("/users", external_id=external_id)
    return answer.get_json()["uid"] if answer.status_code == 200 else None


@pytest.mark.parametrize("site", [ASKING, CLOSED], ids=["ask", "closed"])
def test_a_customer_comes_with_wechat_for_the_first_time(app, shop, browser, xiaoming):
    waits = arrives(browser, xiaoming)
    assert 'action="/register/bind"' in browser.get("/register").text
    code = has_an_account(browser)
    told = shop.get(f"/bindings/{code}").get_json()
    assert told["nickname"] == "小明😀"
    assert told["avatar"].startswith("data:image/jpeg;base64,")
    assert 590 < told["expires_in"] <= 600
    path = password_is_right(shop, code)
    assert nothing_is_written(app)
    answer = goes_on(browser, path)
    assert (answer.status_code, answer.location) == (303, waits)
    assert customer(shop) == browser.who()["uid"]
    assert rows(app, User, SiteUser, Event, Consent) == [1, 1, 1, 0]
    # The sign-in that waited ends at the shop; the shop's terms are not asked for.
    assert comes_back(browser, waits).location.startswith(SHOP.redirect_uris[0])


def test_from_then_on_the_wechat_signs_in(app, shop, browser, other_browser, xiaoming):
    arrives(browser, xiaoming)
    goes_on(browser, password_is_right(shop, has_an_account(browser)))
    waits = authorize(other_browser)
    started = other_browser.starts(waits)
    answer = other_browser.returns(started, xiaoming.confirms(started))
    assert answer.location == waits
    assert rows(app, User, SiteUser) == [1, 1]


def test_a_planted_code_connects_nothing(
    app, shop, browser, other_browser, xiaoming, lihua
):
    """The attacker begins, and a customer enters the password."""
    attacker, customer_of_shop = browser, other_browser
    arrives(attacker, xiaoming)
    path = password_is_right(shop, has_an_account(attacker))
    answer = goes_on(customer_of_shop, path)
    assert answer.status_code == 400
    assert "Set-Cookie" not in answer.headers
    # Nor where that customer has a first visit of their own open.
    arrives(customer_of_shop, lihua)
    assert goes_on(customer_of_shop, path).status_code == 400
    assert customer_of_shop.who() is None
    assert nothing_is_written(app)


def test_a_stolen_code_connects_nothing(app, shop, browser, other_browser, xiaoming):
    """A thief with an account at the shop answers first: then both are void."""
    arrives(browser, xiaoming)
    code = has_an_account(browser)
    thief = password_is_right(shop, code, "c-666")
    assert goes_on(other_browser, thief).status_code == 400
    answer = shop.post("/bindings", word(code))
    assert refusal(answer) == (409, "conflict")
    assert goes_on(browser, thief).status_code == 410
    assert nothing_is_written(app)
    # The person begins again, and the answer of WeChat is still there.
    path = password_is_right(shop, has_an_account(browser))
    assert goes_on(browser, path).status_code == 303
    assert (customer(shop), customer(shop, "c-666")) == (browser.who()["uid"], None)


def test_opening_the_address_connects_nothing(app, shop, browser, xiaoming):
    """finding M2, security row 12: the owner's browser is led to a thief's address.

    The page names the thief's account, and only the owner's click would connect it.
    """
    arrives(browser, xiaoming)
    code = has_an_account(browser)
    path = password_is_right(shop, code, "thief-1")
    for _ in range(3):
        page = comes_back(browser, path)
        assert page.status_code == 200
        assert "小明😀" in page.text
        assert "thief-1@shop.test" in page.text
        assert "Set-Cookie" not in page.headers
    assert browser.who() is None
    assert nothing_is_written(app)
    answer = goes_on(browser, path, "no")
    assert (answer.status_code, answer.location) == (303, "/register")
    assert "没有绑定" in browser.get("/register").text
    # The thief's word is void, and the owner's own one is taken.
    assert goes_on(browser, path).status_code == 410
    assert refusal(shop.post("/bindings", word(code, "thief-1"))) == (404, "not_found")
    assert nothing_is_written(app)
    assert (
        goes_on(browser, password_is_right(shop, has_an_account(browser))).status_code
        == 303
    )
    assert (customer(shop), customer(shop, "thief-1")) == (browser.who()["uid"], None)


@pytest.mark.parametrize(
    "how",
    [
        {"Sec-Fetch-Site": site, "Sec-Fetch-Dest": dest}
        for site in ("same-site", "cross-site", "same-origin")
        for dest in ("image", "iframe", "script", "empty", "embed", "style")
    ]
    + [
        {"Sec-Purpose": "prefetch"},
        {"Sec-Purpose": "prefetch;prerender"},
        {"Purpose": "prefetch"},
        {"Sec-Fetch-Dest": "document", "Sec-Purpose": "prefetch;anonymous-client-ip"},
    ],
    ids=lambda how: " ".join(how.values()),
)
def test_nobody_else_opens_the_address(app, shop, browser, xiaoming, how):
    """finding M2, security row 12: a picture, a frame, a script, ahead of time."""
    arrives(browser, xiaoming)
    path = password_is_right(shop, has_an_account(browser))
    answer = browser.get(path, headers=how)
    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers
    assert nothing_is_written(app)


@pytest.mark.parametrize("site_of", ["cross-site", "same-site", "none"])
def test_a_foreign_page_answers_no_question(app, shop, browser, xiaoming, site_of):
    """security row 25"""
    arrives(browser, xiaoming)
    path = password_is_right(shop, has_an_account(browser))
    foreign = {"Sec-Fetch-Site": site_of}
    answer = browser.post(path, data={"answer": "yes"}, headers=foreign)
    assert answer.status_code == 403
    assert browser.post(path, data={"answer": "maybe"}).status_code == 400
    assert browser.post(path).status_code == 400
    assert nothing_is_written(app)


def test_the_question_names_both_sides_in_both_languages(
    app, shop, browser, other_browser, xiaoming
):
    arrives(browser, xiaoming)
    code = has_an_account(browser)
    said = word(code, label="  <b>ann</b>@shop.test ")
    answer = shop.post("/bindings", said)
    path = urlsplit(answer.get_json()["continue_url"]).path
    english = browser.get(path, headers={**FROM_THE_SHOP, **ENGLISH})
    text = re.sub(r"</?(strong|bdi)>", "", english.text)
    account = "&lt;b&gt;ann&lt;/b&gt;@shop.test"
    assert f"Connect WeChat 小明😀 with the account {account} at Tea shop?" in text
    chinese = browser.get(path, headers={**FROM_THE_SHOP, **CHINESE})
    text = re.sub(r"</?(strong|bdi)>", "", chinese.text)
    assert f"将微信 小明😀 绑定到Tea shop的账号 {account}？" in text
    assert "/register/picture" in chinese.text
    assert "https://login.shop.test" in policy(chinese)
    # Nor does anybody else read the account's name.
    assert comes_back(other_browser, path).status_code == 400
    assert browser.post(path).status_code == 400


def test_looks_at_a_code_are_counted(shop, browser, xiaoming, clock):
    """finding L14: whoever reads a code on its way is noticed."""
    arrives(browser, xiaoming)
    code = has_an_account(browser)
    first = shop.get(f"/bindings/{code}").get_json()
    assert first["looks"] == 1
    clock.shift(70)
    again = shop.get(f"/bindings/{code}").get_json()
    assert (again["looks"], again["first_look_at"]) == (2, first["first_look_at"])
    assert first["first_look_at"].endswith("+00:00")
    arrives(browser, xiaoming)
    other = has_an_account(browser)
    assert shop.get(f"/bindings/{other}").get_json()["looks"] == 1


def test_another_sites_server_reads_no_code(app, shop, browser, xiaoming):
    other = Server(app, SITES[1])
    arrives(browser, xiaoming)
    code = has_an_account(browser)
    body = word(code)
    assert refusal(other.get(f"/bindings/{code}")) == (404, "not_found")
    assert refusal(other.post("/bindings", body)) == (404, "not_found")
    assert shop.get(f"/bindings/{code}").status_code == 200


def test_the_same_word_again_is_no_fault(app, shop, browser, xiaoming):
    """A lost answer, a reload, a click too many."""
    arrives(browser, xiaoming)
    code = has_an_account(browser)
    paths = {password_is_right(shop, code) for _ in range(2)}
    [path] = paths
    twin = browser.copy()
    assert goes_on(twin, path).status_code == 303
    assert goes_on(browser, path).status_code == 303
    assert browser.who()["uid"] == twin.who()["uid"]
    assert rows(app, User, SiteUser, Session, Event) == [1, 1, 1, 1]


def test_a_code_is_over_when_it_was_answered(shop, browser, xiaoming):
    arrives(browser, xiaoming)
    code = has_an_account(browser)
    password_is_right(shop, code)
    assert refusal(shop.get(f"/bindings/{code}")) == (404, "not_found")


def test_a_code_lasts_ten_minutes(shop, browser, xiaoming, clock):
    arrives(browser, xiaoming)
    code = has_an_account(browser)
    clock.shift(601)
    body = word(code)
    assert refusal(shop.get(f"/bindings/{code}")) == (404, "not_found")
    assert refusal(shop.post("/bindings", body)) == (404, "not_found")


def test_after_a_cancel_nothing_can_be_bound(app, shop, browser, xiaoming):
    arrives(browser, xiaoming)
    code = has_an_account(browser)
    path = password_is_right(shop, code)
    browser.post("/register/cancel")
    assert goes_on(browser, path).status_code in (400, 410)
    assert nothing_is_written(app)


def test_without_a_first_visit_there_is_no_code(browser):
    assert browser.post("/register/bind").status_code == 410


def test_a_site_without_a_bind_url_is_sent_nobody(app_for, xiaoming):
    site = ASKING.model_copy(update={"bind_url": None})
    browser = Browser(app_for(sites=(site,), registration="open"))
    arrives(browser, xiaoming)
    assert "/register/bind" not in browser.get("/register").text
    assert browser.post("/register/bind").status_code == 404


def test_an_old_page_sends_no_other_person_than_it_shows(browser, xiaoming, lihua):
    arrives(browser, xiaoming)
    shown = re.search(r'name="tag" value="(\w+)"', browser.get("/register").text)[1]
    arrives(browser, lihua)
    answer = browser.post("/register/bind", data={"tag": shown})
    assert (answer.status_code, answer.location) == (303, "/register")


def test_a_foreign_page_presses_no_button(browser, xiaoming):
    """security row 25"""
    arrives(browser, xiaoming)
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert browser.post("/register/bind", headers=foreign).status_code == 403


def connected(app, phone: Phone, external_id: str) -> str:
    """A customer who has a WeChat already; its uid."""
    browser = Browser(app)
    started = browser.starts()
    answer = browser.returns(started, phone.confirms(started))
    assert answer.status_code == 303
    uid = browser.who()["uid"]
    Server(app).learns_of(uid, external_id)
    return uid


def test_a_customer_who_has_another_wechat(app, shop, browser, xiaoming, lihua):
    uid = connected(app, lihua, "c-1")
    arrives(browser, xiaoming)
    code = has_an_account(browser)
    answer = shop.post("/bindings", word(code))
    assert refusal(answer) == (409, "external_id_taken")
    assert (customer(shop), rows(app, User, SiteUser)) == (uid, [1, 1])
    # Another account may be the right one: the code is good for it.
    assert goes_on(browser, password_is_right(shop, code, "c-2")).status_code == 303


def test_a_customer_who_was_given_another_wechat_meanwhile(
    app, shop, browser, xiaoming, lihua
):
    waits = arrives(browser, xiaoming)
    path = password_is_right(shop, has_an_account(browser))
    uid = connected(app, lihua, "c-1")
    answer = goes_on(browser, path)
    expected = "https://shop.test/bind?error=external_id_taken"
    assert (answer.status_code, answer.location) == (303, expected)
    assert browser.who() is None
    assert (customer(shop), rows(app, User, SiteUser)) == (uid, [1, 1])
    # The answer of WeChat still waits for another word.
    assert browser.get("/register").status_code == 200
    answer = goes_on(browser, password_is_right(shop, has_an_account(browser), "c-2"))
    assert answer.location == waits


@pytest.mark.parametrize("same", [True, False], ids=["one customer", "two customers"])
def test_two_tabs_race(app, shop, browser, xiaoming, same):
    """Each with a code of its own; one customer is connected in the end."""
    arrives(browser, xiaoming)
    codes = [has_an_account(browser) for _ in range(2)]
    ids = ["c-1", "c-1" if same else "c-2"]
    paths = [
        password_is_right(shop, code, external_id)
        for code, external_id in zip(codes, ids, strict=True)
    ]
    start = Barrier(2)
    tabs = [browser.copy(), browser.copy()]

    def tab(number: int) -> str:
        start.wait()
        return tabs[number].post(paths[number], data={"answer": "yes"}).location

    with ThreadPoolExecutor(2) as pool:
        ends = list(pool.map(tab, range(2)))
    refused = "https://shop.test/bind?error=external_id_fixed"
    assert ends.count(refused) == (0 if same else 1)
    winner = next(n for n, end in enumerate(ends) if end != refused)
    assert customer(shop, ids[winner]) == tabs[winner].who()["uid"]
    assert rows(app, User, SiteUser, Event) == [1, 1, 1]


def test_a_tab_in_which_the_person_agreed_before(app, shop, browser, xiaoming):
    """The account is there by then; the site's word is still good for it."""
    arrives(browser, xiaoming)
    path = password_is_right(shop, has_an_account(browser))
    with app.test_request_context():
        key = browser.cookies()["wxlogin_registration"]
        tag = first_visit.held(key).tag
    data = {"tag": tag, "agree": "yes", "version": "7"}
    assert browser.post("/register", data=data).status_code == 303
    uid = browser.who()["uid"]
    assert goes_on(browser, path).status_code == 303
    assert (customer(shop), rows(app, User, SiteUser)) == (uid, [1, 1])


def test_the_log_names_no_code(app, shop, browser, xiaoming, log):
    """security row 30"""
    arrives(browser, xiaoming)
    code = has_an_account(browser)
    path = password_is_right(shop, code)
    goes_on(browser, path)
    lines = str(log())
    assert code not in lines
    assert path.rpartition("/")[2] not in lines


@pytest.mark.parametrize(
    "body",
    [
        {"code": "x", "label": "ann"},
        {"external_id": "c-1", "label": "ann"},
        {"code": "x", "external_id": "c-1"},
        {"code": "x", "external_id": "a\nb", "label": "ann"},
        {"code": 7, "external_id": "c-1", "label": "ann"},
        [],
    ],
)
def test_what_is_no_answer(shop, body):
    assert refusal(shop.post("/bindings", body)) == (400, "bad_request")
