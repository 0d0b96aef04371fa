"""What a site is told of a person: in ID tokens, and by scope."""

import base64
import hashlib
import re
from datetime import timedelta

import pytest
from authlib.oauth2 import OAuth2Error
from email_validator import validate_email
from joserfc import jws, jwt
from joserfc.jwk import KeySet

from tests.support.people import START, People, set_by_hand
from tests.unit.oidc.conftest import NATIVE, PUBLIC_URL, SHOP
from wxlogin.accounts import avatars, people
from wxlogin.accounts.models import User
from wxlogin.accounts.person import Person, Profile
from wxlogin.config import Settings, Site
from wxlogin.config.claim_map import SOURCES
from wxlogin.db import transaction
from wxlogin.doctor import configuration
from wxlogin.errors import AccountGone
from wxlogin.oidc import claims, signing_keys
from wxlogin.oidc.access_tokens import Issued
from wxlogin.oidc.discovery import metadata
from wxlogin.service import running, service_of
from wxlogin.sites import groups, members
from wxlogin.telling.backchannel import logout_token

EVERYTHING = ("openid", "profile", "wechat", "offline_access", "email")
WEB = "wx0000000000000a01"
ADDRESS = "https://thirdwx.qlogo.cn/mmopen/a/132"
PROTOCOL = {"iss", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "sid"}


@pytest.fixture
def user_id(service) -> int:
    """小明, who signed in with a name and a unionid."""
    profile = Profile("小明😀", ADDRESS, "zh_CN")
    person = Person(WEB, "website", "openid-of-xiaoming", "main", "u-xiaoming", profile)
    return People().arrives(person).resolution.user_id


def told(user_id: int, *scope: str, site=SHOP) -> dict:
    return claims.user_claims(site, user_id, ("openid", *scope))


def token(user_id: int, site=SHOP, **changes) -> str:
    facts = {
        "authorization_id": 1,
        "client_id": site.client_id,
        "user_id": user_id,
        "sid": "session-of-the-shop",
        "scope": ("openid",),
        "auth_time": START,
        "expires_in": 3600,
        "access_token": "access-token-of-the-shop",
        "refresh_token": "refresh-token-of-the-shop",
        "nonce": "n-1",
        **changes,
    }
    return claims.id_token(site, Issued(**facts), at=START + timedelta(minutes=3))


def read(text: str) -> tuple[dict, dict]:
    """Header and claims, checked with the published keys as a site does it."""
    known = KeySet.import_key_set(signing_keys.jwks())
    found = jwt.decode(text, known, algorithms=["RS256", "ES256"])
    return found.header, found.claims


def test_what_is_no_token_of_ours_is_refused(service):
    with pytest.raises(OAuth2Error) as caught:
        claims.claims_for("unknown", at=START)
    refused = caught.value
    assert (refused.error, refused.status_code) == ("invalid_token", 401)
    said = "The access token is unknown, over, or was taken back."
    assert refused.description == said


def test_without_more_scope_a_site_learns_who_and_nothing_else(user_id):
    uid = people.account(user_id).uid
    assert told(user_id) == {"sub": uid}
    assert told(user_id, "offline_access", "email") == {"sub": uid}


def test_profile(user_id):
    found = told(user_id, "profile")
    uid = people.account(user_id).uid
    assert found == {
        "sub": uid,
        "name": "小明😀",
        "given_name": "小明😀",
        "nickname": "小明😀",
        "preferred_username": claims.username(uid),
        "locale": "zh-CN",
        "updated_at": int((START + timedelta(seconds=1)).timestamp()),
    }


def test_the_picture_is_ours_and_never_wechats(user_id):
    avatars.keep(user_id, url=ADDRESS, picture=b"jpeg")
    uid, version = people.account(user_id).uid, avatars.version_of(user_id)
    picture = told(user_id, "profile")["picture"]
    assert picture == f"{PUBLIC_URL}/avatars/{uid}?v={version}"


