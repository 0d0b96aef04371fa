"""What WeChat said of a person at an account, and which user it is said of."""

from tests.support.following import wechat_says
from tests.support.people import START, People, appid_of, user_of
from wxlogin.accounts import followers
from wxlogin.accounts.followers import Follow, Known
from wxlogin.db import transaction

OA = appid_of("oa")


def learns(openid: str, *, follows: bool, unionid: str | None = None) -> None:
    pair = ("main", unionid) if unionid else None
    wechat_says(OA, openid, follows=follows, unionid=pair, at=START)


def test_what_wechat_says_unasked_for_by_a_push_is_kept_once(people: People) -> None:
    people.signs_in("web", "w-ann", "u-ann")
    ann = user_of("web", "w-ann").id
    assert followers.of_user(ann) == {}
    for follows in (True, True, False):
        learns("o-ann", follows=follows, unionid="u-ann")
        assert followers.of_user(ann) == {OA: follows}
    # A push of later on is news all the same.
    follow = Follow(OA, "o-ann", True, START.replace(hour=13))
    assert transaction(lambda session: followers.note(session, follow, now=START))
    assert followers.of_user(ann) == {OA: True}


def test_a_user_can_be_asked_about_by_each_openid_there(people: People) -> None:
    people.signs_in("web", "w-ann", "u-ann")
    ann = user_of("web", "w-ann").id
    assert followers.openids_of(ann, OA) == []
    learns("o-other", follows=True, unionid="u-bob")
    learns("o-ann", follows=False, unionid="u-ann")
    assert followers.openids_of(ann, OA) == ["o-ann"]
    people.signs_in("oa", "o-ann", "u-ann")
    assert followers.openids_of(ann, OA) == ["o-ann"]
    assert followers.openids_of(ann, appid_of("web")) == ["w-ann"]


def test_who_an_openid_is_may_be_known_or_not(people: People) -> None:
    assert followers.of_openid(OA, "o-cat") == Known(False, None, False, None)
    learns("o-cat", follows=True)
    nameless = followers.of_openid(OA, "o-cat")
    assert (nameless.follows, nameless.is_named) == (True, False)
    people.signs_in("oa", "o-cat", None)
    assert followers.of_openid(OA, "o-cat").is_named
    learns("o-dan", follows=True, unionid="u-dan")
    assert followers.of_openid(OA, "o-dan").is_named
