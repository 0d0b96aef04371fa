"""Which WeChats of an account are new to each other, and who may go."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.support.people import KINDS, People, appid_of, identity_of, user_of
from wxlogin.accounts import people as accounts
from wxlogin.accounts import wechats
from wxlogin.accounts.identities import unlink
from wxlogin.accounts.merges import Cause, merge
from wxlogin.accounts.models import Identity
from wxlogin.accounts.undo import take_back
from wxlogin.accounts.wechats import NEW, Company, WeChat
from wxlogin.db import now, read, reading, transaction
from wxlogin.errors import NotFound, RecentlyJoined


def adds(people: People, openid: str, to: str, app: str = "web") -> None:
    """Another WeChat on the account that has the openid `to`."""
    people.at += timedelta(seconds=1)
    owner = user_of("web", to).id

    def insert(session) -> None:
        session.add(
            Identity(
                user_id=owner,
                appid=appid_of(app),
                kind=KINDS[app],
                openid=openid,
                first_seen_at=people.at,
                last_seen_at=people.at,
            )
        )

    transaction(insert)


def become_one(people: People, one: str, other: str, cause: Cause = Cause.choice):
    people.at += timedelta(seconds=1)
    pair = (user_of("web", one).id, user_of("web", other).id)
    return transaction(lambda s: merge(s, *pair, cause=cause, at=people.at)).merge_id


def company(openid: str) -> Company:
    user_id = user_of("web", openid).id
    return read(lambda session: wechats.company(session, user_id))


def may_go(found: Company, at, *, by: str | None = None) -> set[str]:
    """The openids that may be taken off, by a session of the WeChat `by`."""
    mine = found.of(identity_of("web", by).id) if by else None
    return {
        name
        for name in ("o1", "o2", "o3")
        if (one := _wechat(found, name)) and found.may_go(one, by=mine, at=at)
    }


def _wechat(found: Company, openid: str) -> WeChat | None:
    query = sa.select(Identity.id).filter_by(openid=openid)
    with reading() as session:
        number = session.scalar(query)
    return found.of(number) if number is not None else None


def test_the_last_one_stays(people: People) -> None:
    """security row 51"""
    people.signs_in("web", "o1", "u1")
    people.signs_in("oa", "o9", "u1")
    assert len(company("o1").wechats) == 1
    assert may_go(company("o1"), people.at, by="o1") == set()


@pytest.mark.parametrize(
    ("by", "free"),
    [
        ("o1", {"o2", "o3"}),
        # Older than the third, so it stays for the third's sake; its own wish counts.
        ("o2", {"o2", "o3"}),
        ("o3", {"o3"}),
        (None, {"o3"}),
    ],
)
def test_newcomers_go_by_who_was_there_before(people: People, by, free) -> None:
    people.signs_in("web", "o1")
    adds(people, "o2", to="o1")
    adds(people, "o3", to="o1")
    assert may_go(company("o1"), people.at, by=by) == free
    assert may_go(company("o1"), people.at + NEW, by=by) == {"o1", "o2", "o3"}


def test_who_came_at_once_is_nobodys_newcomer(people: People) -> None:
    """As an import brings them in."""
    people.signs_in("web", "o1")
    people.at -= timedelta(seconds=1)
    adds(people, "o2", to="o1")
    assert may_go(company("o1"), people.at) == {"o1", "o2"}


def test_two_accounts_that_became_one_are_new_to_each_other(people: People) -> None:
    people.signs_in("web", "o1")
    people.signs_in("web", "o2")
    people.at += 2 * NEW
    number = become_one(people, "o1", "o2")
    found = company("o1")
    for by in ("o1", "o2", None):
        assert may_go(found, people.at, by=by) == set()
    for one in found.wechats:
        assert not found.is_at_home(one, at=people.at)
        assert found.is_at_home(one, at=people.at + NEW)
    assert [one.merge_id for one in found.merges(at=people.at)] == [number]
    assert found.merges(at=people.at + NEW) == ()


def test_one_person_by_two_doors_is_not_new(people: People) -> None:
    """A merge by WeChat's own word, after which there is one WeChat."""
    people.signs_in("web", "o1")
    people.signs_in("oa", "o9", "u1")
    people.signs_in("web", "o1", "u1")
    found = company("o1")
    assert (len(found.wechats), found.joinings) == (1, ())


def test_a_late_unionid_brings_nobody_else_in_for_good(people: People) -> None:
    """A scan was begged for in an app whose unionid was not known yet; the unionid
    that comes later makes the victim's own account one with the beggar's."""
    people.signs_in("web", "o2", "beggar")
    adds(people, "lone", to="o2", app="oa")
    people.signs_in("web", "o1", "victim")
    people.at += 2 * NEW
    people.signs_in("oa", "lone", "victim")
    assert user_of("web", "o1").id == user_of("web", "o2").id
    assert may_go(company("o1"), people.at, by="o2") == set()
    assert len(company("o1").merges(at=people.at)) == 1


def test_who_was_merged_before_is_new_to_the_latest_only(people: People) -> None:
    for openid in ("o1", "o2", "o3"):
        people.signs_in("web", openid)
    first = become_one(people, "o2", "o3")
    people.at += NEW
    second = become_one(people, "o1", "o2")
    found = company("o1")
    assert [one.merge_id for one in found.merges(at=people.at)] == [second]
    joined = {
        frozenset((one.elder.identities, one.newcomer.identities)): one.merge_id
        for one in found.joinings
    }
    ids = [frozenset({identity_of("web", name).id}) for name in ("o1", "o2", "o3")]
    assert joined[frozenset(ids[1:])] == first
    assert joined[frozenset((ids[0], ids[2]))] == second


def test_a_merge_is_taken_back_by_its_own_account_while_it_is_new(
    people: People,
) -> None:
    for openid in ("o1", "o2", "o3"):
        people.signs_in("web", openid)
    number = become_one(people, "o1", "o2")
    mine, stranger = user_of("web", "o1").id, user_of("web", "o3").id
    for user_id, at in ((stranger, people.at), (mine, people.at + NEW)):
        with pytest.raises(NotFound):
            take_back(user_id, number, at=at)
    undone = take_back(mine, number, at=people.at)
    assert undone.restored_uid == user_of("web", "o2").uid
    with pytest.raises(NotFound):
        take_back(mine, number, at=people.at)


def test_the_wait_is_kept_where_rows_are_deleted(people: People) -> None:
    """Whatever a page may offer."""
    people.at = now() - timedelta(minutes=1)
    people.signs_in("web", "o1")
    adds(people, "o2", to="o1")
    owner, first = user_of("web", "o1").id, identity_of("web", "o1").id
    with pytest.raises(RecentlyJoined) as raised:
        unlink(owner, first, through=first)
    assert (raised.value.code, raised.value.status) == ("recently_joined", 409)


def test_a_sign_in_knows_whether_the_account_is_shared(people: People) -> None:
    """The same, in the one statement that looks for a known person."""

    def is_shared() -> bool:
        found = accounts.known(appid_of("web"), "o1")
        assert found is not None
        assert found.is_shared == (len(company("o1").wechats) > 1)
        return found.is_shared

    people.signs_in("web", "o1")
    assert not is_shared()
    people.signs_in("oa", "o9", "u1")
    people.signs_in("web", "o1", "u1")
    people.signs_in("mp", "m1", "u1")
    assert not is_shared()
    people.signs_in("web", "o3", "u3")
    assert not is_shared()
    become_one(people, "o1", "o3")
    assert is_shared()