def test_what_is_not_known_is_left_out(service):
    user_id = People().signs_in("web", "o1").resolution.user_id
    assert set(told(user_id, "profile")) == {"sub", "preferred_username"}


@pytest.mark.parametrize("language", ["", "<script>", "zh_CN_x_y_z", "中文"])
def test_a_strange_language_is_left_out(user_id, language):
    set_by_hand(User, user_id, language=language)
    assert "locale" not in told(user_id, "profile")


def test_wechat(user_id):
    assert told(user_id, "wechat")["wechat"] == {
        "identities": [
            {"app": "web", "kind": "website", "openid": "openid-of-xiaoming"}
        ],
        "unionid": "u-xiaoming",
        "following": None,
    }


def test_wechats_ids_come_by_the_scope_wechat_alone(user_id):
    """security row 118: `sub` shows no openid and no unionid"""
    found = str(told(user_id, "profile", "offline_access", "email"))
    assert "openid-of-xiaoming" not in found and "u-xiaoming" not in found


def test_an_email_only_where_the_site_wants_a_placeholder(user_id):
    wants = SHOP.model_copy(update={"email": "placeholder"})
    name = told(user_id, "profile")["preferred_username"]
    found = told(user_id, site=wants)
    # RFC 2606 section 2: nothing ever arrives there.
    assert found["email"] == f"{name}@users.wxlogin.invalid"
    assert found["email_verified"] is False
    assert "email" not in told(user_id, "email")


@pytest.mark.parametrize(("say", "told_of_it"), [(True, True), ("omit", None)])
def test_what_is_said_of_a_placeholder_is_the_sites_choice(user_id, say, told_of_it):
    """finding I11: some software refuses an address that is marked unverified"""
    wants = SHOP.model_copy(update={"email": "placeholder", "email_verified": say})
    assert told(user_id, site=wants).get("email_verified") is told_of_it


def test_a_site_names_claims_as_its_software_expects_them(user_id):
    wants = mapped(username="preferred_username", ref="external_id", groups=["a", "b"])
    found = told(user_id, "profile", site=wants)
    assert found["username"] == found["preferred_username"]
    assert found["groups"] == ["a", "b"]
    # What the site is not told is not told by another name.
    assert "ref" not in found
    assert told(user_id, site=wants) == {"sub": found["sub"], "groups": ["a", "b"]}
    assert told(user_id, "profile") == {
        name: value
        for name, value in found.items()
        if name not in ("username", "groups")
    }
    assert read(token(user_id, wants, scope=EVERYTHING))[1]["groups"] == ["a", "b"]


def test_a_site_may_have_another_claim_of_ours_for_the_name(user_id):
    wants = mapped(name="preferred_username", preferred_username="sub")
    found = told(user_id, "profile", site=wants)
    assert found["name"] == claims.username(found["sub"])
    assert found["preferred_username"] == found["sub"]


def test_every_source_of_a_claim_map_is_told(user_id):
    transaction(lambda s: members.join(s, "shop", user_id, at=START))
    members.set_external_id("shop", user_id, "customer-7")
    groups.set_groups("shop", user_id, ("staff",))
    avatars.keep(user_id, url=ADDRESS, picture=b"jpeg")
    names = {f"my_{source}": source for source in SOURCES}
    wants = mapped(email="placeholder", **names)
    found = told(user_id, *EVERYTHING, site=wants)
    assert {name: found[name] for name in names} == {
        name: found[source] for name, source in names.items()
    }


def test_groups_are_the_sites_word_about_the_person(user_id):
    """And the claim map's list is for those of whom the site has said nothing."""
    listed = mapped(groups=["members"], roles="groups")
    assert "groups" not in told(user_id)
    assert told(user_id, site=listed)["roles"] == ["members"]
    transaction(lambda s: members.join(s, "shop", user_id, at=START))
    groups.set_groups("shop", user_id, ("members", "staff"))
    assert told(user_id)["groups"] == ["members", "staff"]
    found = told(user_id, site=listed)
    assert found["groups"] == found["roles"] == ["members", "staff"]
    assert told(user_id, site=mapped(teams="groups"))["teams"] == found["groups"]
    # Another site is told nothing of it.
    assert "groups" not in told(user_id, site=NATIVE)
    groups.set_groups("shop", user_id, ())
    assert told(user_id, site=listed)["groups"] == []
    groups.set_groups("shop", user_id, None)
    assert told(user_id, site=listed)["groups"] == ["members"]


