"""A site's request as it is kept: asked itself, held, and answered once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.people import START, People
from tests.unit.oidc.conftest import NATIVE, PUBLIC_URL, SHOP
from wxlogin.accounts import people, sessions
from wxlogin.accounts.sessions import Visitor
from wxlogin.db import now
from wxlogin.oidc import authorization_request
from wxlogin.oidc.authorization_request import AuthorizationRequest
from wxlogin.service import running

BACK = "http://localhost:8000/callback"


def asked(**changes) -> AuthorizationRequest:
    facts = {
        "client_id": "shop",
        "redirect_uri": BACK,
        "state": "s",
        "response_mode": "query",
        "scope": ("openid",),
        "nonce": None,
        "code_challenge": None,
        "prompt": (),
        "max_age": None,
        "expected_uid": None,
        "created": now(),
        **changes,
    }
    return AuthorizationRequest(**facts)


@pytest.fixture
def visitor(service) -> Visitor:
    """小明, who has just signed in."""
    People().signs_in("web", "o1", secret="of the session")
    found = sessions.find("of the session", at=START + timedelta(minutes=1))
    assert found is not None
    return found


def test_it_is_answered_once(service):
    key = authorization_request.hold(asked())
    assert not authorization_request.held(key).answered
    assert authorization_request.answered(key)
    assert authorization_request.held(key).answered
    assert not authorization_request.answered(key)


def test_what_nobody_asked_has_no_answer(service):
    assert not authorization_request.answered("unknown")
    assert authorization_request.held("unknown") is None


def test_it_waits_half_an_hour_and_once_answered_two_minutes(service, monkeypatch):
    store, kept = running().tickets, []
    for name in ("add", "swap"):
        keep = getattr(store, name)

        def noting(*place, keep=keep, **how):
            kept.append((how["ttl"], how.get("most")))
            return keep(*place, **how)

        monkeypatch.setattr(store, name, noting)
    authorization_request.answered(authorization_request.hold(asked()))
    most = running().settings.waiting_requests
    assert kept == [(1800, most), (120, None)]


def test_a_key_tells_whose_request_it_was(service):
    key = authorization_request.hold(asked())
    native = authorization_request.hold(asked(client_id="native"))
    assert authorization_request.site_of(key) == SHOP
    assert authorization_request.site_of(native) == NATIVE
    assert authorization_request.site_of(key[:22]) is None
    assert authorization_request.site_of("unknown") is None


@pytest.mark.parametrize("state", ["s", None])
def test_the_site_is_told_from_whom_its_answer_is(service, state):
    """RFC 9207"""
    told = asked(state=state).told(code="c")
    assert (told.status, told.to, told.mode) == (302, BACK, "query")
    body = {"code": "c", "iss": PUBLIC_URL}
    assert told.body == (body if state is None else {**body, "state": state})


@pytest.mark.parametrize("prompt", [("login",), ("select_account",)])
def test_a_wish_for_a_login_is_met_by_one_made_since(service, visitor, prompt):
    started = visitor.session_started_at
    before, at = started - timedelta(seconds=1), started + timedelta(minutes=1)
    assert not asked(prompt=prompt, created=before).wants_login(visitor, at=at)
    assert asked(prompt=prompt, created=started).wants_login(visitor, at=at)
    assert asked(prompt=prompt, created=at).wants_login(visitor, at=at)
    assert not asked(created=at).wants_login(visitor, at=at)


def test_a_login_is_too_old_from_max_age_on(service, visitor):
    started = visitor.session_started_at
    request = asked(max_age=60, created=started + timedelta(seconds=1))
    last = started + timedelta(seconds=59)
    assert not request.wants_login(visitor, at=last)
    assert request.will_do(visitor, at=last)
    over = started + timedelta(seconds=60)
    assert request.wants_login(visitor, at=over)
    assert not request.will_do(visitor, at=over)


def test_a_site_may_expect_somebody(service, visitor):
    arrived = People().signs_in("web", "o2")
    other = people.account(arrived.resolution.user_id).uid
    at = visitor.session_started_at
    assert not asked().wants_another(visitor)
    assert not asked(expected_uid=visitor.uid).wants_another(visitor)
    assert asked(expected_uid=other).wants_another(visitor)
    early = replace(asked(), created=at - timedelta(1))
    assert early.will_do(visitor, at=at)
    assert not replace(early, expected_uid=other).will_do(visitor, at=at)


def test_a_program_and_who_asks_for_it_wait_for_a_word(service):
    assert not asked().asks_for_word(SHOP)
    assert asked(prompt=("consent",)).asks_for_word(SHOP)
    assert asked(client_id="native").asks_for_word(NATIVE)


def test_it_fits_as_long_as_the_address_is_listed(service):
    assert asked().still_fits(SHOP)
    elsewhere = SHOP.model_copy(update={"redirect_uris": ("http://localhost:8000/x",)})
    assert not asked().still_fits(elsewhere)


def test_without_a_page_only_where_the_site_says_so():
    created = now()
    assert asked(prompt=("none",), created=created).silent
    assert not asked(prompt=("login",), created=created).silent
