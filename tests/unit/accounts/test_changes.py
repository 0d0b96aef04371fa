"""What accounts announce is heard, or it is an error (security row 48)."""

from pathlib import Path

import pytest
from flask import Flask, current_app

from tests.support.people import People, user_of
from wxlogin.accounts import changes
from wxlogin.accounts.changes import Change, Kind, announce
from wxlogin.accounts.people import disable
from wxlogin.config import load_settings
from wxlogin.db import now, transaction
from wxlogin.factory import build
from wxlogin.flows import must_follow
from wxlogin.sites import events


@pytest.fixture
def app(people: People) -> Flask:
    found: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    return found


def test_the_service_itself_writes_events(tmp_path: Path) -> None:
    app = build(load_settings(tmp_path))
    heard = app.extensions["wxlogin.changes"]
    # The second tells pages that wait, once it is true.
    assert heard == (events.write, must_follow.ring)


def test_a_change_that_nobody_hears_is_not_made(people: People, app: Flask) -> None:
    people.signs_in("web", "o1")
    uid = user_of("web", "o1").uid
    changes.listen(app)
    with pytest.raises(LookupError):
        disable(uid)
    assert user_of("web", "o1").disabled_at is None


def test_a_listener_that_fails_undoes_the_change(people: People, app: Flask) -> None:
    people.signs_in("web", "o1")
    uid = user_of("web", "o1").uid
    heard: list[Change] = []

    def fails(session: object, change: Change) -> None:
        heard.append(change)
        raise OSError

    changes.listen(app, fails)
    with pytest.raises(OSError):
        disable(uid)
    assert [change.kind for change in heard] == [Kind.disabled]
    assert user_of("web", "o1").disabled_at is None


def test_listeners_hear_in_their_order(people: People, app: Flask) -> None:
    people.signs_in("web", "o1")
    heard: list[str] = []
    changes.listen(
        app, lambda s, change: heard.append("a"), lambda s, change: heard.append("b")
    )
    change = Change(Kind.enabled, user_of("web", "o1").id, now())
    transaction(lambda s: announce(s, change))
    assert heard == ["a", "b"]
