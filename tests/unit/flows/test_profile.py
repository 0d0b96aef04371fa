"""Who asks WeChat when several want a grant refreshed."""

from datetime import timedelta

import pytest
import time_machine

from tests.support.people import SEALER, People, accounts_app, identity_of
from wxlogin.accounts import grants
from wxlogin.config import App, AppKind
from wxlogin.db import now
from wxlogin.errors import GrantDead, WeChatBusy, WeChatUnavailable
from wxlogin.flows import profile as flow
from wxlogin.net.deadline import Deadline
from wxlogin.service import service_of
from wxlogin.wechat.answers import Tokens

APP = App(name="web", kind=AppKind.website, appid="wx" + "0" * 16, secret="s" * 32)


class WeChat:
    """Answers a refresh as the test wants, and counts."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answer: Tokens | Exception = Tokens(
            access_token="access-new",
            openid="o1",
            expires_in=7200,
            refresh_token=None,
            scope=frozenset({"snsapi_login"}),
            unionid=None,
            is_snapshot=False,
        )

    def refresh(self, app: App, token: str, *, deadline: Deadline) -> Tokens:
        self.asked.append(token)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def wechat(monkeypatch, own_url):
    asked = WeChat()
    with accounts_app(own_url) as app:
        service_of(app).sealer = SEALER
        service_of(app).wechat = asked
        yield asked


@pytest.fixture
def grant(wechat) -> grants.Grant:
    """What 小明 gave us, an hour ago."""
    people = People()
    people.at = now() - timedelta(hours=1)
    given = grants.NewGrant(
        "access-old", "refresh-old", "snsapi_login", 7200, now() - timedelta(hours=1)
    )
    people.signs_in("web", "o1", grant=given)
    return grants.load(identity_of("web", "o1").id, SEALER)


def test_an_answer_without_a_refresh_token_keeps_the_old_one(wechat, grant):
    new = flow.refresh(APP, grant, deadline=Deadline(5))
    assert wechat.asked == ["refresh-old"]
    assert (new.access_token, new.refresh_token) == ("access-new", "refresh-old")
    assert new.version == grant.version + 1
    assert new.authorized_at == grant.authorized_at


def test_who_comes_late_takes_what_is_there(wechat, grant):
    first = flow.refresh(APP, grant, deadline=Deadline(5))
    # The second one still holds the grant as it was before.
    assert flow.refresh(APP, grant, deadline=Deadline(5)) == first
    assert len(wechat.asked) == 1


def test_who_waits_too_long_says_busy(wechat, grant):
    """Another process holds the claim and does not come to an end."""
    assert grants.claim_refresh(grant.identity_id, grant.version)
    with pytest.raises(WeChatBusy) as raised:
        flow.refresh(APP, grant, deadline=Deadline(0.05))
    assert raised.value.retry_after == 60
    assert wechat.asked == []


def test_a_claim_of_a_killed_process_runs_out(wechat, grant):
    past = now() - grants.LEASE
    assert grants.claim_refresh(grant.identity_id, grant.version, at=past)
    assert flow.refresh(APP, grant, deadline=Deadline(5)).access_token == "access-new"


def test_the_claim_lasts_as_long_as_wechat_may_take(wechat, grant):
    """WECHAT_BUDGET may be a minute, and still only one process asks."""
    late = now() + timedelta(seconds=29)

    def slow(app: App, token: str, *, deadline: Deadline) -> Tokens:
        assert not grants.claim_refresh(grant.identity_id, grant.version, at=late)
        return wechat.answer

    wechat.refresh = slow
    new = flow.refresh(APP, grant, deadline=Deadline(30))
    assert new.access_token == "access-new"


def test_a_fault_gives_the_claim_back(wechat, grant):
    good, wechat.answer = wechat.answer, WeChatUnavailable("no answer")
    with pytest.raises(WeChatUnavailable):
        flow.refresh(APP, grant, deadline=Deadline(5))
    assert grants.load(grant.identity_id, SEALER) == grant
    wechat.answer = good
    assert flow.refresh(APP, grant, deadline=Deadline(5)).version == grant.version + 1


def test_a_dead_token_is_forgotten(wechat, grant):
    wechat.answer = GrantDead("refused")
    with pytest.raises(GrantDead):
        flow.refresh(APP, grant, deadline=Deadline(5))
    assert grants.load(grant.identity_id, SEALER) is None
    with pytest.raises(GrantDead):
        flow.refresh(APP, grant, deadline=Deadline(5))
    assert len(wechat.asked) == 1


def test_a_new_sign_in_meanwhile_wins(wechat, grant):
    """The refused token was an old one; the new grant stays."""
    people = People()
    people.at = now()

    def meanwhile(app: App, token: str, *, deadline: Deadline) -> Tokens:
        newest = people.grant("newest")
        people.signs_in("web", "o1", grant=newest, secret="another")
        raise GrantDead("refused")

    wechat.refresh = meanwhile
    with pytest.raises(GrantDead):
        flow.refresh(APP, grant, deadline=Deadline(5))
    kept = grants.load(grant.identity_id, SEALER)
    assert kept and kept.access_token == "access-newest"


@pytest.mark.parametrize(("left", "due"), [(301, False), (299, True), (-10, True)])
def test_due_is_under_five_minutes(wechat, grant, clock_at, left, due):
    clock_at(grant.expires_at - timedelta(seconds=left))
    flow.fresh(APP, grant, deadline=Deadline(5))
    assert bool(wechat.asked) == due


@pytest.fixture
def clock_at():
    """Sets our clock; it stands still until the test ends."""
    travels = []

    def travel(moment) -> None:
        travels.append(time_machine.travel(moment, tick=False))
        travels[-1].start()

    yield travel
    for each in reversed(travels):
        each.stop()
