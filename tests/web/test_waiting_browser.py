"""Waiting for a phone: a stream of events, its resuming, and asking instead."""

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from tests.support.journey import SAME_ORIGIN
from tests.support.waiting_door import add_door, words
from wxlogin.db import db
from wxlogin.errors import Unready
from wxlogin.service import service_of
from wxlogin.web import waiting_browser

PATIENCE = 20


@pytest.fixture
def app(app_for):
    return add_door(app_for())


class Waits:
    """A browser with a ticket, and the phone that says its word."""

    def __init__(self, app) -> None:
        self.app = app
        self.client = app.test_client()
        self.key = self.posts(self.client, "").get_json()["key"]

    def posts(self, client, path: str):
        answer = client.post(f"/word/{path}", headers=SAME_ORIGIN)
        assert answer.status_code == 200
        return answer

    def hears(self, said: str) -> None:
        self.posts(self.app.test_client(), f"{self.key}/{said}")

    def asks(self, **query):
        return self.client.get(f"/word/{self.key}/state", query_string=query)

    def opens(self, last: int | None = None, client=None):
        headers = {} if last is None else {"Last-Event-ID": str(last)}
        return (client or self.client).get(f"/word/{self.key}/events", headers=headers)

    def stream(self, last: int | None = None) -> Iterator[str]:
        answer = self.opens(last)
        assert answer.status_code == 200
        return (piece.decode() for piece in answer.iter_encoded())


@pytest.fixture
def waits(app) -> Waits:
    return Waits(app)


def told(piece: str) -> dict[str, object]:
    """What one event says."""
    lines = dict(line.split(": ", 1) for line in piece.strip().splitlines())
    assert lines["event"] == "state"
    data = json.loads(lines["data"])
    assert lines["id"] == str(data["version"])
    return data


def test_a_stream_tells_each_state_as_it_comes_and_ends_with_the_last(waits):
    stream = waits.stream()
    first = next(stream)
    assert first.startswith("retry: 1000\nid: 1\nevent: state\ndata: {")
    assert first.endswith("}\n\n")
    assert told(first)["state"] == "waiting"
    waits.hears("scanned")
    scanned = told(next(stream))
    assert (scanned["state"], scanned["version"]) == ("scanned", 2)
    assert scanned["nickname"] == "小明😀"
    assert 290 < scanned["expires_in"] <= 300
    waits.hears("claimed")
    assert told(next(stream))["state"] == "claimed"
    assert [*stream] == []


def test_a_stream_is_nobody_else_s_and_no_cache_s(waits, app):
    """Security row 75."""
    stranger = waits.opens(client=app.test_client())
    assert stranger.status_code == 404
    assert stranger.mimetype == "application/problem+json"
    answer = waits.opens()
    assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Accel-Buffering"] == "no"
    assert not [
        name for name in answer.headers.keys() if "access-control" in name.lower()
    ]
    answer.close()
    assert waits.client.get(f"/word/{waits.key}/state").status_code == 200
    assert app.test_client().get(f"/word/{waits.key}/state").status_code == 404


def test_a_broken_stream_loses_nothing(waits):
    """Security row 76: what happened between two streams is told by the second."""
    stream = waits.stream()
    next(stream)
    stream.close()
    waits.hears("confirmed")
    assert told(next(waits.stream(last=1)))["state"] == "confirmed"
    assert waits.asks().get_json()["state"] == "confirmed"
    # Of what it saw already it hears nothing again, but that the stream is open.
    resumed = waits.stream(last=2)
    assert next(resumed) == "retry: 1000\n:\n\n"
    waits.hears("claimed")
    assert told(next(resumed))["state"] == "claimed"
    # What is final is said to everybody who comes, and never waited behind.
    again = [*waits.stream(last=3)]
    assert [told(piece)["state"] for piece in again] == ["claimed"]
    assert again[0].startswith("retry: 60000\n")


@pytest.mark.parametrize("last", ["", "x", "99999999999999999999", "-1"])
def test_an_odd_last_event_id_is_none(waits, last):
    answer = waits.client.get(
        f"/word/{waits.key}/events", headers={"Last-Event-ID": last}
    )
    assert told(next(answer.iter_encoded()).decode())["version"] == 1
    answer.close()


