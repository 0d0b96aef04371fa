"""How often one visitor may ask, and that nobody is locked out by another.

The numbers are made small here: what is shown is what counts, for whom, and what is
said. That the real ones leave room for a school is shown as well.
"""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.journey import CHINESE, ENGLISH, EXCHANGE, Browser, Started, calls
from tests.web.openid_site import NEWS_SECRET, SHOP, SITES, SiteServer
from wxlogin.config.limits import Limits
from wxlogin.web import exchanges

HOME = "203.0.113.7"
CAFE = "198.51.100.9"


@pytest.fixture
def limited(app_for):
    """A service with these numbers, behind one proxy."""

    def make(**numbers):
        return app_for(sites=SITES, trusted_proxies=1, limits=numbers or "on")

    return make


def at(app, address: str, browser: Browser | None = None) -> Browser:
    """A browser at this address."""
    browser = browser or Browser(app)
    browser.headers = {**browser.headers, "X-Forwarded-For": address}
    return browser


def makes_up_codes(app, address: str, number: int) -> list[int]:
    """What a stranger hears who sends made-up codes to the callback."""
    heard = []
    for one in range(number):
        stranger = at(app, address)
        heard.append(stranger.returns(stranger.starts(), f"made-up-{one}").status_code)
    return heard


def is_told_to_wait(answer) -> bool:
    assert answer.status_code == 429, answer.text
    return 1 <= int(answer.headers["Retry-After"]) <= 60


# -- codes --


def test_made_up_codes_of_one_address_reach_wechat_so_often(limited, simulator):
    """finding M6, security row 102"""
    app = limited(failed_codes=6)
    heard = makes_up_codes(app, HOME, 20)
    assert heard == [400] * 6 + [429] * 14
    assert len(calls(simulator, EXCHANGE)) == 6


def test_an_app_that_makes_them_up_as_well(limited, simulator):
    """finding M6: no ticket is kept of what was refused."""
    app = limited(failed_codes=6)
    phone = at(app, HOME)
    heard = [
        phone._send("POST", "/api/mobile/app/login", json={"code": f"made-up-{one}"})
        for one in range(10)
    ]
    assert [answer.status_code for answer in heard] == [400] * 6 + [429] * 4
    assert len(calls(simulator, EXCHANGE)) == 6
    problem = heard[-1].get_json()
    assert is_told_to_wait(heard[-1])
    assert heard[-1].mimetype == "application/problem+json"
    assert problem["code"] == "too_many_requests"
    assert problem["reason"] == "the limit failed-codes of this caller is used up"


def test_others_sign_in_meanwhile(limited, xiaoming):
    app = limited(failed_codes=3)
    makes_up_codes(app, CAFE, 5)
    browser = at(app, HOME)
    started = browser.starts()
    assert browser.returns(started, xiaoming.confirms(started)).status_code == 303


def test_success_neither_counts_nor_forgives(limited, xiaoming):
    """security row 102"""
    app = limited(failed_codes=6)
    assert makes_up_codes(app, HOME, 3) == [400] * 3
    for _ in range(8):
        browser = at(app, HOME)
        started = browser.starts()
        assert browser.returns(started, xiaoming.confirms(started)).status_code == 303
    assert makes_up_codes(app, HOME, 4) == [400] * 3 + [429]


def test_a_minute_later_it_begins_anew(limited, clock):
    app = limited(failed_codes=3)
    assert makes_up_codes(app, HOME, 4)[-1] == 429
    clock.shift(61)
    assert makes_up_codes(app, HOME, 4) == [400] * 3 + [429]


def test_a_flood_at_once_is_held_from_the_second_minute_on(limited, simulator, clock):
    """However many come together: who used the number up is watched for ten minutes."""
    app = limited(failed_codes=6)
    makes_up_codes(app, HOME, 7)
    clock.shift(61)
    before = len(calls(simulator, EXCHANGE))
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda one: makes_up_codes(app, HOME, 2), range(12)))
    assert len(calls(simulator, EXCHANGE)) - before == 6


