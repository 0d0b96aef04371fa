"""Users as pages, the API and operators see them; text that must not break."""

from datetime import timedelta

import pytest

from tests.support.people import People, appid_of, rows, user_of
from wxlogin.accounts import people as accounts
from wxlogin.accounts import sign_in
from wxlogin.accounts.models import Conflict, LoginEvent
from wxlogin.accounts.person import Profile, storable
from wxlogin.accounts.sign_in import forget_old_logins
from wxlogin.errors import AccountGone, NotFound


def test_account_shows_everything_that_is_known(people: People) -> None:
    people.signs_in("web", "o1", "u1", name="小明😀")
    people.signs_in("oa", "o2", "u1")
    account = accounts.account(user_of("web", "o1").id)
    assert (account.profile.nickname, account.profile.language) == ("小明😀", "zh_CN")
    assert [one.openid for one in account.identities] == ["o1", "o2"]
    assert account.identities[1].kind == "official_account"
    assert [one.unionid for one in account.unionids] == ["u1"]
    assert account.last_seen_at == people.at
    assert account.former_uids == []


def test_account_that_is_gone_says_so(people: People) -> None:
    with pytest.raises(AccountGone):
        accounts.account(1)
    people.signs_in("web", "o1")
    people.signs_in("oa", "o2", "u1")
    merged = user_of("oa", "o2").id
    people.signs_in("web", "o1", "u1")
    with pytest.raises(AccountGone):
        accounts.account(merged)


@pytest.mark.parametrize("uid", ["", "nobody", "\x00", "\ud83d", "x" * 9999, "好"])
def test_uid_that_was_never_given_out_is_nobodys(people: People, uid: str) -> None:
    assert accounts.surviving_uid(uid) is None
    assert accounts.find_user(uid) is None
    with pytest.raises(NotFound):
        accounts.disable(uid)


def test_uids_differ_in_case(people: People) -> None:
    uid = people.signs_in("web", "o1").resolution.uid
    assert accounts.surviving_uid(uid) == uid
    assert accounts.surviving_uid(uid.swapcase()) is None


def test_what_a_flow_knows_of_an_openid(people: People) -> None:
    people.signs_in("web", "o1", name="小明😀")
    known = accounts.known(appid_of("web"), "o1")
    assert known is not None
    assert (known.nickname, known.profile_at) == ("小明😀", people.at)
    assert accounts.known(appid_of("oa"), "o1") is None


def test_recent_logins_are_the_latest(people: People) -> None:
    for _ in range(12):
        people.signs_in("web", "o1")
    logins = sign_in.recent_logins(user_of("web", "o1").id)
    assert [one.at for one in logins] == [
        people.at - timedelta(seconds=n) for n in range(10)
    ]
    assert {(one.door, one.address) for one in logins} == {("qr", "192.0.2.7")}


def test_old_logins_are_forgotten(people: People) -> None:
    people.signs_in("web", "o1", "u1")
    people.signs_in("web", "o1", "u2")
    people.signs_in("web", "o1", "u1")
    assert forget_old_logins(people.at) == 3
    assert (rows(LoginEvent), rows(Conflict)) == (1, 0)


FAMILY = "👨\u200d👩\u200d👧"


@pytest.mark.parametrize(
    "nickname, stored",
    [
        ("小明😀", "小明😀"),
        ("a\x00b", "ab"),
        ("a\ud83db", "ab"),
        ("<script>", "<script>"),
        ("\u202eRTL", "\u202eRTL"),
        ("好" * 10_000, "好" * 128),
        ("x" + FAMILY * 30, "x" + FAMILY * 25),
        ("e" + "\u0301" * 5000, "e" + "\u0301" * 127),
        ("null", "null"),
        (7, ""),
        (["x"], ""),
    ],
    ids=lambda value: ascii(value)[:12],
)
def test_awkward_nickname_is_stored_or_cleaned(
    people: People, nickname: object, stored: str
) -> None:
    """security row 93"""
    people.signs_in("web", "o1", name=nickname)  # type: ignore[arg-type]
    assert user_of("web", "o1").nickname == stored


def test_avatar_that_does_not_fit_is_none() -> None:
    assert Profile("x", "https://img/" + "x" * 500, None).avatar is not None
    assert Profile("x", "https://img/" + "x" * 501, None).avatar is None
    assert Profile("x", "", None).avatar is None


def test_text_is_cut_where_a_character_ends() -> None:
    assert storable("ab👍🏽", 3) == "ab"
    assert storable("abcd", 3) == "abc"


def test_long_circumstances_are_cut(people: People) -> None:
    people.signs_in(
        "web", "o1", browser="M\x00" * 500, address="a" * 500, request_id="r" * 500
    )
    (login,) = sign_in.recent_logins(user_of("web", "o1").id)
    assert (len(login.browser), len(login.address)) == (255, 64)
