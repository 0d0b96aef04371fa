"""Whom a site's own file may say something about: nobody becomes somebody else.

Finding M3. The attacker is whoever writes the file of site A; 小明 has an account.
"""

from typing import Any

import pytest

from tests.support.people import START, People, by_choice, snapshot, user_of
from tests.support.transfer import SHOP, bring_in, exported, outcomes, wx
from wxlogin.accounts import people as accounts
from wxlogin.db import transaction
from wxlogin.sites import members

THIEF = wx("thief")
HIS = {"openids": {"web": wx("o1")}, "unionids": {"main": wx("u1")}}
TAKEOVERS: dict[str, dict[str, Any]] = {
    "his unionid": {"openids": {"oa": THIEF}, "unionids": {"main": wx("u1")}},
    "his openid": {"openids": {"web": wx("o1"), "oa": THIEF}},
    "both": {"openids": {"web": wx("o1"), "oa": THIEF}, **HIS, "external_id": "m-1"}
    | {"openids": {"web": wx("o1"), "oa": THIEF}},
    "the site's own id": {"openids": {"oa": THIEF}, "external_id": "42"},
    "another unionid": {"openids": {"lone": THIEF}, "unionids": {"main": wx("u1")}},
    "a list": {
        "openids": {"oa": [THIEF, {"openid": wx("x"), "unionid": wx("u1")}]},
        "unionids": {"main": [wx("u1"), wx("u8")]},
    },
    "a unionid to learn": {"openids": {"web": wx("o2")}, "unionids": {"main": THIEF}},
}


@pytest.fixture
def xiaoming(people: People) -> str:
    """His uid; the site knows him as 42, and another person has no unionid yet."""
    uid = people.signs_in("web", wx("o1"), wx("u1")).resolution.uid
    user = user_of("web", wx("o1"))
    transaction(lambda s: members.join(s, "shop", user.id, at=START))
    members.set_external_id("shop", user.id, "42")
    people.signs_in("web", wx("o2"))
    return uid


@pytest.mark.parametrize("line", TAKEOVERS.values(), ids=TAKEOVERS)
def test_nobody_gains_an_openid_or_unionid_by_a_sites_word(
    people: People, xiaoming: str, line: dict[str, Any]
) -> None:
    before = snapshot()
    [result] = bring_in(line, trusted=False)
    assert result.outcome == "conflict"
    assert snapshot() == before
    # A site does not learn whom we know.
    assert result.uid is None and xiaoming not in result.reason
    assert people.signs_in("oa", THIEF).resolution.uid != xiaoming


def test_a_site_says_who_its_customers_are(people: People, xiaoming: str) -> None:
    """By ids that are all theirs, it may name those that it knows, and others."""
    lihua = people.signs_in("web", wx("o3"), wx("u3")).resolution.uid
    customer = {"openids": {"web": wx("o3")}, "unionids": {"main": wx("u3")}}
    [known, joined, made] = bring_in(
        HIS,
        {**customer, "external_id": "43"},
        {"openids": {"web": wx("o4")}, "unionids": {"main": wx("u4")}},
        trusted=False,
    )
    assert (known.outcome, joined.outcome, made.outcome) == ("known", "linked", "new")
    assert joined.uid == lihua
    member = members.by_external_id("shop", "43")
    assert member is not None and member.user_id == user_of("web", wx("o3")).id


def test_the_operator_may_trust_it(people: People, xiaoming: str) -> None:
    [result] = bring_in(TAKEOVERS["his unionid"], trusted=True)
    assert (result.outcome, result.uid) == ("linked", xiaoming)


@pytest.mark.parametrize(
    "field",
    [
        {"uid": "A" * 22},
        {"former_uids": ["A" * 22]},
        {"former_uids": "A" * 22},
        {"disabled": True},
        {"disabled": "2024-05-31"},
    ],
)
def test_what_holds_at_every_site_is_not_one_sites_to_say(
    people: People, field: dict[str, Any]
) -> None:
    line = {"openids": {"web": wx("o9")}, **field}
    [result] = bring_in(line, trusted=False)
    assert result.outcome == "refused" and "--trust" in result.reason
    assert outcomes(bring_in(line, trusted=True)) == ["new"]


@pytest.mark.parametrize("by", ["uid", "former_uids"])
@pytest.mark.parametrize("site", [None, SHOP])
def test_nobody_inherits_the_uid_of_somebody_who_was_deleted(
    people: People, xiaoming: str, by: str, site: Any
) -> None:
    """Not even by an old export of our own."""
    people.signs_in("oa", wx("p1"))
    gone = user_of("web", wx("o1"))
    former = user_of("oa", wx("p1")).uid
    by_choice(people, gone, user_of("oa", wx("p1")))
    saved = exported()
    accounts.delete(gone.id)
    for uid in (xiaoming, former):
        line = {"openids": {"oa": THIEF}, by: uid if by == "uid" else [uid]}
        [result] = bring_in(line, site=site)
        assert result.outcome == "conflict" and "was deleted" in result.reason
    assert "conflict" in outcomes(bring_in(*saved.splitlines(), site=site))
    assert people.signs_in("web", wx("o1")).resolution.uid != xiaoming
