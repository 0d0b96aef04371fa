"""Who of an app has a unionid of its new open platform, and who has none yet."""

import pytest

from tests.support.people import People, identity_of
from wxlogin.accounts import bindings
from wxlogin.accounts.bindings import Counts


def test_everybody_without_one_is_named_page_by_page(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bindings, "_PAGE", 2)
    for number in range(5):
        people.signs_in("web", f"o{number}")
    people.signs_in("web", "named", "u1")
    without = [identity_of("web", f"o{number}") for number in range(5)]
    appid = without[0].appid
    found = list(bindings.unnamed(appid, "main"))
    # In an empty file of SQLite the very first of all identities is among them.
    assert [one.id for one in found] == [one.id for one in without]
    assert [one.openid for one in found] == [one.openid for one in without]
    assert bindings.count(appid, "main") == Counts(people=6, named=1, elsewhere=0)


def test_who_has_one_by_another_app_is_not_named(people: People) -> None:
    people.signs_in("oa", "o1", "u1", platform="other")
    people.signs_in("web", "o2", "u2")
    appid = identity_of("oa", "o1").appid
    assert [one.open_platform for one in bindings.unnamed(appid, "main")] == ["other"]
    assert bindings.count(appid, "main") == Counts(people=1, named=0, elsewhere=0)
    assert bindings.count(appid, "other") == Counts(people=1, named=1, elsewhere=0)
    assert list(bindings.unnamed(appid, "other")) == []