def test_a_silent_stream_says_that_it_lives(waits, monkeypatch):
    monkeypatch.setattr(waiting_browser, "BEAT_SECONDS", 0.02)
    stream = waits.stream()
    next(stream)
    assert [next(stream) for _ in range(3)] == [":\n\n"] * 3
    waits.hears("refused")
    assert (
        told(next(piece for piece in stream if "data" in piece))["state"] == "refused"
    )


def test_a_stream_ends_with_its_ticket(waits, app):
    stream = waits.stream()
    next(stream)
    with app.app_context():
        assert words.take(waits.key)
    last = told(next(stream))
    assert (last["state"], last["expires_in"], last["again_in"]) == ("expired", 0, 0)
    assert [*stream] == []


def test_a_stream_outlives_a_store_that_is_away_for_a_moment(waits, app, monkeypatch):
    """Fault F17."""
    monkeypatch.setattr(waiting_browser, "_UNREADY_SECONDS", 0.02)
    stream = waits.stream()
    next(stream)
    store = service_of(app).tickets
    get, failing = store.get, iter([Unready("away")] * 4)

    def away(kind: str, key: str):
        if error := next(failing, None):
            raise error
        return get(kind, key)

    waits.hears("scanned")
    monkeypatch.setattr(store, "get", away)
    assert told(next(stream))["state"] == "scanned"
    assert next(failing, None) is None


def test_who_finds_no_place_hears_what_is_true_and_comes_again(waits, app):
    """Security row 77."""
    room = service_of(app).tickets._room
    with ExitStack() as seated:
        while seated.enter_context(room.watch(["another"], lambda: 60)):
            pass
        pieces = [*waits.stream()]
        assert len(pieces) == 1 and pieces[0].startswith("retry: 2000\n")
        assert told(pieces[0])["state"] == "waiting"
        held = waits.asks(version=1).get_json()
        assert (held["state"], held["again_in"]) == ("waiting", 2)
    assert room.taken == 0


def test_the_sixth_stream_of_a_browser_ends_the_first(waits, app):
    """Security row 77."""
    others = Waits(app).stream()
    next(others)
    streams = []
    for _ in range(5):
        streams.append(waits.stream())
        next(streams[-1])
    ended: list[str] = []
    first = threading.Thread(target=lambda: ended.extend(streams[0]))
    first.start()
    room = service_of(app).tickets._room
    # Six wait now, as many as may here.
    assert room.taken == 6
    streams[4].close()
    sixth = waits.stream()
    next(sixth)
    first.join(PATIENCE)
    assert ended == ["retry: 10000\n:\n\n"]
    waits.hears("claimed")
    for stream in (*streams[1:4], sixth):
        assert told(next(stream))["state"] == "claimed"
        assert [*stream] == []
    others.close()
    assert room.taken == 0


def test_a_stream_that_nobody_reads_takes_no_place(waits, app):
    room = service_of(app).tickets._room
    waits.client.head(f"/word/{waits.key}/events")
    assert room.taken == 0
    answer = waits.opens()
    assert room.taken == 1
    answer.close()
    assert room.taken == 0


def test_asking_says_when_to_ask_again(waits):
    answer = waits.asks()
    assert answer.headers["Cache-Control"] == "no-store"
    body = answer.get_json()
    assert (body["state"], body["version"], body["again_in"]) == ("waiting", 1, 2)
    waits.hears("refused")
    assert waits.asks().get_json()["again_in"] == 0


def test_asking_with_a_version_waits_for_another_one(waits, monkeypatch):
    monkeypatch.setattr(waiting_browser, "HOLD_SECONDS", 0.05)
    body = waits.asks(version=1).get_json()
    assert (body["state"], body["again_in"]) == ("waiting", 0)
    monkeypatch.setattr(waiting_browser, "HOLD_SECONDS", PATIENCE)
    threading.Timer(0.05, waits.hears, ["scanned"]).start()
    assert waits.asks(version=1).get_json()["state"] == "scanned"
    assert waits.asks(version=1).get_json()["version"] == 2


def test_asking_costs_one_statement_and_no_session(signed_in, app):
    key = signed_in.post("/word/").get_json()["key"]
    signed_in.get(f"/word/{key}/state")
    statements: list[str] = []

    def note(_conn, _cursor, statement, *_more) -> None:
        statements.append(statement)

    with app.app_context():
        engine: sa.Engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    assert signed_in.get(f"/word/{key}/state").status_code == 200
    assert [one.split()[0] for one in statements if "ticket" in one] == ["SELECT"]
    assert [one for one in statements if "ticket" not in one] == ["BEGIN"]
