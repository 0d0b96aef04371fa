"""People brought in from a file, and what becomes of them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from tests.support.people import (
    START,
    People,
    by_choice,
    identity_of,
    owner_of,
    rows,
    snapshot,
    user_of,
)
from tests.support.transfer import NOW, SHOP, bring_in, everybody, outcomes, wx
from wxlogin.accounts import people as accounts
from wxlogin.accounts.models import Event, Identity, SiteUser, User
from wxlogin.db import reading, transaction
from wxlogin.sites import members

MING: dict[str, Any] = {
    "external_id": "42",
    "openids": {"web": wx("o1")},
    "unionids": {"main": wx("u1")},
    "name": "小明😀",
    "created": "2024-05-31T08:00:00+08:00",
}
UID, OTHER_UID = "A" * 22, "B" * 22


def test_a_person_brought_in_signs_in_as_the_same_user(people: People) -> None:
    [result] = bring_in(MING)
    assert (result.line, result.outcome, result.external_id) == (1, "new", "42")
    assert people.signs_in("web", wx("o1"), wx("u1")).resolution.uid == result.uid
    # Another app of the open platform, of which the file knew nothing.
    assert people.signs_in("mp", wx("m1"), wx("u1")).resolution.uid == result.uid
    member = members.by_external_id("shop", "42")
    assert member is not None
    assert member.user_id == user_of("web", wx("o1")).id


def test_what_the_file_says_is_stored(people: People) -> None:
    bring_in({**MING, "avatar": "https://img/1", "language": "zh_CN"})
    user = user_of("web", wx("o1"))
    assert (user.nickname, user.avatar, user.language) == (
        "小明😀",
        "https://img/1",
        "zh_CN",
    )
    assert user.created_at == datetime(2024, 5, 31, tzinfo=UTC)
    # WeChat has not said so: the next sign-in asks it.
    assert user.profile_at is None
    identity = identity_of("web", wx("o1"))
    assert (identity.kind, identity.open_platform) == ("website", "main")
    assert identity.unionid == wx("u1")


def test_a_customer_of_a_site_has_settled_its_terms_and_nobody_is_told(
    people: People,
) -> None:
    bring_in(MING)
    with reading() as session:
        row = session.scalars(sa.select(SiteUser)).one()
    assert (row.client_id, row.external_id) == ("shop", "42")
    assert row.terms_version == SHOP.terms_version
    assert rows(Event) == 0


def test_without_a_site_nobody_becomes_a_customer(people: People) -> None:
    bring_in({"openids": {"web": wx("o1")}}, site=None)
    assert rows(SiteUser) == 0
    assert outcomes(bring_in(MING, site=None)) == ["refused"]


def test_a_unionid_alone_is_enough(people: People) -> None:
    [result] = bring_in({"unionids": {"main": wx("u1")}})
    assert people.signs_in("web", wx("o1"), wx("u1")).resolution.uid == result.uid


def test_the_same_file_again_changes_nothing(people: People) -> None:
    lines = [MING, {"openids": {"oa": wx("o2"), "lone": wx("l2")}}]
    assert outcomes(bring_in(*lines)) == ["new", "new"]
    before = snapshot()
    again = bring_in(*lines)
    assert outcomes(again) == ["known", "known"]
    assert again[0].uid == user_of("web", wx("o1")).uid
    assert snapshot() == before


def test_an_id_that_has_a_user_joins_the_rest_to_that_user(people: People) -> None:
    uid = people.signs_in("web", wx("o1"), name="Ming").resolution.uid
    [result] = bring_in({**MING, "openids": {"web": wx("o1"), "mp": wx("m1")}})
    assert (result.outcome, result.uid) == ("linked", uid)
    user = user_of("mp", wx("m1"))
    # Name and age are the user's own.
    assert (user.uid, user.nickname) == (uid, "Ming")
    assert user.created_at > START
    assert owner_of(wx("u1")) == user.id
    assert identity_of("web", wx("o1")).unionid == wx("u1")
    member = members.by_external_id("shop", "42")
    assert member is not None and member.user_id == user.id


def test_the_site_s_own_id_joins_too(people: People) -> None:
    people.signs_in("web", wx("o1"))
    user = user_of("web", wx("o1"))
    transaction(lambda s: members.join(s, "shop", user.id, at=START))
    members.set_external_id("shop", user.id, "42")
    assert outcomes(bring_in({**MING, "openids": {"mp": wx("m1")}})) == ["linked"]
    assert user_of("mp", wx("m1")).id == user.id


def test_a_customer_without_external_id_is_given_one(people: People) -> None:
    user_id = people.signs_in("web", wx("o1"), wx("u1")).resolution.user_id
    transaction(lambda s: members.join(s, "shop", user_id, at=START))
    assert outcomes(bring_in(MING)) == ["linked"]
    assert rows(SiteUser) == 1
    member = members.member("shop", user_id)
    assert member is not None and member.external_id == "42"


def test_groups_are_given_to_whom_the_site_has_given_none(people: People) -> None:
    for line, outcome, groups in (
        (MING | {"groups": ["staff"]}, "new", ("staff",)),
        (MING | {"groups": ["editors"]}, "known", ("staff",)),
    ):
        assert outcomes(bring_in(line)) == [outcome]
        member = members.by_external_id("shop", "42")
        assert member is not None and member.groups == groups
    other = {"external_id": "43", "openids": {"web": wx("o2")}}
    said = ["new", "linked", "known"]
    for line in (other, *[other | {"groups": []}] * 2):
        assert outcomes(bring_in(line)) == [said.pop(0)]
    for wrong in ("staff", [7], [""], ["a", "a"]):
        assert outcomes(bring_in(other | {"groups": wrong})) == ["refused"]
    assert outcomes(bring_in(MING | {"groups": ["a"]}, site=None)) == ["refused"]


def test_what_a_merged_user_was_called_still_counts(people: People) -> None:
    people.signs_in("web", wx("o1"), wx("u1"))
    people.signs_in("mp", wx("m1"), wx("u2"))
    younger = user_of("mp", wx("m1"))
    transaction(lambda s: members.join(s, "shop", younger.id, at=START))
    members.set_external_id("shop", younger.id, "42")
    by_choice(people, user_of("web", wx("o1")), younger)
    before = snapshot()
    assert outcomes(bring_in(MING)) == ["known"]
    [other] = bring_in({**MING, "external_id": "43"})
    assert other.outcome == "conflict" and "another external_id" in other.reason
    assert snapshot() == before


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ({"openids": {"web": wx("o1"), "oa": wx("p1")}}, "belongs to user"),
        (
            {"openids": {"web": wx("o1")}, "unionids": {"main": wx("u2")}},
            "belongs to user",
        ),
        (
            {"openids": {"web": wx("o1")}, "unionids": {"main": wx("u9")}},
            "another unionid",
        ),
        (
            {"openids": {"web": wx("o9")}, "unionids": {"main": wx("u1")}},
            "another openid",
        ),
        ({"openids": {"web": wx("o1")}, "uid": OTHER_UID}, "is there with the uid"),
        ({"openids": {"web": wx("o9")}, "uid": UID}, "is another user's"),
        ({"openids": {"web": wx("o9")}, "former_uids": [UID]}, "is another user's"),
        ({"openids": {"web": wx("o1")}, "former_uids": [UID]}, "is another user's"),
        ({"openids": {"web": wx("o1")}, "external_id": "77"}, "belongs to user"),
        ({"openids": {"oa": wx("p1")}, "external_id": "78"}, "another external_id"),
        ({"openids": {"web": wx("o1"), "mp": wx("m9")}}, "is disabled"),
    ],
)
def test_a_contradiction_changes_nothing(
    people: People, line: dict[str, Any], reason: str
) -> None:
    """An import never merges, and takes nothing from anybody."""
    people.signs_in("web", wx("o1"), wx("u1"))
    bring_in(
        {"openids": {"oa": wx("p1")}, "unionids": {"main": wx("u2")}, "uid": UID}
        | KNOWN
    )
    if reason == "is disabled":
        accounts.disable(user_of("web", wx("o1")).uid)
    before = snapshot()
    for dry_run in (True, False):
        [result] = bring_in(line, dry_run=dry_run)
        assert result.outcome == "conflict"
        assert reason in result.reason
        assert snapshot() == before


KNOWN = {"external_id": "77"}


def test_a_line_about_somebody_before_is_a_duplicate(people: People) -> None:
    lines: list[dict[str, Any]] = [
        MING,
        {"openids": {"web": wx("o1")}},
        {"openids": {"mp": wx("m1")}, "unionids": {"main": wx("u1")}},
        {"openids": {"oa": wx("p1")}, "external_id": "42"},
        {"openids": {"oa": wx("p2")}},
        {"openids": {"oa": wx("p2")}, "external_id": "43"},
    ]
    for batch in (1, 2, 1000):
        results = bring_in(*lines, dry_run=True, batch=batch)
        assert outcomes(results) == ["new", *["duplicate"] * 3, "new", "duplicate"]
    results = bring_in(*lines, batch=2)
    assert [one.earlier_line for one in results] == [None, 1, 1, 1, None, 5]
    assert results[2].reason == "the unionid of main is on line 1 already"
    assert (rows(User), rows(Identity)) == (2, 2)


@pytest.mark.parametrize("batch", [1, 1000])
def test_two_lines_for_one_user_who_is_there_are_duplicates(
    people: People, batch: int
) -> None:
    """Nothing on the lines says so; only the database knows."""
    people.signs_in("web", wx("o1"), wx("u1"))
    people.signs_in("mp", wx("m1"), wx("u1"))
    lines = [
        {"openids": {"web": wx("o1")}, "external_id": "42"},
        {"openids": {"mp": wx("m1")}, "external_id": "43"},
    ]
    for dry_run in (True, False):
        results = bring_in(*lines, batch=batch, dry_run=dry_run)
        assert outcomes(results) == ["linked", "duplicate"]
        assert results[1].earlier_line == 1


def test_the_dry_run_says_what_the_import_then_does(people: People) -> None:
    people.signs_in("web", wx("o1"), wx("u1"))
    people.signs_in("web", wx("o2"), wx("u2"))
    lines: list[dict[str, Any] | str] = [
        MING,
        {"openids": {"web": wx("o2")}},
        {"openids": {"web": wx("o3")}, "uid": UID},
        {"openids": {"oa": wx("o3")}, "uid": UID},
        {
            "openids": {"web": wx("o2"), "mp": wx("m4")},
            "unionids": {"main": wx("u1")},
        },
        {"external_id": "44"},
        "nonsense",
    ]
    before = snapshot()
    told = bring_in(*lines, dry_run=True, batch=2)
    assert snapshot() == before
    done = bring_in(*lines, batch=3)
    assert outcomes(told) == outcomes(done)
    assert [one.reason for one in told] == [one.reason for one in done]
    assert outcomes(done) == [
        "linked", "linked", "new", "duplicate", "duplicate", "refused", "refused",
    ]  # fmt: skip


def test_a_uid_and_former_uids_are_kept(people: People) -> None:
    line = {**MING, "uid": UID, "former_uids": [OTHER_UID]}
    assert bring_in(line)[0].uid == UID
    assert accounts.surviving_uid(OTHER_UID) == UID
    assert people.signs_in("web", wx("o1")).resolution.uid == UID
    assert outcomes(bring_in(line)) == ["known"]


def test_a_disabled_customer_stays_out(people: People) -> None:
    other = {"openids": {"oa": wx("p1")}, "disabled": False}
    bring_in({**MING, "disabled": True}, other)
    assert user_of("web", wx("o1")).disabled_at == NOW
    assert user_of("oa", wx("p1")).disabled_at is None


def test_one_user_who_is_two_persons_of_wechat(people: People) -> None:
    line = {
        "openids": {
            "web": [
                {"openid": wx("o1"), "unionid": wx("u1")},
                {"openid": wx("o2"), "unionid": wx("u2")},
            ],
            "mp": wx("m1"),
        },
        "unionids": {"main": [wx("u1"), wx("u2"), wx("u3")]},
    }
    [result] = bring_in(line)
    assert people.signs_in("web", wx("o2"), wx("u2")).resolution.uid == result.uid
    assert identity_of("web", wx("o2")).unionid == wx("u2")
    # Nobody said whose the mini program's openid is; WeChat will.
    assert identity_of("mp", wx("m1")).unionid is None
    assert people.signs_in("mp", wx("m1"), wx("u1")).resolution.uid == result.uid


def test_a_date_that_is_missing_or_ahead_is_today(people: People) -> None:
    ahead = (NOW + timedelta(days=3)).isoformat()
    bring_in(
        {"openids": {"web": wx("o1")}},
        {"openids": {"web": wx("o2")}, "created": ahead},
    )
    assert {one["created"] for one in everybody().values()} == {NOW}


def test_a_long_file_comes_in_whole(people: People) -> None:
    lines = [
        {"openids": {"web": wx(f"o{n}")}, "external_id": str(n)} for n in range(1, 26)
    ]
    assert outcomes(bring_in(*lines, batch=4)) == ["new"] * 25
    assert outcomes(bring_in(*lines, batch=7)) == ["known"] * 25
    assert rows(User) == 25