def test_a_code_that_was_refused_works_when_the_wait_is_over(limited, xiaoming, clock):
    app = limited(failed_codes=3)
    browser = at(app, HOME)
    started = browser.starts()
    code = xiaoming.confirms(started)
    makes_up_codes(app, HOME, 3)
    assert is_told_to_wait(browser.returns(started, code))
    clock.shift(61)
    assert browser.returns(started, code).status_code == 303


def test_who_has_signed_in_here_before_does_not_suffer_from_a_neighbour(
    limited, xiaoming
):
    """Nobody is locked out by another: the browser shows that it is no stranger."""
    app = limited(failed_codes=3)
    browser = at(app, CAFE)
    for _ in range(2):
        started = browser.starts()
        assert browser.returns(started, xiaoming.confirms(started)).status_code == 303
        makes_up_codes(app, CAFE, 4)


def test_and_has_a_limit_too(limited, simulator, xiaoming):
    app = limited(failed_codes_of_browser=2, failed_codes=9)
    browser = at(app, HOME)
    started = browser.starts()
    browser.returns(started, xiaoming.confirms(started))
    heard = [browser.returns(browser.starts(), f"no-{one}") for one in range(4)]
    assert [answer.status_code for answer in heard] == [400, 400, 429, 429]
    assert makes_up_codes(app, HOME, 1) == [400]


def test_a_fault_of_wechats_is_nobodys_here(limited, simulator):
    app = limited(failed_codes=2)
    fault = {"path": EXCHANGE, "errcode": 45011, "times": 6}
    simulator.world.switch(errcode=fault)
    heard = makes_up_codes(app, HOME, 5)
    assert 429 not in heard


def test_a_code_that_we_know_ourselves_does_not_count(limited, simulator):
    """A person who loads a failed page again and again costs no call."""
    app = limited(failed_codes=3)
    browser = at(app, HOME)
    started = browser.starts()
    heard = [browser.returns(started, "made-up").status_code for _ in range(6)]
    assert heard == [400] * 6
    assert len(calls(simulator, EXCHANGE)) == 1


@pytest.mark.parametrize("said", [None, "authdeny"])
def test_who_says_no_is_heard_meanwhile(limited, said):
    app = limited(failed_codes=3)
    makes_up_codes(app, HOME, 4)
    browser = at(app, HOME)
    answer = browser.returns(browser.starts(), said)
    assert answer.status_code == 400
    assert "你已取消登录" in answer.text


@pytest.fixture
def wechat_is_slow(simulator, monkeypatch):
    """An exchange takes 0.4 s, and 0.2 s count as slow; an address has two seats."""
    monkeypatch.setattr(exchanges, "SLOW_SECONDS", 0.2)
    monkeypatch.setattr(exchanges, "SEATS", 2)
    simulator.world.switch(latency_ms=400)


def all_at_once(app, address: str, number: int) -> list[int]:
    """Made-up codes that wait for WeChat at the same time."""
    callers = [at(app, address) for _ in range(number)]
    begun = [one.starts() for one in callers]

    def returns(one: int) -> int:
        return callers[one].returns(begun[one], f"at-once-{one}").status_code

    with ThreadPoolExecutor(number) as pool:
        return sorted(pool.map(returns, range(number)))


def test_while_wechat_is_slow_an_address_has_half_of_the_threads(
    limited, wechat_is_slow, xiaoming
):
    """finding M6: forty made-up codes held every thread while WeChat took its time."""
    app = limited(failed_codes=1000)
    assert all_at_once(app, CAFE, 6) == [400] * 6
    heard = all_at_once(app, CAFE, 6)
    # On a busy machine a late one finds a seat that is free again.
    assert heard.count(429) >= 2
    assert set(heard) == {400, 429}
    browser = at(app, HOME)
    started = browser.starts()
    assert browser.returns(started, xiaoming.confirms(started)).status_code == 303


def test_while_wechat_is_well_everybody_at_an_address_comes_at_once(
    limited, monkeypatch
):
    monkeypatch.setattr(exchanges, "SEATS", 2)
    monkeypatch.setattr(exchanges, "SLOW_SECONDS", 60.0)
    app = limited(failed_codes=1000)
    for _ in range(2):
        assert all_at_once(app, CAFE, 12) == [400] * 12


