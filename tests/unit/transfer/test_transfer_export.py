"""People written out, and brought into an empty database."""

import csv
import io
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from tests.support.people import (
    SEALER,
    START,
    People,
    by_choice,
    identity_of,
    set_by_hand,
    user_of,
)
from tests.support.transfer import (
    APPS,
    bring_in,
    bring_in_file,
    everybody,
    exported,
    taken,
    wx,
)
from wxlogin.accounts import avatars, phones
from wxlogin.accounts import people as accounts
from wxlogin.accounts.models import User
from wxlogin.accounts.person import Profile
from wxlogin.db import transaction
from wxlogin.sites import groups, members
from wxlogin.transfer import Format, export
from wxlogin.wechat.open_data import PhoneNumber

# Security row 95, and what rows 92 and 93 put into names.
NAMES = (
    "=cmd()",
    "+1",
    "-1",
    "@x",
    "\tTAB",
    "\rCR",
    "＝cmd()",
    "'=quoted",
    "''@twice",
    "'plain",
    'a "quote", and a comma',
    "line\r\nend",
    "\u2028separator",
    "\x1b[2J",
    "中文é😀",
    "[1]",
)


def customer(user: User, external_id: str | None, client_id: str = "shop") -> None:
    transaction(lambda s: members.join(s, client_id, user.id, at=START))
    if external_id:
        members.set_external_id(client_id, user.id, external_id)


def settle(people: People) -> None:
    """Everybody there can be: simple, merged, linked, disabled, without a unionid."""
    people.signs_in("web", wx("o1"), wx("u1"), name="小明😀")
    people.signs_in("mp", wx("m1"), wx("u1"))
    people.signs_in("web", wx("o2"), name="linked: one")
    people.signs_in("oa", wx("p2"), wx("u2"), name="linked: other")
    people.signs_in("web", wx("o3"), wx("u3"))
    people.signs_in("lone", wx("l4"), "ignored", platform=None, name="李华")
    people.signs_in("web", wx("-o5"), wx("-u5"))
    customer(user_of("web", wx("o1")), "42")
    customer(user_of("web", wx("o2")), None)
    customer(user_of("oa", wx("p2")), "43")
    customer(user_of("lone", wx("l4")), None)
    customer(user_of("web", wx("o3")), "=44", "other")
    groups.set_groups("shop", user_of("web", wx("o1")).id, ("=staff", "店长"))
    groups.set_groups("shop", user_of("oa", wx("p2")).id, ("editors",))
    groups.set_groups("shop", user_of("lone", wx("l4")).id, ())
    by_choice(people, user_of("web", wx("o2")), user_of("oa", wx("p2")))
    by_choice(people, user_of("web", wx("o1")), user_of("web", wx("o3")))
    accounts.disable(user_of("lone", wx("l4")).uid, at=START)
    for number, name in enumerate(NAMES):
        people.signs_in("web", wx(f"n{number}"), name=name)


def empty() -> None:
    def work(session: Any) -> None:
        # Those who were merged away refer to their survivors.
        for who in (User.merged_into_id.is_not(None), sa.true()):
            session.execute(sa.delete(User).where(who))

    transaction(work)


def facts(client_id: str | None) -> dict[str, Any]:
    """What a move keeps: of sites, only the one whose customers were written."""
    found = everybody()
    for one in found.values():
        kept = {pair for pair in one["external ids"] if pair[0] == client_id}
        # A site knows somebody who was merged away by the name that was given there.
        if one["merged into"]:
            kept = {pair for pair in kept if pair[1]}
            one["name"], one["avatar"], one["language"] = "", None, None
        one["external ids"] = kept
    return found


@pytest.mark.parametrize("shape", list(Format))
def test_people_move_to_an_empty_database(people: People, shape: Format) -> None:
    settle(people)
    before = facts(None)
    text = exported(shape)
    empty()
    assert everybody() == {}
    results = bring_in_file(io.BytesIO(text.encode()), shape, site=None)
    assert taken(results), [one for one in results if one.reason]
    assert facts(None) == before
    assert exported(shape) == text


@pytest.mark.parametrize("shape", list(Format))
def test_a_site_s_customers_move_with_its_ids(people: People, shape: Format) -> None:
    settle(people)
    before = facts("shop")
    known = {uid for uid, one in before.items() if one["external ids"]}
    text = exported(shape, site="shop")
    assert "=44" not in text
    assert text.count("editors") == 1
    empty()
    assert taken(bring_in_file(io.BytesIO(text.encode()), shape))
    after = facts("shop")
    assert {uid for uid, one in after.items() if one["external ids"]} >= known
    for uid in known:
        assert after[uid]["external ids"] >= before[uid]["external ids"]
    assert len(after) == len([one for one in after if before[one]])
    assert exported(shape, site="shop") == text


def test_a_cell_that_a_spreadsheet_would_compute_is_guarded(people: People) -> None:
    """security row 95"""
    settle(people)
    rows = list(csv.reader(io.StringIO(exported(Format.csv), newline="")))
    cells = {cell for row in rows for cell in row}
    for first in "=+-@\t\r":
        assert not [cell for cell in cells if cell.startswith(first)]
    assert {"'=cmd()", "'@x", "'\tTAB", f"'{wx('-o5')}", "''=quoted", "'plain"} <= cells


