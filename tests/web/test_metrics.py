"""What Prometheus reads, who may, and what is never in it (security row 103)."""

import re

import pytest

from tests.support.counted import Counted, known, read, samples
from tests.support.journey import Browser
from tests.web.mini_program import MiniProgram
from tests.web.scanning import Page, Scanner
from wxlogin.accounts import people
from wxlogin.accounts.changes import Kind
from wxlogin.accounts.resolve import Outcome
from wxlogin.config import Site
from wxlogin.db import db
from wxlogin.flows.beside import Beside
from wxlogin.flows.doors import DOORS
from wxlogin.metrics import INSTRUMENTS

TOKEN = "m3tr1cs-T0ken-of-32-characters-x"
HERE = {"Host": "127.0.0.1:5000"}


@pytest.fixture
def counted(app) -> Counted:
    return Counted(app)


def asks(app, address: str = "127.0.0.1", **headers: str):
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    where = {"REMOTE_ADDR": address}
    client = app.test_client()
    return client.get("/metrics", headers={**HERE, **named}, environ_base=where)


def test_a_sign_in_is_a_funnel_by_door_and_app(counted, browser, xiaoming):
    started = browser.starts()
    for name in ("begun", "scanned", "signed_in"):
        expected = 1.0 if name == "begun" else 0.0
        assert counted.since(f"wxlogin_logins_{name}_total") == expected
    browser.returns(started, xiaoming.confirms(started))
    for name in ("begun", "scanned", "signed_in"):
        its = {"door": "qr", "app": "web"}
        assert counted.since(f"wxlogin_logins_{name}_total", **its) == 1
    new = {"outcome": "created"}
    assert counted.since("wxlogin_logins_signed_in_total", **new) == 1
    assert counted.since("wxlogin_logins_failed_total") == 0


def test_what_happens_to_accounts(app, counted, signed_in):
    uid = signed_in.who()["uid"]
    with app.app_context():
        people.disable(uid)
        people.enable(uid)
    for event in ("user.disabled", "user.enabled"):
        assert counted.since("wxlogin_changes_total", event=event) == 1


def test_a_reload_of_the_callback_counts_nothing_more(counted, browser, xiaoming):
    started = browser.starts()
    code = xiaoming.confirms(started)
    for _ in range(3):
        browser.returns(started, code)
    assert counted.since("wxlogin_logins_scanned_total") == 1
    assert counted.since("wxlogin_logins_signed_in_total") == 1


def test_a_phone_that_scans_our_code(app, simulator, counted, browser):
    page = Page(browser)
    page.opens()
    program = MiniProgram(app, simulator, "xiaoming")
    program.logs_in()
    Scanner(program, page).signs_the_browser_in()
    for name in ("begun", "scanned", "signed_in"):
        its = {"door": "scan", "app": "mp"}
        assert counted.since(f"wxlogin_logins_{name}_total", **its) == 1
    its = {"door": "mini_program", "app": "mp"}
    assert counted.since("wxlogin_logins_begun_total", **its) == 1


def test_a_refusal_and_a_bad_code_are_failures_of_their_door(counted, browser):
    browser.returns(browser.starts(), None)
    browser.returns(browser.starts(), "made-up")
    its = {"door": "qr", "app": "web"}
    for problem in ("refused", "code_invalid"):
        failed = counted.since("wxlogin_logins_failed_total", **its, problem=problem)
        assert failed == counted.since("wxlogin_problems_total", problem=problem) == 1


def test_calls_to_wechat_by_what_they_said(app, simulator, counted, browser, xiaoming):
    started = browser.starts()
    browser.returns(started, xiaoming.confirms(started))
    browser.returns(browser.starts(), "made-up")
    of = {"call": "exchange", "app": "web"}
    name = "wxlogin_wechat_calls_total"
    assert counted.since(name, **of, result="ok") == 1
    assert counted.since(name, **of, result="40029") == 1
    assert counted.since("wxlogin_wechat_seconds_count", call="exchange") == 2
    simulator.world.switch(body="html")
    browser.returns(browser.starts(), "made-up")
    assert counted.since(name, **of, result="garbage") == 1
    simulator.world.switch(body=None, errcode={"errcode": 987654, "times": 9})
    browser.returns(browser.starts(), "made-up")
    # What is in no table of WeChat's is one result, however many there are.
    assert counted.since(name, **of, result="other") == 1


def test_a_limit_that_is_used_up(app_for):
    app = app_for(limits={"failed_codes": 3})
    counted = Counted(app)
    for number in range(5):
        stranger = Browser(app)
        stranger.returns(stranger.starts(), f"made-up-{number}")
    assert counted.since("wxlogin_limits_reached_total", limit="failed-codes") == 2
    assert counted.since("wxlogin_problems_total", problem="too_many_requests") == 2


def test_tickets_and_requests(counted, browser, xiaoming):
    started = browser.starts()
    browser.returns(started, xiaoming.confirms(started))
    assert counted.since("wxlogin_tickets_total", operation="add", result="ok") == 1
    asked = counted.since("wxlogin_request_seconds_count", endpoint="callback.callback")
    assert asked == 1


