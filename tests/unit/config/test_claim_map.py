"""A site's claim map: what it may say, and what start-up refuses or warns of."""

import pytest
from pydantic import ValidationError

from wxlogin.config import Settings, Site
from wxlogin.config.claim_map import SOURCES
from wxlogin.config.site_rules import site_warnings
from wxlogin.oidc.claims import CLAIMS


def site(**claims: object) -> Site:
    return Site(name="shop", client_id="shop", claims=claims)


def test_names_and_lists_are_taken():
    made = site(username="preferred_username", groups=["members", " 会员 "])
    assert made.claims == {
        "username": "preferred_username",
        "groups": ("members", "会员"),
    }
    assert site(**{"https://shop.example/role": ["admin"]}).claims


REFUSED = [
    ({"sub": "name"}, "sub has its meaning already"),
    ({"iss": ["x"]}, "iss has its meaning already"),
    ({"email": "preferred_username"}, "email has its meaning already"),
    ({"email_verified": ["true"]}, "email_verified has its meaning already"),
    ({"username": "user_name"}, "no claim of ours: write one of sub,"),
    ({"username": "wechat"}, "no claim of ours"),
    ({"username": ""}, "no claim of ours"),
    ({"groups": "name"}, "groups is name, a nickname"),
    ({"roles": "given_name"}, "roles is given_name, a nickname"),
    ({"Roles": "name"}, "Roles is name, a nickname"),
    ({"memberOf": "name"}, "memberOf is name, a nickname"),
    ({"cognito:groups": "nickname"}, "cognito:groups is nickname, a nickname"),
    ({"https://x.example/user_role": "name"}, "user_role is name, a nickname"),
    ({"groups": []}, "an empty list"),
    ({"groups": ["a", 7]}, "groups has 7 in its list"),
    ({"groups": ["a", ""]}, 'groups has "" in its list'),
    ({"groups": ["a", None]}, "groups has nothing in its list"),
    ({"groups": ["a", {"b": 1}]}, "groups has a table in its list"),
    ({"groups": ["x" * 65]}, "64 characters at most"),
    ({"groups": ["a\u200bb"]}, "invisible character"),
    ({"groups": [f"g{n}" for n in range(17)]}, "16 texts at most"),
    ({"groups": 7}, "groups is 7"),
    ({"groups": True}, "groups is true"),
    ({"groups": {"a": 1}}, "groups is a table"),
    ({"7up": "name"}, "no name of a claim"),
    ({"a b": "name"}, "no name of a claim"),
    ({"": "name"}, "no name of a claim"),
    ({"名": "name"}, "no name of a claim"),
    ({f"c{n}": "sub" for n in range(17)}, "16 claims at most"),
]


@pytest.mark.parametrize(("claims", "says"), REFUSED)
def test_what_it_may_not_say_is_named(claims, says):
    with pytest.raises(ValidationError) as caught:
        site(**claims)
    assert says in str(caught.value)


@pytest.mark.parametrize("claims", ["username", ["username"], 7, True])
def test_it_is_a_table(claims):
    with pytest.raises(ValidationError) as caught:
        Site(name="shop", client_id="shop", claims=claims)
    assert "write a table" in str(caught.value)


def test_start_up_names_the_site(refused):
    """Bad input: a claim map that names what does not exist."""
    written = {"name": "茶铺", "client_id": "tea", "claims": {"groups": "staff"}}
    said = refused(sites=[written])
    assert "茶铺" in said and "groups" in said and "no claim of ours" in said


def test_every_source_is_a_claim():
    assert set(SOURCES) <= set(CLAIMS)


WARNED = [
    ({"username": "name"}, True),
    ({"preferred_username": "nickname"}, True),
    ({"upn": "given_name"}, True),
    ({"username": "preferred_username"}, False),
    ({"display": "name"}, False),
    ({"login": ["x"]}, False),
]


@pytest.mark.parametrize(("claims", "warned"), WARNED)
def test_a_nickname_as_user_name_is_warned_of(claims, warned):
    """A stranger of the same nickname would be let in."""
    settings = Settings.model_construct(sites=(site(**claims),))
    found = list(site_warnings(settings))
    assert bool(found) is warned
    assert not warned or "shop" in found[0]
