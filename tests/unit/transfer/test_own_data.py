"""The copy of what is kept about one person."""

import json

import pytest
import sqlalchemy as sa

from tests.support.people import SEALER, START, People, by_choice, user_of
from tests.support.transfer import APPS, exported, wx
from wxlogin.accounts import avatars, phones
from wxlogin.accounts import people as accounts
from wxlogin.accounts.merges import undo
from wxlogin.accounts.models import (
    AccessToken,
    Conflict,
    KeptApart,
    LogoutNotice,
    MovedIdentity,
    PhoneNumber,
    Session,
)
from wxlogin.accounts.sessions import hash_secret
from wxlogin.db import Base, reading, transaction
from wxlogin.errors import AccountGone
from wxlogin.sites import groups, members
from wxlogin.transfer.export import line_of
from wxlogin.transfer.own_data import as_json, own_data
from wxlogin.transfer.own_tables import PARTS
from wxlogin.wechat.open_data import PhoneNumber as Number

# What hangs on a user and is no part by itself, and why.
LEFT_OUT = {
    AccessToken: "hashes of secrets; its sign-in at the site is there",
    Conflict: "names somebody else's id, or one of whom nobody knows whose it is",
    KeptApart: "says that somebody else is somebody else",
    MovedIdentity: "both openids are there, and the day in the history",
    PhoneNumber: "opened, as `phones`",
    LogoutNotice: "a sign-out on its way to a site, for minutes",
}
# Columns of parts that are not shown: numbers of ours that mean nothing outside.
INNER = {
    "followers": {"changed_at", "ask_at", "listed_at"},
    "grants": {"version", "lease_until"},
    "site_users": {"terms_version"},
    "authorizations": {"sid", "rotated_at"},
    "login_events": {"request_id"},
    "merges": {"moved", "undone_at"},
    "events": {
        *("event_id", "other_uid", "position"),
        *("settled_at", "tries", "next_try_at", "lease_until"),
    },
}


def about(app: str, openid: str) -> dict:
    return own_data(user_of(app, openid).id)


def test_no_table_about_a_person_is_forgotten():
    """Whoever adds one says here, or in the copy, what becomes of it."""
    owned = {"users"}
    for table in Base.metadata.sorted_tables:
        if {key.column.table.name for key in table.foreign_keys} & owned:
            owned.add(table.name)
    known = {part.model.__tablename__ for part in PARTS}
    known |= {model.__tablename__ for model in LEFT_OUT} | {"avatars"}
    assert owned - known == set()


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_no_column_is_forgotten_and_none_is_a_secret(part):
    table = part.model.__table__
    shown = {column.key for column in part.columns}
    rest = {
        column.key
        for column in table.columns
        if not (
            column.primary_key
            or column.foreign_keys
            or isinstance(column.type, sa.LargeBinary)
        )
    }
    assert rest - shown == INNER.get(table.name, set())
    assert not any(isinstance(c.type, sa.LargeBinary) for c in part.columns)


def test_everything_of_one_person_and_nothing_of_another(people: People):
    people.signs_in("web", wx("o1"), wx("u1"), name="小明😀", grant=people.grant())
    people.signs_in("mp", wx("m1"), wx("u1"))
    people.signs_in("web", wx("o2"), wx("u2"), name="李华", address="198.51.100.9")
    me = user_of("web", wx("o1"))
    (identity,) = (
        one for one in accounts.account(me.id).identities if one.kind == "mini_program"
    )
    transaction(lambda s: members.join(s, "shop", me.id, at=START))
    members.set_external_id("shop", me.id, "42")
    groups.set_groups("shop", me.id, ("members",))
    transaction(
        lambda s: phones.store(
            s, identity.id, Number("86", "13800138000"), sealer=SEALER, at=people.at
        )
    )
    avatars.keep(me.id, url="https://img/小明😀", picture=b"a picture")
    copy = own_data(me.id)
    assert [one["openid"] for one in copy["identities"]] == [wx("o1"), wx("m1")]
    assert [one["unionid"] for one in copy["unionids"]] == [wx("u1")]
    assert copy["accounts"][0]["nickname"] == "小明😀"
    assert copy["phones"][0]["number"] == "+86 13800138000"
    assert copy["pictures"][0]["base64"] == "YSBwaWN0dXJl"
    assert copy["permissions_from_wechat"][0]["scope"] == "snsapi_login"
    assert copy["sites"][0]["external_id"] == "42"
    assert copy["sites"][0]["groups"] == ["members"]
    assert [one["address"] for one in copy["sessions"]] == ["192.0.2.7"] * 2
    assert {one["outcome"] for one in copy["history"]} == {"created", "added"}
    text = as_json(copy)
    assert json.loads(text) == copy
    for foreign in ("李华", wx("o2"), wx("u2"), "198.51.100.9"):
        assert foreign not in text
    for secret in ("access-one", "refresh-one", "secret 1", hash_secret("secret 1")):
        assert str(secret) not in text
    with reading() as session:
        assert session.query(Session).count() == 3