def test_what_waits_for_a_site(app_for, monkeypatch):
    shop = Site(
        name="shop",
        client_id="shop-1",
        client_secret="the-shop-s-own-client-secret",
        webhook_url="https://shop.test/hook",
        webhook_secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    )
    app = app_for(sites=(shop,))
    at = frozenset({("way", "webhook"), ("site", "shop")})
    found = samples(read(app))
    assert found["wxlogin_deliveries_waiting", at] == 0
    assert found["wxlogin_deliveries_oldest_seconds", at] == 0
    # With a database that is away the rest is told all the same.
    monkeypatch.setattr(Beside.ask, "__defaults__", (0.5,))
    with app.app_context():
        db.metadata.tables["events"].drop(db.engine)
    text = read(app)
    assert "wxlogin_deliveries_waiting" not in text
    assert "wxlogin_build_info" in text


def test_on_this_machine_it_is_open(app):
    for address, name in (("127.0.0.1", "localhost:5000"), ("::1", "[::1]:5000")):
        assert asks(app, address, Host=name).status_code == 200
    answer = asks(app, Accept="application/openmetrics-text; version=1.0.0")
    assert answer.mimetype == "application/openmetrics-text"
    assert answer.text.endswith("# EOF\n")
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    ("address", "headers"),
    [
        ("203.0.113.7", {}),
        ("10.0.0.7", {}),
        ("", {}),
        # Somebody's request, passed on by a proxy on this machine.
        ("127.0.0.1", {"Host": "login.shop.test"}),
        ("127.0.0.1", {"Host": "evil.test"}),
        ("127.0.0.1", {"X_Forwarded_For": "203.0.113.7"}),
        ("127.0.0.1", {"X_Forwarded_For": "127.0.0.1"}),
        ("127.0.0.1", {"X_Real_Ip": "203.0.113.7"}),
        ("127.0.0.1", {"Forwarded": "for=203.0.113.7"}),
        ("127.0.0.1", {"Via": "1.1 proxy"}),
        ("127.0.0.1", {"Host": "login.shop.test", "Authorization": "Bearer "}),
    ],
)
@pytest.mark.parametrize("proxies", [0, 1])
def test_to_others_it_is_closed(app_for, address, headers, proxies):
    app = app_for(trusted_proxies=proxies)
    refused = asks(app, address, **headers)
    assert refused.status_code == 401
    assert refused.mimetype == "application/problem+json"
    assert refused.get_json()["code"] == "key_needed"
    assert "Bearer" in refused.headers["WWW-Authenticate"]
    assert "wxlogin_" not in refused.text


def test_with_a_token_it_is_read_by_that_alone(app_for):
    app = app_for(metrics_token=TOKEN, limits={"failed_keys": 3})
    given = {"Authorization": f"Bearer {TOKEN}", "Host": "10.0.0.7:5000"}
    assert asks(app, "10.0.0.9", **given).status_code == 200
    for wrong in ({}, {"Authorization": f"Bearer {TOKEN}x"}):
        assert asks(app, **wrong).status_code == 401
    heard = [
        asks(app, "203.0.113.7", Authorization="Bearer wrong").status_code
        for _ in range(5)
    ]
    assert heard == [401] * 3 + [429] * 2
    assert asks(app, "203.0.113.7", **given).status_code == 200


def test_a_label_is_never_what_somebody_sent(app, counted, simulator, lihua):
    """However a visitor spells it, the values come from settings, code and tables."""
    odd = "o-marker-x"
    # Other tests of this process have counted, too.
    before = samples(read(app))
    browser = Browser(app)
    browser.headers |= {"User-Agent": odd, "Referer": f"https://{odd}.test/"}
    started = browser.starts(next_url=f"/{odd}")
    browser.returns(started, lihua.confirms(started))
    for path in (
        f"/login/callback/{odd}?code={odd}&state={odd}",
        f"/{odd}",
        f"/login/scan/{odd}/state",
        f"/oauth2/authorize?client_id={odd}&scope={odd}",
    ):
        browser.get(path)
    browser.post(f"/api/mobile/{odd}/login", json={"code": odd})
    text = read(app)
    assert odd not in text
    assert "127.0.0.1" not in text
    values: dict[str, set[str]] = {}
    for key, count in samples(text).items():
        for name, value in key[1] if before.get(key) != count else ():
            values.setdefault(name, set()).add(value)
    settings_apps = {"web", "oa", "mp", "mp2", "app", "lone"}
    assert values["door"] <= {door.name for door in DOORS}
    assert values["app"] <= settings_apps
    assert values["outcome"] <= {one.value for one in Outcome}
    assert values.get("event", set()) <= {one.value for one in Kind}
    assert values["endpoint"] <= {"", *app.view_functions}
    for value in values["result"]:
        assert re.fullmatch(r"[a-z_]+|-?\d{1,6}", value)


def test_each_sample_has_an_instrument(app, signed_in):
    names = {name for name, _ in samples(read(app))}
    assert names
    assert all(known(name) for name in names)
    for name, one in INSTRUMENTS.items():
        assert re.fullmatch(r"wxlogin_[a-z_]+", name)
        assert one.about[-1] != "."


def test_whoever_waits_is_counted_while_they_wait(app, browser):
    waiting = frozenset()
    page = Page(browser)
    page.opens()
    path = f"/login/scan/{page.ticket}/events"
    where = {"environ_base": {"REMOTE_ADDR": page.address}}
    stream = browser.get(path, headers={"Accept": "text/event-stream"}, **where)
    next(iter(stream.response))
    assert samples(read(app))["wxlogin_waiting_browsers", waiting] == 1
    stream.close()
    assert samples(read(app))["wxlogin_waiting_browsers", waiting] == 0