def test_start_up_and_the_doctor_warn_of_a_nickname_as_user_name(service_for, capsys):
    """Strangers of one nickname would share an account at the site."""
    app = service_for(sites=(mapped(username="name"),))
    assert "whoever takes the same nickname" in capsys.readouterr().err
    settings = service_of(app).settings
    assert [one for one in configuration.sites(settings) if "username" in one.text]


def mapped(email="omit", **names):
    """The shop with these claims, as it would be written."""
    given = SHOP.model_dump(exclude_unset=True) | {"email": email, "claims": names}
    return Site.model_validate(given)


PLACES = [
    ("https://login.teashop.cn", "", "users.login.teashop.cn"),
    ("https://teashop.cn/wx", "", "users.teashop.cn"),
    ("https://teashop.cn:8443", "", "users.teashop.cn"),
    ("https://login.teashop.cn", "members.teashop.cn", "members.teashop.cn"),
    ("http://127.0.0.1:5000", "members.teashop.cn", "members.teashop.cn"),
]


@pytest.mark.parametrize(("public_url", "domain", "expected"), PLACES)
def test_software_takes_a_placeholder(public_url, domain, expected):
    """finding I11: email-validator refuses names that exist nowhere"""
    settings = Settings.model_construct(public_url=public_url, email_domain=domain)
    address = claims.placeholder(settings, "Y3kxVtrr6TFcJvvp9zivKV")
    checked = validate_email(address, check_deliverability=False)
    assert checked.domain == expected and checked.normalized == address


@pytest.mark.parametrize("host", ["127.0.0.1:5000", "localhost:5000", "[::1]:5000"])
def test_a_machine_without_a_name_has_addresses_that_exist_nowhere(host):
    settings = Settings.model_construct(public_url=f"http://{host}", email_domain="")
    assert claims.placeholder_domain(settings) == "users.wxlogin.invalid"


def test_a_user_name_is_one_everywhere_and_nobody_elses(user_id):
    """finding I10: a stable claim that is a valid user name"""
    name = told(user_id, "profile")["preferred_username"]
    # Also small enough for Unix (32) and for forums (20), and a DNS label.
    assert re.fullmatch(r"[a-z][a-z0-9-]{2,19}", name)
    set_by_hand(User, user_id, nickname="root")
    assert told(user_id, "profile")["preferred_username"] == name
    uid = people.account(user_id).uid
    assert claims.username(uid) == name != claims.username(uid.swapcase())
    assert "preferred_username" not in told(user_id, "email")


def test_strangers_of_one_nickname_differ_in_all_that_names_a_user(service):
    """finding I10: whatever software knows people by, it takes nobody for another"""
    picture = Profile("小明😀", ADDRESS, "zh_CN")
    guests = People()
    arrived = [
        guests.arrives(Person(WEB, "website", f"o-{n}", "main", f"u-{n}", picture))
        for n in (1, 2)
    ]
    wants = mapped(email="placeholder")
    one, two = (
        told(one.resolution.user_id, *EVERYTHING, site=wants) for one in arrived
    )
    same = {name for name in one if one[name] == two[name]}
    assert same == {"name", "given_name", "nickname", "locale", "email_verified"}
    assert {"sub", "preferred_username", "email"} <= set(one) - same
    # Some software puts user names into small letters, or cuts them off.
    for name in ("preferred_username", "email"):
        assert one[name].lower()[:20] != two[name].lower()[:20]


