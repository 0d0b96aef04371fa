"""What happens to users is written down for the sites that know them."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from tests.support.people import (
    People,
    appid_of,
    by_choice,
    identity_of,
    merge_id,
    rows,
    two_that_merge,
    user_of,
)
from wxlogin import signals
from wxlogin.accounts import identities, sessions
from wxlogin.accounts import people as accounts
from wxlogin.accounts.changes import Change, Kind, announce
from wxlogin.accounts.identities import add_person
from wxlogin.accounts.merges import undo
from wxlogin.accounts.models import (
    AccessToken,
    Authorization,
    Event,
    LogoutNotice,
    User,
)
from wxlogin.accounts.models import Session as SessionRow
from wxlogin.accounts.sessions import hash_secret
from wxlogin.db import db, now, reading, transaction
from wxlogin.errors import WxloginError
from wxlogin.sites import feed, members
from wxlogin.sites.feed import EVENTS_KEPT, forget_events
from wxlogin.sites.memberships import forget_tokens

SHOP, FORUM = "shop", "forum"


def is_known(user: User, site: str = SHOP, external_id: str | None = None) -> None:
    """The site knows this user from now on."""
    transaction(lambda s: members.join(s, site, user.id, at=now()))
    if external_id is not None:
        members.set_external_id(site, user.id, external_id)


def told(site: str = SHOP) -> list[tuple[str, dict[str, Any]]]:
    """What the site has not been told before, in the order of the feed."""
    page = feed.read(site, after=_seen.get(site, 0), limit=100)
    _seen[site] = page.next
    return [(one.type, one.data) for one in page.events]


_seen: dict[str, int] = {}


@pytest.fixture(autouse=True)
def nothing_seen() -> None:
    _seen.clear()


def signs_in_at(site: str, user: User, secret: str, *, sid: str = "sid1") -> None:
    """The site got tokens in the session with this secret."""
    visitor = sessions.find(secret, at=People().at + timedelta(minutes=1))
    assert visitor is not None
    row = Authorization(
        client_id=site,
        user_id=user.id,
        session_id=visitor.session_id,
        sid=sid,
        scope="openid",
        auth_time=now(),
        created_at=now(),
        ends_at=now() + timedelta(days=30),
    )
    transaction(lambda s: s.add(row))


def notices() -> list[tuple[str, str, str]]:
    """Who must hear of which session's end, under which uid."""
    query = sa.select(LogoutNotice).order_by(LogoutNotice.id)
    with reading() as session:
        return [(one.client_id, one.uid, one.sid) for one in session.scalars(query)]


def test_a_site_hears_of_those_whom_it_knows(people: People) -> None:
    people.signs_in("web", "o1", name="小明😀")
    people.signs_in("web", "o2", name="李华")
    one = user_of("web", "o1")
    is_known(one)
    is_known(one)
    people.signs_in("web", "o1", name="小明")
    people.signs_in("web", "o2", name="华")
    assert told() == [
        ("user.created", {"uid": one.uid, "external_id": None}),
        (
            "user.updated",
            {
                "uid": one.uid,
                "external_id": None,
                "changed": ["nickname", "avatar"],
            },
        ),
    ]
    assert told(FORUM) == []


def test_nothing_new_is_no_event(people: People) -> None:
    people.signs_in("web", "o1", "u1", name="one")
    is_known(user_of("web", "o1"))
    told()
    people.signs_in("web", "o1", "u1", name="one")
    people.signs_in("web", "o1", "u1")
    assert told() == []


def test_merge_names_both_by_the_sites_own_ids(people: People) -> None:
    people.signs_in("oa", "o1")
    people.signs_in("web", "o2", "u1")
    older, younger = user_of("oa", "o1"), user_of("web", "o2")
    is_known(older, SHOP, "customer-1")
    is_known(younger, SHOP, "customer-2")
    is_known(younger, FORUM)
    told(), told(FORUM)
    people.signs_in("oa", "o1", "u1")
    about = {
        "uid": older.uid,
        "external_id": "customer-1",
        "former_uid": younger.uid,
        "former_external_id": "customer-2",
    }
    assert told() == [("user.merged", about)]
    unknown = {"external_id": None, "former_external_id": None}
    assert told(FORUM) == [("user.merged", {**about, **unknown})]


def test_split_gives_each_their_ids_back(people: People) -> None:
    two_that_merge(people)
    survivor = user_of("oa", "o1")
    is_known(survivor)
    told()
    undo(merge_id())
    restored = user_of("web", "o2")
    about = {
        "uid": survivor.uid,
        "external_id": None,
        "other_uid": restored.uid,
        "other_external_id": None,
    }
    assert told() == [("user.split", about)]


