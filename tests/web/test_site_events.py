"""A site's server asks what happened to its users."""

import pytest

from tests.support.journey import Browser
from wxlogin.accounts import people as accounts
from wxlogin.config import Site
from wxlogin.db import now, transaction
from wxlogin.sites import members
from wxlogin.sites.feed import Page

SHOP = Site(name="shop", client_id="shop", client_secret="sh0p-secret-of-24-characters")
FORUM = Site(
    name="forum", client_id="forum", client_secret="f0rum-secret-of-24-characters"
)
PUBLIC = Site(name="app", client_id="app")
KEY = (SHOP.client_id, SHOP.client_secret)


@pytest.fixture
def service(app_for):
    return app_for(sites=(SHOP, FORUM, PUBLIC))


@pytest.fixture
def customer(service, xiaoming):
    """小明, whom the shop knows."""
    browser = Browser(service)
    started = browser.starts()
    browser.returns(started, xiaoming.confirms(started))
    uid = browser.who()["uid"]
    with service.app_context():
        user_id = accounts.find_user(uid).user_id
        transaction(lambda s: members.join(s, "shop", user_id, at=now()))
    return uid


def ask(service, key=KEY, **query):
    return service.test_client().get("/api/site/events", query_string=query, auth=key)


def test_a_site_reads_its_events_to_the_end(service, customer):
    with service.app_context():
        accounts.disable(customer)
        accounts.enable(customer)
    first = ask(service, limit=2).get_json()
    assert list(first) == ["events", "next", "more"]
    assert [one["type"] for one in first["events"]] == [
        "user.created",
        "user.disabled",
    ]
    assert first["more"] is True
    second = ask(service, after=first["next"]).get_json()
    assert [one["type"] for one in second["events"]] == ["user.enabled"]
    assert second["more"] is False
    last = ask(service, after=second["next"]).get_json()
    assert last == {"events": [], "next": second["next"], "more": False}


def test_an_event_has_id_type_time_and_data(service, customer):
    (event,) = ask(service).get_json()["events"]
    assert list(event) == ["id", "type", "timestamp", "data"]
    assert event["id"].startswith("evt_")
    assert event["data"] == {"uid": customer, "external_id": None}


def test_another_site_reads_nothing_of_it(service, customer):
    answer = ask(service, (FORUM.client_id, FORUM.client_secret))
    assert answer.get_json()["events"] == []


@pytest.mark.parametrize(
    "key",
    [
        None,
        ("shop", "wrong-secret-of-24-characters"),
        ("forum", SHOP.client_secret),
        ("app", ""),
        ("nobody", "x"),
    ],
)
def test_without_its_key_nobody_reads(service, customer, key):
    """security row 116"""
    answer = ask(service, key)
    assert answer.status_code == 401
    assert answer.get_json()["code"] == "key_needed"
    assert "Basic" in answer.headers["WWW-Authenticate"]


def test_a_person_s_session_is_no_key(service, customer, signed_in):
    assert signed_in.get("/api/site/events").status_code == 401


@pytest.mark.parametrize(
    "query",
    [
        {"after": "x"},
        {"after": "-1"},
        {"after": "9" * 19},
        {"after": "１"},
        {"limit": "0"},
        {"limit": "501"},
        {"limit": "many"},
    ],
)
def test_a_cursor_that_we_never_gave_is_refused(service, customer, query):
    answer = ask(service, **query)
    assert answer.status_code == 400
    assert answer.get_json()["code"] == "bad_request"


def test_more_than_500_are_never_sent_at_once(service, customer, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "wxlogin.web.site_api.feed.read",
        lambda client_id, *, after, limit: (
            asked.append(limit) or Page((), after, False)
        ),
    )
    answer = ask(service, limit=501)
    assert answer.get_json()["reason"] == "limit is 1 to 500"
    ask(service, limit=500)
    ask(service)
    assert asked == [500, 100]