# -- addresses --

ONE_VISITOR = [
    "203.0.113.7",
    "::ffff:203.0.113.7",
    "203.0.113.7:4711",
    "6.6.6.6, 203.0.113.7",
    "6.6.6.7,203.0.113.7",
    "for=evil, 203.0.113.7",
    "::1, ::ffff:cb00:7107",
    "[::ffff:203.0.113.7]:80",
    "64:ff9b::203.0.113.7",
    "2002:cb00:7107::5",
    " 203.0.113.7",
]


def test_an_address_has_many_spellings_and_counts_once(limited):
    """security row 97: a forged left part and another spelling change nothing."""
    app = limited(logins=len(ONE_VISITOR))
    for spelling in ONE_VISITOR:
        assert at(app, spelling).get("/login/qr").status_code == 302, spelling
    for spelling in ONE_VISITOR:
        assert is_told_to_wait(at(app, spelling).get("/login/qr")), spelling


def test_a_network_of_ipv6_counts_once(limited):
    app = limited(logins=3)
    heard = [
        at(app, f"2001:db8:0:1:{one:x}::{one}").get("/login/qr").status_code
        for one in range(5)
    ]
    assert heard == [302] * 3 + [429] * 2
    assert at(app, "2001:db8:0:2::1").get("/login/qr").status_code == 302


def test_without_a_proxy_its_headers_count_for_nothing(app_for):
    """security row 97"""
    app = app_for(limits={"logins": 3})
    heard = []
    for one in range(5):
        stranger = at(app, f"6.6.6.{one}")
        stranger.headers |= {
            "X-Real-IP": f"6.6.7.{one}",
            "Forwarded": f"for=6.6.8.{one}",
        }
        heard.append(stranger.get("/login/qr").status_code)
    assert heard == [302] * 3 + [429] * 2


def test_a_proxy_that_nobody_named_is_said_once(app, log):
    for one in range(3):
        at(app, f"6.6.6.{one}").get("/login/qr")
    said = [line for line in log() if line["event"] == "everybody has one address"]
    assert len(said) == 1
    assert "TRUSTED_PROXIES" in said[0]["advice"]


# -- beginning --

BEGINNINGS = [
    "/login",
    "/login?next=/me",
    "/login/qr",
    "/login/qr?app=web&next=/me",
    "/login/embed",
    "/login/h5",
    "/login/h5?scope=snsapi_userinfo",
]


@pytest.mark.parametrize("path", BEGINNINGS)
def test_every_beginning_counts_for_the_address(limited, path):
    app = limited(logins=4)
    heard = [at(app, HOME).get(path).status_code for _ in range(4)]
    assert 429 not in heard
    assert is_told_to_wait(at(app, HOME).get("/login/qr"))
    assert at(app, CAFE).get(path).status_code == heard[0]


def test_a_page_that_draws_its_own_code_counts_as_well(limited):
    app = limited(logins=2)
    page = {"Origin": "https://shop.test", "Sec-Fetch-Site": "same-site"}
    heard = [
        at(app, HOME).post("/api/attempts", json={}, headers=page) for _ in range(3)
    ]
    assert [answer.status_code for answer in heard] == [200, 200, 429]
    assert heard[-1].headers["Access-Control-Allow-Origin"] == "https://shop.test"
    assert heard[-1].get_json()["code"] == "too_many_requests"


def test_a_browser_that_loops_does_not_use_up_its_address(limited):
    """security row 8"""
    app = limited(logins_of_browser=5)
    looping = at(app, HOME)
    heard = [looping.get("/login/qr").status_code for _ in range(9)]
    assert heard == [302] * 6 + [429] * 3
    assert at(app, HOME).get("/login/qr").status_code == 302


def test_the_newest_login_of_a_browser_that_was_stopped_still_completes(
    limited, xiaoming
):
    """security row 8"""
    app = limited(logins_of_browser=12)
    browser = at(app, HOME)
    heard = [browser.get("/login/qr") for _ in range(20)]
    begun = [answer.location for answer in heard if answer.status_code == 302]
    assert len(begun) == 13
    started = Started.at(begun[-1])
    assert browser.returns(started, xiaoming.confirms(started)).status_code == 303