def test_site_that_knows_the_merged_one_hears_of_the_survivor(people: People) -> None:
    people.signs_in("oa", "o1")
    people.signs_in("web", "o2", "u1")
    younger = user_of("web", "o2")
    is_known(younger, SHOP, "customer-2")
    people.signs_in("oa", "o1", "u1")
    survivor = user_of("oa", "o1")
    told()
    accounts.disable(survivor.uid)
    accounts.disable(survivor.uid)
    accounts.enable(survivor.uid)
    accounts.delete(survivor.id)
    about = {"uid": survivor.uid, "external_id": "customer-2"}
    assert told() == [
        ("user.disabled", about),
        ("user.enabled", about),
        ("user.deleted", {**about, "former_uids": [younger.uid]}),
    ]


def test_an_identity_comes_and_goes_without_its_openid(people: People) -> None:
    people.signs_in("web", "oSecret1", "uSecret1")
    user = user_of("web", "oSecret1")
    is_known(user)
    people.signs_in("oa", "oSecret2", "uSecret1", secret="here")
    visitor = sessions.find("here", at=people.at)
    assert visitor is not None
    add_person(
        user.id,
        people.person("mp", "oSecret3", "uSecret3"),
        session_id=visitor.session_id,
        secret_hash=hash_secret("new"),
    )
    identities.unlink(user.id, identity_of("mp", "oSecret3").id)
    oa = {"appid": appid_of("oa"), "kind": "official_account"}
    mp = {"appid": appid_of("mp"), "kind": "mini_program"}
    happened = told()[1:]
    assert [(kind, data["identities"]) for kind, data in happened] == [
        ("user.linked", [oa]),
        ("user.linked", [mp]),
        ("user.unlinked", [mp]),
    ]
    assert "Secret" not in str(happened)


def test_no_event_without_its_change(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """security row 48"""
    people.signs_in("web", "o1", name="one")
    is_known(user_of("web", "o1"))

    def fail(*_: object, **__: object) -> None:
        raise WxloginError("something else broke")

    monkeypatch.setattr("wxlogin.accounts.sign_in._record", fail)
    with pytest.raises(WxloginError):
        people.signs_in("web", "o1", name="two")
    assert rows(Event) == 1


def test_one_site_alone_can_be_told(people: People) -> None:
    people.signs_in("web", "o1")
    user = user_of("web", "o1")
    is_known(user)
    is_known(user, FORUM)
    told(), told(FORUM)
    revoked = Change(Kind.revoked, user.id, now(), client_id=SHOP)
    transaction(lambda s: announce(s, revoked))
    assert [kind for kind, _ in told()] == ["user.revoked"]
    assert told(FORUM) == []


def test_feed_goes_on_where_it_was_left(people: People) -> None:
    people.signs_in("web", "o1")
    user = user_of("web", "o1")
    is_known(user)
    for _ in range(2):
        accounts.disable(user.uid)
        accounts.enable(user.uid)
    first = feed.read(SHOP, after=0, limit=3)
    assert (len(first.events), first.more) == (3, True)
    second = feed.read(SHOP, after=first.next, limit=3)
    assert [one.type for one in second.events] == ["user.disabled", "user.enabled"]
    third = feed.read(SHOP, after=second.next, limit=3)
    assert (third.events, third.more, third.next) == ((), False, second.next)


def test_sites_of_an_ended_session_are_to_be_told(people: People) -> None:
    """security row 120"""
    people.signs_in("web", "o1", secret="here")
    user = user_of("web", "o1")
    signs_in_at(SHOP, user, "here", sid="sid1")
    signs_in_at(FORUM, user, "here", sid="sid2")
    assert sessions.end_all(user.id) == 1
    told = {(SHOP, user.uid, "sid1"), (FORUM, user.uid, "sid2")}
    assert set(notices()) == told and len(notices()) == 2
    assert rows(Authorization) == 0


def test_every_end_of_a_session_leaves_a_notice(people: People) -> None:
    """security row 120: unlinked, disabled, deleted, merged away, ran out."""
    at = people.at
    for name in ("disabled", "deleted", "ran out"):
        people.signs_in("web", name, secret=name)
        signs_in_at(SHOP, user_of("web", name), name, sid=name)
    people.signs_in("web", "o1", secret="o1")
    user = user_of("web", "o1")
    for app in ("oa", "mp"):
        person = people.person(app, app, app)
        people.signs_in("web", "o1", secret=f"{app}1")
        visitor = sessions.find(f"{app}1", at=people.at)
        assert visitor is not None
        new = {"session_id": visitor.session_id, "secret_hash": hash_secret(app)}
        add_person(user.id, person, **new)
        people.arrives(person, secret=f"{app}2")
    signs_in_at(SHOP, user, "mp2", sid="unlinked")
    identities.unlink(user.id, identity_of("mp", "mp").id)
    accounts.disable(user_of("web", "disabled").uid)
    accounts.delete(user_of("web", "deleted").id)
    people.signs_in("app", "young", secret="young")
    young = user_of("app", "young")
    signs_in_at(SHOP, young, "young", sid="merged")
    by_choice(people, user, young)
    sessions.forget_ended(at + timedelta(days=40))
    assert [sid for _, _, sid in notices()] == [
        *("unlinked", "disabled", "deleted", "merged", "ran out")
    ]
    assert (SHOP, young.uid, "merged") in notices()


def test_signing_in_again_leaves_the_site_signed_in(people: People) -> None:
    people.signs_in("web", "o1", secret="one")
    user = user_of("web", "o1")
    signs_in_at(SHOP, user, "one")
    people.signs_in("web", "o1", secret="two", former_secret="one")
    assert sessions.find("one", at=people.at) is None
    assert (notices(), rows(Authorization)) == ([], 1)
    sessions.end_all(user.id)
    assert notices() == [(SHOP, user.uid, "sid1")]


def test_another_person_in_the_browser_ends_it(people: People) -> None:
    people.signs_in("web", "o1", secret="one")
    user = user_of("web", "o1")
    signs_in_at(SHOP, user, "one")
    people.signs_in("web", "o2", secret="two", former_secret="one")
    assert notices() == [(SHOP, user.uid, "sid1")]
    assert (rows(Authorization), rows(SessionRow)) == (0, 1)


def test_a_sites_access_can_end_alone(people: People) -> None:
    """security row 119"""
    people.signs_in("web", "o1", secret="one")
    user = user_of("web", "o1")
    signs_in_at(SHOP, user, "one")
    signs_in_at(FORUM, user, "one", sid="sid2")
    mine = (Authorization.user_id == user.id, Authorization.client_id == SHOP)
    assert transaction(lambda s: sessions.withdraw(s, *mine)) == 1
    assert notices() == [(SHOP, user.uid, "sid1")]
    assert (rows(Authorization), rows(SessionRow)) == (1, 1)


def test_a_browser_without_a_former_session_costs_one_statement(
    people: People,
) -> None:
    people.signs_in("web", "o1", name="one", secret="one")
    statements: list[str] = []

    def note(_c: object, _cursor: object, text: str, *_: object) -> None:
        statements.append(text)

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        former = "long over"
        people.signs_in("web", "o1", name="one", former_secret=former, known=None)
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)
    assert len([text for text in statements if "BEGIN" not in text]) == 6


