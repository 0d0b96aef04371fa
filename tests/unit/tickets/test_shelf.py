"""A shelf keeps values of one shape, and gives back what it was given."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum

import pytest
from flask import Flask

from tests.support.people import accounts_app
from wxlogin import service
from wxlogin.accounts.person import Person, Profile
from wxlogin.errors import Crowded
from wxlogin.service import running
from wxlogin.tickets.shelf import Kept, Shelf


class Colour(StrEnum):
    red = "red"


@dataclass(frozen=True)
class Box(Kept):
    """Of everything that journeys keep."""

    person: Person
    at: datetime
    names: tuple[str, ...]
    colour: Colour | None
    ends: float = 0.0
    secret: str | None = field(default=None, repr=False)


BOX = Box(
    person=Person("wx1", "website", "o1", profile=Profile("小明😀", None, "zh_CN")),
    at=datetime(2026, 3, 1, 12, 30, 1, 250_000, tzinfo=UTC),
    names=("a", '"b"', "\x00"),
    colour=Colour.red,
)


@pytest.fixture(autouse=True)
def app(own_url: str) -> Iterator[Flask]:
    with accounts_app(own_url) as app:
        yield app


@pytest.fixture
def boxes() -> Shelf[Box]:
    return service.shelf("box", Box, seconds=60)


def test_a_value_comes_back_as_it_was_and_knows_where_it_lay(boxes: Shelf[Box]) -> None:
    key = boxes.put(BOX)
    found = boxes.get(key)
    assert found == replace(BOX, key=key, version=1)
    assert boxes.take(key) == replace(BOX, key=key)
    assert boxes.get(key) is None
    assert boxes.take(key) is None


def test_a_key_is_added_once(boxes: Shelf[Box]) -> None:
    assert boxes.add("k", BOX)
    assert not boxes.add("k", replace(BOX, ends=1.5))
    assert boxes.get("k") == replace(BOX, key="k", version=1)


def test_of_two_who_change_a_value_one_does(boxes: Shelf[Box]) -> None:
    boxes.add("k", BOX)
    mine = yours = boxes.get("k")
    assert mine and yours
    changed = boxes.swap(replace(mine, ends=2))
    assert changed == boxes.get("k")
    assert changed and (changed.ends, changed.version) == (2, 2)
    assert boxes.swap(replace(yours, ends=3)) is None
    assert boxes.get("k") == changed


def test_the_text_holds_neither_key_nor_version(boxes: Shelf[Box]) -> None:
    """security row 30: the key opens what lies there, and is not kept."""
    boxes.add("the-key", BOX)
    found = boxes.get("the-key")
    assert found and boxes.swap(found)
    kept = running().tickets.get("box", "the-key")
    assert kept and "the-key" not in kept.value and '"version"' not in kept.value
    assert "the-key" not in repr(found)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "[]",
        "null",
        '{"names": []}',
        '{"person":{"appid":"wx1","kind":"website","openid":"o1"},'
        '"at":"2026-03-01T12:00:00Z","names":[],"colour":"blue"}',
        '{"person":{"appid":"wx1","kind":"website","openid":"o1"},'
        '"at":"2026-03-01T12:00:00Z","names":[],"colour":null,"new":1}',
    ],
)
def test_a_text_of_another_version_is_no_ticket(boxes: Shelf[Box], text: str) -> None:
    """What an elder or newer worker has written ends in no error page."""
    running().tickets.add("box", "k", text, ttl=60)
    assert boxes.get("k") is None
    assert boxes.wait("k", timeout=0) is None
    assert boxes.take("k") is None


def test_a_field_that_was_not_there_yet_has_its_default(boxes: Shelf[Box]) -> None:
    text = (
        '{"person":{"appid":"wx1","kind":"website","openid":"o1"},'
        '"at":"2026-03-01T12:00:00+00:00","names":["a"],"colour":null}'
    )
    running().tickets.add("box", "k", text, ttl=60)
    found = boxes.get("k")
    assert found and (found.ends, found.names) == (0.0, ("a",))


def test_what_is_never_swapped_may_be_any_dataclass() -> None:
    people = service.shelf("person", Person, seconds=60)
    key = people.put(BOX.person)
    assert people.get(key) == BOX.person


def test_no_more_are_kept_than_was_said(boxes: Shelf[Box]) -> None:
    boxes.put(BOX, most=1)
    with pytest.raises(Crowded):
        boxes.put(BOX, most=1)


def test_a_value_may_have_an_end_of_its_own(boxes: Shelf[Box]) -> None:
    boxes.add("short", BOX, seconds=-1)
    assert boxes.get("short") is None
    boxes.add("k", BOX)
    found = boxes.get("k")
    assert found and boxes.swap(found, seconds=-1)
    assert boxes.get("k") is None


def test_who_waits_gets_what_is_there(boxes: Shelf[Box]) -> None:
    boxes.add("k", BOX)
    boxes.notify("k")
    found = boxes.wait("k", timeout=5)
    assert found and found.version == 1
    assert boxes.wait("k", version=1, timeout=0) == found