# -- sites --


def test_requests_of_sites(limited):
    app = limited(requests=4)
    shop = SiteServer(app, SHOP)
    heard = [at(app, HOME).get(shop.link()).status_code for _ in range(6)]
    assert heard == [302] * 4 + [429] * 2
    shop.link()
    by_form = at(app, HOME)._send("POST", "/oauth2/authorize", data=shop.sent)
    assert is_told_to_wait(by_form)
    assert at(app, CAFE).get(shop.link()).status_code == 302


def test_who_leaves_requests_unanswered(limited):
    """finding M6"""
    app = limited(waiting=4)
    shop = SiteServer(app, SHOP)
    heard = [at(app, HOME).get(shop.link()).status_code for _ in range(6)]
    assert heard == [302] * 4 + [429] * 2
    assert at(app, CAFE).get(shop.link()).status_code == 302


def test_requests_that_were_answered_do_not_count(limited, xiaoming):
    """A school signs in, one after the other; each request is counted back once."""
    app = limited(waiting=2)
    shop = SiteServer(app, SHOP)
    for _ in range(5):
        browser = at(app, HOME)
        first = browser.get(shop.link())
        [back] = re.findall(r"next=([^&]+)", first.location)
        started = browser.starts(back)
        done = browser.returns(started, xiaoming.confirms(started))
        for _ in range(3):
            assert browser.goes_to(done.location).status_code == 302
    heard = [at(app, HOME).get(shop.link()).status_code for _ in range(3)]
    assert heard == [302, 302, 429]


def test_where_all_places_are_taken_the_newest_stranger_is_refused(app_for, xiaoming):
    """Security row 8, finding M6: who waits already goes on, and signs in."""
    app = app_for(sites=SITES, trusted_proxies=1, waiting_requests=100)
    shop = SiteServer(app, SHOP)
    first = Browser(app)
    waits = at(app, HOME, first).get(shop.link())
    heard = [at(app, f"203.0.113.{one}").get(shop.link()) for one in range(8, 110)]
    codes = [answer.status_code for answer in heard]
    assert codes == [302] * 99 + [503] * 3
    assert heard[-1].headers["Retry-After"] == "30"
    in_english = at(app, CAFE).get(shop.link(), headers=ENGLISH)
    assert "Very many people are signing in" in in_english.text
    [back] = re.findall(r"next=([^&]+)", waits.location)
    started = first.starts(back)
    done = first.returns(started, xiaoming.confirms(started))
    assert first.goes_to(done.location).location.startswith("https://shop.test/")


def test_no_address_takes_all_places(app_for):
    app = app_for(sites=SITES, trusted_proxies=1, waiting_requests=100)
    shop = SiteServer(app, SHOP)
    heard = [at(app, HOME).get(shop.link()).status_code for _ in range(22)]
    assert heard == [302] * 20 + [429] * 2
    assert at(app, CAFE).get(shop.link()).status_code == 302


def test_sign_outs_of_sites(limited):
    app = limited(requests=3)
    heard = [at(app, HOME).get("/oauth2/logout").status_code for _ in range(5)]
    assert heard == [200] * 3 + [429] * 2


def wrong_calls(app, site, address: str, number: int) -> list:
    """A stranger's calls of the token endpoint in this site's name."""
    caller = at(app, address)
    form = {"grant_type": "authorization_code", "code": "made-up"}
    return [
        caller._send(
            "POST",
            "/oauth2/token",
            data={**form, "redirect_uri": site.redirect_uris[0]},
            auth=(site.client_id, f"wrong-{one}"),
        )
        for one in range(number)
    ]


def test_wrong_secrets_are_told_to_wait_in_oauths_words(limited):
    app = limited(failed_keys=3)
    heard = wrong_calls(app, SHOP, HOME, 5)
    assert [answer.status_code for answer in heard] == [401] * 3 + [429] * 2
    assert is_told_to_wait(heard[-1])
    assert heard[-1].get_json()["error"] == "temporarily_unavailable"
    assert heard[-1].headers["Cache-Control"] == "no-store"
    assert "WWW-Authenticate" not in heard[-1].headers