def test_the_sites_own_id_is_told_to_that_site_alone(user_id):
    transaction(lambda s: members.join(s, "shop", user_id, at=START))
    assert "external_id" not in told(user_id)
    members.set_external_id("shop", user_id, "customer-7")
    assert told(user_id)["external_id"] == "customer-7"
    assert "external_id" not in told(user_id, site=NATIVE)


def test_after_a_merge_both_ids_lead_to_the_one_that_stays(service):
    """security row 118"""
    guests = People()
    guests.signs_in("oa", "o1")
    younger = guests.signs_in("web", "o2", "u1").resolution
    transaction(lambda s: members.join(s, "shop", younger.user_id, at=START))
    members.set_external_id("shop", younger.user_id, "customer-7")
    stays = guests.signs_in("oa", "o1", "u1").resolution
    assert told(stays.user_id) == {
        "sub": stays.uid,
        "former_subs": [younger.uid],
        # What the site had given to the other one still counts.
        "external_id": "customer-7",
    }
    assert people.surviving_uid(younger.uid) == stays.uid
    with pytest.raises(AccountGone):
        told(younger.user_id)


@pytest.mark.parametrize(("site", "alg"), [(SHOP, "RS256"), (NATIVE, "ES256")])
def test_an_id_token_holds_what_openid_connect_wants(user_id, site, alg):
    """security row 117"""
    header, found = read(token(user_id, site))
    assert (header["alg"], header["typ"]) == (alg, "JWT")
    assert set(found) == PROTOCOL | {"sub"}
    assert found["iss"] == PUBLIC_URL
    assert found["aud"] == site.client_id
    assert found["sub"] == people.account(user_id).uid
    assert found["iat"] == int(START.timestamp()) + 180
    assert found["exp"] == found["iat"] + 600
    assert found["auth_time"] == int(START.timestamp())
    assert found["nonce"] == "n-1"
    assert found["sid"] == "session-of-the-shop"
    # OpenID Connect Core 3.1.3.6: the left half, in base64url.
    digest = hashlib.sha256(b"access-token-of-the-shop").digest()
    half = base64.urlsafe_b64decode(found["at_hash"] + "==")
    assert half == digest[:16]


def test_a_site_that_sent_no_nonce_gets_none(user_id):
    """security row 117"""
    assert "nonce" not in read(token(user_id, nonce=None))[1]


def test_the_id_token_says_the_same_as_userinfo(user_id):
    found = read(token(user_id, scope=EVERYTHING))[1]
    about = {name: value for name, value in found.items() if name not in PROTOCOL}
    assert about == told(user_id, "profile", "wechat", "offline_access", "email")


def test_no_algorithm_is_ever_none(user_id):
    """security row 117"""
    for site in running().settings.sites:
        header = jws.extract_compact(token(user_id, site).encode()).headers()
        assert header["alg"] in ("RS256", "ES256")


def test_discovery_names_every_claim(user_id):
    """security row 115"""
    listed = set(metadata(running().settings)["claims_supported"])
    transaction(lambda s: members.join(s, "shop", user_id, at=START))
    members.set_external_id("shop", user_id, "customer-7")
    groups.set_groups("shop", user_id, ("staff",))
    avatars.keep(user_id, url=ADDRESS, picture=b"jpeg")
    wants = SHOP.model_copy(update={"email": "placeholder"})
    found = set(read(token(user_id, wants, scope=EVERYTHING))[1])
    assert found | {"former_subs"} == listed


def test_a_logout_token_is_one_and_no_id_token(service):
    """security row 120: Back-Channel Logout 1.0, section 2.4"""
    one, other = (
        logout_token(SHOP, uid="uid-1", sid="sid-1", at=START) for _ in range(2)
    )
    header, found = read(one)
    assert header["typ"] == "logout+jwt"
    jti = found.pop("jti")
    assert jti != read(other)[1]["jti"]
    assert found == {
        "iss": PUBLIC_URL,
        "aud": "shop",
        "iat": int(START.timestamp()),
        "exp": int(START.timestamp()) + 120,
        "sub": "uid-1",
        "sid": "sid-1",
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    }
