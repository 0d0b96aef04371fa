"""Snapshot pages: a virtual visitor first, the person after 使用完整服务."""

import pytest

from wxlogin.simulator import World
from wxlogin.simulator.world.ids import openid, unionid

from .conftest import OA, Account, Site, code_of, consent_link, errcode


def test_strangers_share_a_unionid_and_nothing_else(
    account: Account, world: World
) -> None:
    world.switch(snapshot=True)
    first = account.signs_in(person="xiaoming")
    second = account.signs_in(person="lihua")
    assert list(first)[-2:] == ["unionid", "is_snapshotuser"]
    assert first["is_snapshotuser"] == second["is_snapshotuser"] == 1
    assert first["unionid"] == second["unionid"]
    assert first["openid"] != second["openid"]
    real = {f(key, who) for who in ("xiaoming", "lihua") for f, key in IDS}
    assert not real & {first["openid"], second["openid"], first["unionid"]}


IDS = ((openid, OA), (unionid, "main"))


def test_the_profile_is_nobodys(account: Account, world: World) -> None:
    world.switch(snapshot=True)
    profile = Site(account.client).reads_profile(account.signs_in())
    assert profile["nickname"] == "微信用户"
    assert "is_snapshotuser" not in profile


@pytest.mark.fact("the profile of a snapshot's visitor is 48001")
def test_the_profile_may_be_refused(account: Account, world: World) -> None:
    world.switch(snapshot=True, snapshot_48001=True)
    profile = Site(account.client).reads_profile(account.signs_in())
    assert errcode(profile) == 48001
    world.switch(snapshot=None)
    real = Site(account.client).reads_profile(account.signs_in())
    assert real["nickname"] == "小明😀"


def test_the_link_itself_may_ask_for_a_preview(account: Account) -> None:
    link = consent_link(forceSnapShot="true")
    assert account.visited(link)["snapshot"] is True


def test_nobody_is_asked_on_a_preview(account: Account, world: World) -> None:
    world.switch(snapshot=True)
    assert account.visited(allow=False)["snapshot"] is True


def test_only_a_question_on_entry_becomes_a_preview(
    account: Account, world: World
) -> None:
    """A silent login opens no preview, nor does one that needs no question."""
    account.visited()
    world.switch(snapshot=True)
    assert account.visited()["snapshot"] is False
    base = consent_link(scope="snsapi_base", forceSnapShot="true")
    assert account.visited(base, person="lihua")["snapshot"] is False


def test_the_full_service_comes_back_as_the_person(
    account: Account, world: World
) -> None:
    """The same link and state, a real code; from then on no preview any more."""
    world.switch(snapshot=True)
    preview = account.visited()["redirect"]
    full = account.visited(full_service=True)
    assert full["snapshot"] is False
    assert full["redirect"].endswith("&state=STATE1")
    assert account.exchanges(code_of(full["redirect"]))["openid"] == openid(
        OA, "xiaoming"
    )
    assert account.visited()["snapshot"] is False
    assert account.exchanges(code_of(preview))["is_snapshotuser"] == 1


def test_the_full_service_asks(account: Account, world: World) -> None:
    world.switch(snapshot=True)
    assert account.visited(full_service=True, allow=False)["page"] == "closed"
    assert account.visited()["snapshot"] is True