def test_a_stranger_cannot_lock_a_client_out(limited, signed_in_at):
    """Neither from elsewhere nor from the site's own address."""
    app = limited(failed_keys=3)
    browser = signed_in_at(app)
    wrong_calls(app, SHOP, HOME, 6)
    shop = SiteServer(app, SHOP)
    tokens = shop.signs_in(browser)
    assert tokens["access_token"]


@pytest.fixture
def signed_in_at(xiaoming):
    def sign_in(app) -> Browser:
        browser = at(app, HOME)
        started = browser.starts()
        assert browser.returns(started, xiaoming.confirms(started)).status_code == 303
        return browser

    return sign_in


@pytest.mark.parametrize("path", ["token", "introspect", "revoke"])
def test_each_client_and_each_address_counts_by_itself(limited, path):
    app = limited(failed_keys=2)

    def calls_with(client: str, address: str) -> int:
        return (
            at(app, address)
            ._send(
                "POST",
                f"/oauth2/{path}",
                data={"token": "x", "grant_type": "authorization_code"},
                auth=(client, "wrong"),
            )
            .status_code
        )

    assert [calls_with("shop", HOME) for _ in range(3)] == [401, 401, 429]
    assert calls_with("news", HOME) == 401
    assert calls_with("shop", CAFE) == 401
    # Names that nobody has count as one.
    assert [calls_with(f"nobody-{one}", CAFE) for one in range(3)] == [401, 401, 429]


def test_a_public_clients_pages_can_read_the_refusal(limited):
    app = limited(failed_keys=1)
    form = {"grant_type": "refresh_token", "refresh_token": "x", "client_id": "app"}
    page = {"Origin": "https://app.test"}
    caller = at(app, HOME)
    heard = [
        caller._send("POST", "/oauth2/token", data=form, headers=page) for _ in range(2)
    ]
    assert [answer.status_code for answer in heard] == [400, 429]
    for answer in heard:
        assert answer.headers["Access-Control-Allow-Origin"] in ("*", page["Origin"])


@pytest.mark.parametrize(
    "path", ["/api/site/users/x", "/api/site/events", "/api/users/x"]
)
def test_wrong_keys_of_the_api(limited, path):
    app = limited(failed_keys=2)
    caller = at(app, HOME)
    heard = [caller.get(path, auth=("shop", f"wrong-{one}")) for one in range(4)]
    assert [answer.status_code for answer in heard] == [401, 401, 429, 429]
    assert is_told_to_wait(heard[-1])
    assert heard[-1].mimetype == "application/problem+json"
    assert heard[-1].get_json()["status"] == 429
    right = caller.get(path, auth=("shop", SHOP.client_secret))
    assert right.status_code in (200, 404)


def test_right_keys_count_for_their_site(limited):
    app = limited(site_calls=3)
    caller = at(app, HOME)
    heard = [caller.get("/api/site/events", auth=("shop", SHOP.client_secret))]
    heard += [
        caller.get("/api/site/users/x", auth=("shop", SHOP.client_secret))
        for _ in range(3)
    ]
    assert [answer.status_code for answer in heard] == [200, 404, 404, 429]
    other = caller.get("/api/site/events", auth=("news", NEWS_SECRET))
    assert other.status_code == 200


def test_one_visitor_looks_at_one_picture(limited):
    app = limited(pictures=2)
    browser = at(app, HOME)
    browser.client.set_cookie(
        "wxlogin_registration", "a-first-visit", domain="127.0.0.1"
    )
    heard = [browser.get("/register/picture").status_code for _ in range(4)]
    assert heard == [410, 410, 429, 429]


def test_one_browser_looks_at_its_wechats(limited, xiaoming):
    app = limited(pictures=2)
    browser = at(app, HOME)
    started = browser.starts()
    browser.returns(started, xiaoming.confirms(started))
    path = "/me/identities/1/picture"
    heard = [browser.get(path).status_code for _ in range(4)]
    assert heard == [404, 404, 429, 429]