def test_what_ran_out_is_forgotten(people: People) -> None:
    people.signs_in("web", "o1", secret="one")
    user = user_of("web", "o1")
    is_known(user)
    signs_in_at(SHOP, user, "one")
    with reading() as session:
        authorization = session.scalars(sa.select(Authorization)).one()
    at = now()
    token = AccessToken(
        token_hash=bytes(32),
        authorization_id=authorization.id,
        scope="openid",
        issued_at=at,
        expires_at=at + timedelta(hours=1),
    )
    transaction(lambda s: s.add(token))
    assert (forget_tokens(at), forget_events(at)) == (0, 0)
    assert forget_tokens(at + timedelta(hours=1)) == 1
    assert forget_tokens(at + timedelta(days=31)) == 1
    sessions.end_all(user.id)
    assert forget_events(at + EVENTS_KEPT + timedelta(days=1)) == 1
    assert (rows(Event), rows(Authorization)) == (0, 0)


def test_signals_come_after_the_commit_only(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[tuple[str, dict[str, Any]]] = []

    def hear(name: str) -> Any:
        def receiver(_sender: object, **facts: Any) -> None:
            with reading() as session:
                assert session.scalar(sa.select(sa.func.count(User.id))) is not None
            heard.append((name, facts))

        return receiver

    names = ("signed_in", "created", "merged", "deleted")
    receivers = {name: hear(name) for name in names}
    for name, receiver in receivers.items():
        getattr(signals, name).connect(receiver)
    people.signs_in("oa", "o1")
    people.signs_in("web", "o2", "u1")
    older, younger = user_of("oa", "o1"), user_of("web", "o2")
    heard.clear()
    people.signs_in("oa", "o1", "u1")
    accounts.delete(older.id)
    people.signs_in("app", "o9")
    new = user_of("app", "o9").uid
    assert heard == [
        ("merged", {"uid": older.uid, "other_uid": younger.uid}),
        ("signed_in", {"uid": older.uid, "created": False}),
        ("deleted", {"uid": older.uid}),
        ("created", {"uid": new}),
        ("signed_in", {"uid": new, "created": True}),
    ]
    heard.clear()

    def fail(*_: object, **__: object) -> None:
        raise WxloginError("something else broke")

    monkeypatch.setattr("wxlogin.accounts.sign_in._record", fail)
    with pytest.raises(WxloginError):
        people.signs_in("app", "o10")
    assert heard == []


def test_a_receiver_that_fails_stops_nothing(people: People) -> None:
    heard: list[datetime] = []

    def broken(_sender: object, **_facts: Any) -> None:
        heard.append(people.at)
        raise ValueError("not ours")

    signals.signed_in.connect(broken)
    people.signs_in("web", "o1")
    assert len(heard) == 1
    assert rows(User) == 1
