"""A site's own id of a user: unique both ways, found through merges, case kept."""

import pytest

from tests.support.people import People, appid_of, by_choice, rows, snapshot, user_of
from wxlogin.accounts import people as accounts
from wxlogin.accounts.models import Event, SiteUser, User
from wxlogin.db import reading, transaction
from wxlogin.errors import BadRequest, ExternalIdFixed, ExternalIdTaken
from wxlogin.sites import members

SHOP = "shop"


def connects(people: People, user: User, external_id: str, site: str = SHOP) -> None:
    transaction(
        lambda session: members.connect(
            session, site, user.id, external_id, at=people.at, terms_version="1"
        )
    )


@pytest.fixture
def pair(people: People) -> tuple[User, User]:
    """Two users whom no site knows."""
    people.signs_in("web", "o1", name="one")
    people.signs_in("web", "o2", name="two")
    return user_of("web", "o1"), user_of("web", "o2")


def test_the_site_knows_the_user_and_hears_it_once(
    people: People, pair: tuple[User, User]
) -> None:
    one, _ = pair
    for _ in range(2):
        connects(people, one, "c-1")
    found = members.by_external_id(SHOP, "c-1")
    assert found is not None
    assert (found.user_id, found.external_id) == (one.id, "c-1")
    assert found.terms_version == "1"
    with reading() as session:
        [event] = session.query(Event).all()
    assert (event.type, event.data["external_id"]) == ("user.created", "c-1")


def test_a_user_whom_the_site_knew_gets_the_id(
    people: People, pair: tuple[User, User]
) -> None:
    one, _ = pair
    transaction(lambda s: members.join(s, SHOP, one.id, at=people.at))
    connects(people, one, "c-1")
    assert rows(SiteUser) == 1
    assert rows(Event) == 1


@pytest.mark.parametrize(
    ("who", "external_id", "refused"),
    [(0, "c-2", ExternalIdFixed), (1, "c-1", ExternalIdTaken)],
)
def test_unique_both_ways_and_nothing_changed(
    people: People, pair: tuple[User, User], who: int, external_id: str, refused: type
) -> None:
    connects(people, pair[0], "c-1")
    before = snapshot()
    found = members.obstacle(SHOP, pair[who].id, external_id)
    assert found == refused.code
    with pytest.raises(refused):
        connects(people, pair[who], external_id)
    assert snapshot() == before


def test_an_id_is_compared_byte_for_byte(
    people: People, pair: tuple[User, User]
) -> None:
    connects(people, pair[0], "Ann")
    connects(people, pair[1], "ann")
    for text, user in (("Ann", pair[0]), ("ann", pair[1])):
        found = members.by_external_id(SHOP, text)
        assert found is not None
        assert found.user_id == user.id
    assert members.by_external_id(SHOP, "ANN") is None
    assert members.by_external_id(SHOP, "Ann ") is None


def test_each_site_has_ids_of_its_own(people: People, pair: tuple[User, User]) -> None:
    connects(people, pair[0], "1")
    connects(people, pair[1], "1", site="other")
    connects(people, pair[0], "2", site="other")
    assert rows(SiteUser) == 3


@pytest.mark.parametrize("external_id", ["客户-1", "😀", "é", "x" * 128, "1"])
def test_whatever_is_printable(
    people: People, pair: tuple[User, User], external_id: str
) -> None:
    connects(people, pair[0], external_id)
    found = members.by_external_id(SHOP, external_id)
    assert found is not None
    assert found.external_id == external_id


@pytest.mark.parametrize("external_id", ["", " ", "a\x00", "x" * 129, "a\n", " a"])
def test_what_is_no_id(
    people: People, pair: tuple[User, User], external_id: str
) -> None:
    with pytest.raises(BadRequest):
        connects(people, pair[0], external_id)
    assert rows(SiteUser) == 0


def test_after_a_merge_both_ids_lead_to_the_survivor(
    people: People, pair: tuple[User, User]
) -> None:
    one, two = pair
    connects(people, one, "c-1")
    connects(people, two, "c-2")
    by_choice(people, one, two)
    for external_id in ("c-1", "c-2"):
        found = members.by_external_id(SHOP, external_id)
        assert found is not None
        assert (found.user_id, found.external_id) == (one.id, "c-1")
        connects(people, one, "c-1")
    assert members.obstacle(SHOP, one.id, "c-3") == ExternalIdFixed.code


def test_users_by_wechats_ids(people: People) -> None:
    people.signs_in("web", "o1", "u1")
    people.signs_in("oa", "o1", "u1", platform="another")
    people.signs_in("mp", "o3", "u3")
    web = user_of("web", "o1")
    appid = appid_of("web")
    assert accounts.by_openid(appid, "o1") == web.id
    assert accounts.by_openid(appid, "O1") is None
    assert accounts.by_unionid("u3") == user_of("mp", "o3").id
    # Two open platforms, two people: nobody is guessed.
    assert accounts.by_unionid("u1") is None
    for text in ("小", "a\x00", "\ud800", "x" * 5000, ""):
        assert accounts.by_openid(appid, text) is None
        assert accounts.by_unionid(text) is None
