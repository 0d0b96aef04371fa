"""Unmodified clients sign in by discovery alone and verify the ID token.

What a client does of itself is not looked into: it refuses or it does not.
"""

import pytest

from tests.clients.person import Person
from tests.clients.tampering import with_another_nonce, with_another_signature
from wxlogin.accounts.models import AccessToken, Authorization
from wxlogin.db import db
from wxlogin.oidc import key_rotation


@pytest.fixture
def signed_in(site, person):
    """What the site knows of 小明."""
    answer = person.goes_to(site.url + site.login)
    assert answer.status_code == 200, answer.text
    known = site.knows(person)
    assert known["name"] == "小明😀"
    return known


def test_it_signs_in_by_discovery_alone(site, person, signed_in):
    assert person.logins == 1
    assert len(signed_in["sub"]) > 8


def test_it_refreshes(site, person, signed_in):
    """A new access token, the same person, and nobody scans anything."""
    answer = person.goes_to(site.refreshed_by(signed_in))
    assert answer.status_code == 200, answer.text
    after = site.knows(person)
    assert after["mark"] != signed_in["mark"]
    assert after["sub"] == signed_in["sub"]
    assert person.logins == 1


def test_it_signs_out(site, person, signed_in, service):
    """Back at the site, signed out there and here, and its tokens are dead."""
    answer = person.goes_to(site.url + site.logout)
    assert (answer.status_code, answer.text) == (200, "bye")
    assert site.knows(person) is None
    me = person.session.get(f"{service.url}/api/me", timeout=10)
    assert me.status_code == 401
    with service.app.app_context():
        assert db.session.query(Authorization).count() == 0
        assert db.session.query(AccessToken).count() == 0


def test_it_refuses_a_wrong_nonce(site, person):
    """security row 117: an ID token for another login signs nobody in."""
    person.goes_to(site.url + site.login, with_another_nonce)
    assert person.logins == 1
    assert site.knows(person) is None


def test_it_refuses_another_signature(site, person, service):
    """security row 117: each of these clients checks it, so ours is a good one."""
    service.app.wsgi_app = with_another_signature(service.app.wsgi_app)
    person.goes_to(site.url + site.login)
    assert person.logins == 1
    assert site.knows(person) is None


def test_it_follows_a_rotated_key(site, person, signed_in, service, simulator):
    """security row 118: a key that the client has never seen, from one login to the
    next."""
    with service.app.app_context():
        key_rotation.rotate(leaked=True)
    if site.later:
        person.goes_to(site.url + site.later)
    other = Person(service.url, simulator)
    answer = other.goes_to(site.url + site.login)
    assert answer.status_code == 200, answer.text
    after = site.knows(other)
    other.close()
    assert after["sub"] == signed_in["sub"]
    assert after.get("kid", 1) != signed_in.get("kid", 2)