def test_a_file_of_json_lines_has_a_line_a_user(people: People) -> None:
    settle(people)
    lines = [json.loads(line) for line in exported().splitlines() if line]
    assert len(lines) == len(exported().split("\n")) - 1
    by_name = {line.get("name"): line for line in lines}
    ming = by_name["小明😀"]
    assert ming["openids"] == {
        "web": [
            {"openid": wx("o1"), "unionid": wx("u1")},
            {"openid": wx("o3"), "unionid": wx("u3")},
        ],
        "mp": {"openid": wx("m1"), "unionid": wx("u1")},
    }
    assert ming["unionids"] == {"main": [wx("u1"), wx("u3")]}
    assert len(ming["former_uids"]) == 1
    assert by_name["李华"]["openids"] == {"lone": wx("l4")}
    assert by_name["李华"]["disabled"]


def test_pages_of_any_size_hold_everybody_once_and_in_order(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(people)
    whole = exported()
    for size in (1, 3, 7):
        monkeypatch.setattr(export, "PAGE", size)
        assert exported() == whole


def test_a_merge_in_the_meantime_loses_nobody(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second of two pages is read after the two became one."""
    people.signs_in("web", wx("o1"), wx("u1"))
    people.signs_in("web", wx("o2"), wx("u2"))
    whole = exported()
    monkeypatch.setattr(export, "PAGE", 1)
    read_page = export._Pages._people
    merges: list[Callable[[], object]] = [
        lambda: by_choice(people, user_of("web", wx("o1")), user_of("web", wx("o2")))
    ]

    def after_a_merge(self: Any, ids: list[int]) -> Any:
        found = read_page(self, ids)
        if merges:
            merges.pop()()
        return found

    monkeypatch.setattr(export._Pages, "_people", after_a_merge)
    assert exported() == whole
    assert not merges and user_of("web", wx("o2")).id == user_of("web", wx("o1")).id


def test_an_app_that_is_gone_from_the_settings_is_named_by_its_appid(
    people: People,
) -> None:
    people.signs_in("old", wx("o1"), wx("u1"), platform="former")
    [line] = [json.loads(line) for line in exported().splitlines()]
    [appid] = line["openids"]
    assert appid.startswith("wx") and appid not in {app.appid for app in APPS}
    assert line["unionids"] == {"former": wx("u1")}
    [result] = bring_in(line)
    assert result.outcome == "refused"


def test_what_we_show_of_time_comes_back_exactly(people: People) -> None:
    people.at += timedelta(microseconds=123456)
    people.signs_in("web", wx("o1"), wx("u1"))
    before = facts(None)
    text = exported()
    empty()
    bring_in_file(io.BytesIO(text.encode()), Format.jsonl, site=None)
    assert facts(None) == before


def test_nobody_is_written_who_is_no_customer(people: People) -> None:
    settle(people)
    lines = [json.loads(line) for line in exported(site="other").splitlines()]
    assert [line.get("former_external_ids") for line in lines] == [
        {lines[0]["former_uids"][0]: "=44"}
    ]
    assert exported(site="nobody") == ""


def test_a_picture_that_the_person_sent_has_no_address(people):
    people.signs_in("web", wx("o1"), name="小明")
    own = Profile("小明", avatars.chosen_address(b"x"))
    set_by_hand(User, user_of("web", wx("o1")).id, profile=own)
    person = json.loads(exported())
    assert person["name"] == "小明"
    assert "avatar" not in person


def gives(people: People, app: str, openid: str, country: str, number: str) -> None:
    """The person behind this openid gave the program a phone number."""
    phone = PhoneNumber(country, number)
    identity_id = identity_of(app, openid).id
    transaction(lambda s: phones.store(s, identity_id, phone, sealer=SEALER, at=START))


@pytest.mark.parametrize("shape", Format)
def test_a_phone_number_goes_out_with_the_person(people, shape):
    people.signs_in("mp", wx("m1"))
    gives(people, "mp", wx("m1"), "852", "91234567")
    assert "+852 91234567" in exported(shape)


def test_a_phone_number_comes_in_with_nobody(people):
    """It is what the person told one program, and no word of a file's."""
    people.signs_in("mp", wx("m1"))
    gives(people, "mp", wx("m1"), "852", "91234567")
    line = json.loads(exported())
    accounts.delete(user_of("mp", wx("m1")).id)
    del line["uid"]
    assert taken(bring_in(line, site=None))
    assert "91234567" not in exported()


def test_a_site_gets_no_phone_numbers(people):
    people.signs_in("mp", wx("m1"))
    customer(user_of("mp", wx("m1")), "42")
    gives(people, "mp", wx("m1"), "86", "13800138000")
    assert "13800138000" not in exported(site="shop")
    line = json.loads(exported())
    assert line["phones"] == {"mp": "+86 13800138000"}


def test_phones_that_are_none(people):
    (result,) = bring_in(
        {"openids": {"mp": wx("m1")}, "phones": "+86 13800138000"}, site=None
    )
    assert result.outcome.value == "refused"
