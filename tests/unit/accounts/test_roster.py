"""The operator's list of users, and who is found by what."""

import pytest

from tests.support.people import SEALER, People, two_that_merge, user_of
from wxlogin.accounts import people as accounts
from wxlogin.accounts import phones, roster
from wxlogin.accounts.roster import Wanted
from wxlogin.db import transaction
from wxlogin.errors import NotFound
from wxlogin.sites import members
from wxlogin.wechat.open_data import PhoneNumber


@pytest.fixture
def three(people: People) -> dict[str, str]:
    """小明, 李华 and 100% by name, a second apart: their uids."""
    people.signs_in("web", "openid-ming", "unionid-ming", name="小明😀 Ming")
    people.signs_in("mp", "openid-hua", "unionid-hua", name="李华")
    people.signs_in("web", "openid-per", name="100%")
    return {
        "ming": user_of("web", "openid-ming").uid,
        "hua": user_of("mp", "openid-hua").uid,
        "per": user_of("web", "openid-per").uid,
    }


def found(text: str | None = None, client_id: str | None = None) -> list[str]:
    page = roster.page(Wanted(text, client_id), SEALER, limit=50)
    return [one.uid for one in page.users]


def test_users_come_page_by_page(three: dict[str, str]) -> None:
    everybody = Wanted()
    first = roster.page(everybody, SEALER, limit=2)
    assert [one.uid for one in first.users] == [three["ming"], three["hua"]]
    assert first.after == three["hua"]
    rest = roster.page(everybody, SEALER, limit=2, after=first.after)
    assert [one.nickname for one in rest.users] == ["100%"]
    assert rest.after is None
    assert roster.page(everybody, SEALER, limit=3).after is None
    with pytest.raises(NotFound):
        roster.page(everybody, SEALER, limit=2, after="nobody")


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("小明", "ming"),
        ("ming", "ming"),
        ("%", "per"),
        ("openid-hua", "hua"),
        ("unionid-ming", "ming"),
        ("13800138000", "hua"),
        ("+86 138-0013-8000", "hua"),
        ("customer 7", "ming"),
    ],
)
def test_a_user_is_found_by_what_a_person_tells(
    three: dict[str, str], text: str, who: str
) -> None:
    hua, ming = user_of("mp", "openid-hua"), user_of("web", "openid-ming")
    (identity,) = accounts.account(hua.id).identities
    number, at = PhoneNumber("86", "13800138000"), identity.first_seen_at
    transaction(lambda s: phones.store(s, identity.id, number, sealer=SEALER, at=at))
    members.set_external_id("shop", ming.id, "customer 7")
    assert found(text) == [three[who]]


@pytest.mark.parametrize("text", ["openid", "OPENID-HUA", "_", "138", "王", "\\"])
def test_who_is_not_there_is_not_found(three: dict[str, str], text: str) -> None:
    assert found(text) == []


def test_who_was_merged_away_is_found_as_who_it_is_today(people: People) -> None:
    two_that_merge(people)
    (uid,) = found()
    account = accounts.find_user(uid)
    assert account is not None
    (former,) = account.former_uids
    assert found(former) == [uid]


def test_a_site_narrows_the_list(three: dict[str, str]) -> None:
    members.set_external_id("shop", user_of("web", "openid-ming").id, "42")
    members.set_external_id("other", user_of("mp", "openid-hua").id, "43")
    assert found(client_id="shop") == [three["ming"]]
    assert found("42", "shop") == [three["ming"]]
    assert found("43", "shop") == []
    assert found("43") == [three["hua"]]