def test_one_browser_takes_copies_of_its_data(limited, xiaoming):
    app = limited(copies=2)
    one, other = at(app, HOME), at(app, HOME)
    for browser in (one, other):
        started = browser.starts()
        browser.returns(started, xiaoming.confirms(started))
    heard = [one.get("/me/data") for _ in range(3)]
    assert [answer.status_code for answer in heard] == [200, 200, 429]
    assert is_told_to_wait(heard[-1])
    assert other.get("/me/data").status_code == 200
    assert one.get("/me").status_code == 200


# -- what is said, and what is never limited --


@pytest.mark.parametrize(
    ("language", "title", "what_to_do"),
    [
        (CHINESE, "请求过于频繁", "请等一分钟再试"),
        (ENGLISH, "Too many requests at once", "wait a minute and try again"),
    ],
)
def test_a_person_reads_what_to_do_next(limited, language, title, what_to_do):
    app = limited(logins=1)
    at(app, HOME).get("/login/qr")
    answer = at(app, HOME).get("/login?next=/me", headers=language)
    assert is_told_to_wait(answer)
    assert title in answer.text
    assert what_to_do in answer.text
    assert 'href=""' in answer.text
    assert answer.headers["Content-Security-Policy"]


def test_in_a_frame_of_a_site_the_page_is_shown_too(limited):
    app = limited(logins=1)
    heard = [at(app, HOME).get("/login/embed") for _ in range(2)]
    assert [answer.status_code for answer in heard] == [200, 429]
    for answer in heard:
        assert "https://shop.test" in answer.headers["Content-Security-Policy"]


def test_the_page_hands_no_code_on(limited):
    """Security row 32: the address may hold a code."""
    app = limited(logins=1)
    browser = at(app, HOME)
    started = browser.starts()
    browser.get(started.with_code("made-up"))
    answer = browser.get(started.with_code("made-up-too"))
    assert is_told_to_wait(answer)
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "made-up-too" not in answer.text


def test_what_is_never_limited(limited, signed_in_at):
    ones = {name: 1 for name in Limits.model_fields if name != "enabled"}
    app = limited(**{**ones, "logins": 2})
    browser = signed_in_at(app)
    paths = ["/healthz", "/readyz", "/auth", "/api/me", "/me", "/static/wxlogin.css"]
    for path in paths:
        heard = {browser.get(path).status_code for _ in range(20)}
        assert len(heard) == 1, path
        assert heard <= {200, 503}, path


def test_limits_may_be_off(app_for):
    app = app_for(limits="off")
    browser = Browser(app)
    heard = {browser.get("/login/qr").status_code for _ in range(80)}
    assert heard == {302}


def test_no_secret_is_in_the_name_of_a_count(limited, signed_in_at):
    """Security row 33: a count is named by an address, a site or a hash."""
    app = limited()
    named = []
    counters = app.extensions["wxlogin.counters"]
    once = counters.add
    counters.add = lambda key, **more: named.append(key) or once(key, **more)
    browser = signed_in_at(app)
    shop = SiteServer(app, SHOP)
    shop.signs_in(browser)
    wrong_calls(app, SHOP, HOME, 1)
    browser.get("/register/picture", headers={"Cookie": "wxlogin_registration=kept"})
    browser._send("POST", "/api/handover", headers={"Authorization": "Bearer t0ken"})
    fine = re.compile(
        r"[a-z_-]+:(203\.0\.113\.7|shop@203\.0\.113\.7|[a-z]+-[0-9a-f]{32}|shop)"
    )
    assert len(named) >= 8
    assert [name for name in named if not fine.fullmatch(name)] == []


def test_the_numbers_leave_room_for_a_school():
    """Thousands of honest sign-ins a minute from one address: each is a visit to
    /oauth2/authorize, one or two beginnings and one or two callbacks."""
    numbers = Limits()
    assert min(numbers.logins, numbers.requests) >= 2 * 5000
    assert numbers.waiting >= 20_000
    # In any minute across two stretches WeChat hears less than sixty of one address.
    assert 2 * numbers.failed_codes < 60
