"""Signing keys, and access taken back, on each database."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from tests.support.people import People, rows
from tests.support.telling import customer, signed_in_at
from tests.unit.oidc.conftest import service_for  # noqa: F401  a fixture
from wxlogin.accounts.models import Authorization, Event, LogoutNotice
from wxlogin.accounts.models import Session as SessionRow
from wxlogin.db import now, reading
from wxlogin.oidc import key_rotation, signing_keys
from wxlogin.oidc.signing_keys import SigningKey
from wxlogin.sites import memberships


@pytest.fixture
def workers(service_for: Callable[..., Flask], tables_url: str) -> list[Flask]:  # noqa: F811
    """Four workers on one database; each remembers keys for itself."""
    return [service_for(database_url=tables_url) for _ in range(4)]


@pytest.fixture
def people(workers: list[Flask]) -> Iterator[People]:
    with workers[0].app_context():
        yield People()


def all_at_once(workers: list[Flask], work: Callable[[], object]) -> list[object]:
    gate = threading.Barrier(len(workers))

    def one(app: Flask) -> object:
        with app.app_context():
            gate.wait(10)
            return work()

    with ThreadPoolExecutor(len(workers)) as pool:
        return list(pool.map(one, workers))


def test_of_first_keys_made_at_once_one_stays(workers):
    signed = all_at_once(workers, lambda: signing_keys.signing_key("ES256").kid)
    assert len(set(signed)) == 1
    with workers[0].app_context():
        assert rows(SigningKey) == 1


def test_rotations_at_once_leave_one_that_signs(workers):
    """security row 118"""
    with workers[0].app_context():
        signing_keys.signing_key("RS256")
    all_at_once(workers, key_rotation.rotate)
    all_at_once(workers, lambda: key_rotation.rotate(leaked=True))
    with workers[0].app_context():
        states = [key.state for key in key_rotation.list_keys()]
    assert states[0] == "signs"
    assert states.count("signs") + states.count("published") <= len(workers)
    signed = all_at_once(workers, lambda: signing_keys.signing_key("RS256").kid)
    assert len(set(signed)) == 1


def test_access_is_taken_back_once(workers, people):
    """security row 119: two tabs press the button"""
    user = customer(people, "o1", "shop", "forum")
    with reading() as session:
        session_id = session.scalar(sa.select(SessionRow.id))
    for client_id in ("shop", "forum"):
        signed_in_at(user, client_id, session_id, sid=f"sid-{client_id}")
    found = all_at_once(workers, lambda: memberships.take_back(user.id, "shop"))
    assert found == [True] * len(workers)
    assert [
        (one.client_id, one.has_access) for one in memberships.of_user(user.id)
    ] == [
        ("shop", False),
        ("forum", True),
    ]
    with reading() as session:
        told = session.scalars(sa.select(Event).filter_by(type="user.revoked"))
        assert [event.client_id for event in told] == ["shop"]
        (notice,) = session.scalars(sa.select(LogoutNotice))
        assert (notice.client_id, notice.sid) == ("shop", "sid-shop")
        (left,) = session.scalars(sa.select(Authorization))
        assert left.client_id == "forum"
    assert not memberships.take_back(user.id, "nobody")
    assert memberships.of_user(user.id)[0].since <= now() + timedelta(seconds=1)