def test_what_an_import_takes_stands_in_it(people: People):
    people.signs_in("web", wx("o1"), wx("u1"), name="小明😀")
    people.signs_in("web", wx("o2"), name="李华")
    (line, _) = map(json.loads, exported().splitlines())
    with reading() as session:
        assert line_of(session, user_of("web", wx("o1")).id, APPS) == line


def test_who_was_made_one_finds_both(people: People):
    people.signs_in("web", wx("o1"), name="小明😀")
    other = people.signs_in("web", wx("o2"), name="李华").resolution.user_id
    transaction(lambda s: members.join(s, "shop", other, at=START))
    by_choice(people, user_of("web", wx("o1")), user_of("web", wx("o2")))
    copy = about("web", wx("o1"))
    assert [one["nickname"] for one in copy["accounts"]] == ["小明😀", "李华"]
    assert copy["merges"][0]["cause"] == "choice"
    assert [one["client_id"] for one in copy["sites"]] == ["shop"]
    with pytest.raises(AccountGone):
        own_data(other)


def test_who_is_somebody_else_again_is_not_named_in_it(people: People):
    """What sites were told of a merge that was a mistake names two people."""
    for number, name in enumerate(("小明😀", "李华"), start=1):
        people.signs_in("web", wx(f"o{number}"), name=name)
        user_id = user_of("web", wx(f"o{number}")).id
        transaction(
            lambda s, user_id=user_id: members.join(s, "shop", user_id, at=START)
        )
        members.set_external_id("shop", user_id, f"customer-{number}")
    ming, hua = user_of("web", wx("o1")), user_of("web", wx("o2"))
    uids = ming.uid, hua.uid
    merged = by_choice(people, ming, hua)
    as_one = own_data(ming.id)
    assert "customer-2" in as_json(as_one)
    undo(merged.merge_id)
    assert uids == (user_of("web", wx("o1")).uid, user_of("web", wx("o2")).uid)
    copies = [about("web", wx("o1")), about("web", wx("o2"))]
    for copy, other in zip(copies, (1, 0), strict=True):
        told = as_json(copy["told_to_sites"])
        assert uids[other] not in told
        assert f"customer-{other + 1}" not in told
        assert "李华" not in told
    kinds = {one["type"] for one in copies[0]["told_to_sites"]}
    assert {"user.merged", "user.split"} <= kinds


def test_the_number_of_who_is_somebody_else_again_is_not_in_it(people: People):
    """While they were one, sites were told of one by the number of the other."""
    people.signs_in("web", wx("o1"), name="小明😀")
    people.signs_in("web", wx("o2"), name="李华")
    ming, hua = user_of("web", wx("o1")), user_of("web", wx("o2"))
    for user in (ming, hua):
        transaction(
            lambda s, user_id=user.id: members.join(s, "shop", user_id, at=START)
        )
    members.set_external_id("shop", hua.id, "customer-2")
    merged = by_choice(people, ming, hua)
    people.signs_in("web", wx("o1"), name="小明又改名")
    undo(merged.merge_id)
    assert "customer-2" not in as_json(about("web", wx("o1"))["told_to_sites"])
    assert about("web", wx("o2"))["sites"][0]["external_id"] == "customer-2"
