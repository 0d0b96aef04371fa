"""Whatever people and operators do, in whatever order, the invariants hold."""

from collections.abc import Callable

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.support.people import (
    People,
    accounts_app,
    check_invariants,
    owner_of,
    rows,
    user_of,
)
from wxlogin.accounts import people as accounts
from wxlogin.accounts.identities import unlink
from wxlogin.accounts.merges import Cause, list_merges, merge, undo
from wxlogin.accounts.models import Identity, User
from wxlogin.db import reading, transaction
from wxlogin.errors import AccountDisabled, Conflict, IdentityConflict

APPS = ("web", "oa", "mp")
openids = st.sampled_from(["o1", "o2", "o3"])
unionids = st.sampled_from([None, "u1", "u2", "u3"])


class Journeys(RuleBasedStateMachine):
    """A handful of people over three apps: they sign in, and things are done."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.app = accounts_app(url)
        self.app.__enter__()
        self.people = People()
        self.seen: set[str] = set()

    def teardown(self) -> None:
        self.app.__exit__(None, None, None)

    @rule(app=st.sampled_from(APPS), openid=openids, unionid=unionids)
    def sign_in(self, app: str, openid: str, unionid: str | None) -> None:
        known = accounts.known(self.people.person(app, openid).appid, openid)
        try:
            result = self.people.signs_in(app, openid, unionid).resolution
        except (AccountDisabled, IdentityConflict):
            return
        self.seen.add(result.uid)
        assert user_of(app, openid).id == result.user_id
        if known is not None and result.merged_uid is None:
            assert result.user_id == known.user_id

    @rule(data=st.data())
    @precondition(lambda self: rows(Identity) > 0)
    def take_off(self, data: st.DataObject) -> None:
        with reading() as session:
            one = data.draw(st.sampled_from(session.query(Identity).all()))
        try:
            unlink(one.user_id, one.id)
        except Conflict:
            return

    @rule(data=st.data())
    @precondition(lambda self: len(list_merges()) > 0)
    def undo_a_merge(self, data: st.DataObject) -> None:
        one = data.draw(st.sampled_from(list_merges()))
        try:
            undo(one.id, at=self.people.at)
        except Conflict:
            return
        assert accounts.surviving_uid(one.merged_uid) == one.merged_uid

    @rule(data=st.data())
    @precondition(lambda self: rows(Identity) > 1)
    def merge_by_choice(self, data: st.DataObject) -> None:
        ids = sorted({user.id for user in self._live()})
        pair = data.draw(st.lists(st.sampled_from(ids), min_size=2, max_size=2))
        if len(set(pair)) < 2:
            return
        try:
            transaction(
                lambda s: merge(s, *pair, cause=Cause.choice, at=self.people.at)
            )
        except AccountDisabled:
            return

    @rule(data=st.data())
    @precondition(lambda self: rows(Identity) > 0)
    def disable_or_enable(self, data: st.DataObject) -> None:
        user = data.draw(st.sampled_from(self._live()))
        if user.disabled_at is None:
            accounts.disable(user.uid, at=self.people.at)
        else:
            accounts.enable(user.uid)

    @rule(data=st.data())
    @precondition(lambda self: rows(Identity) > 2)
    def delete(self, data: st.DataObject) -> None:
        account = accounts.account(data.draw(st.sampled_from(self._live())).id)
        accounts.delete(account.user_id)
        self.seen -= {account.uid, *account.former_uids}
        for one in account.unionids:
            assert owner_of(one.unionid, platform=one.open_platform) is None

    def _live(self) -> list[User]:
        with reading() as session:
            query = session.query(User).filter(User.merged_into_id.is_(None))
            return query.order_by(User.id).all()

    @invariant()
    def all_holds(self) -> None:
        check_invariants()
        for uid in self.seen:
            assert accounts.surviving_uid(uid) is not None


def test_whatever_people_do_all_holds(fresh_url: Callable[[], str]) -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        lambda: Journeys(fresh_url()),
        settings=settings(
            max_examples=15,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
