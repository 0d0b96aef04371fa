"""The site's own server asks whose the token of its program is."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.web.mini_program import MiniProgram
from tests.web.openid_site import NEWS, PUBLIC, SHOP, SITES, SiteServer
from wxlogin.accounts import people
from wxlogin.accounts.models import SiteUser
from wxlogin.config import Registration, Site
from wxlogin.db import db
from wxlogin.errors import ConfigurationError
from wxlogin.oidc import signed_tokens
from wxlogin.simulator.server import SimulatorServer
from wxlogin.sites import memberships

INACTIVE = {"active": False}


@pytest.fixture
def program_for(
    app_for, settings_for, simulator: SimulatorServer
) -> Callable[..., MiniProgram]:
    """小明's phone with a program of the shop."""

    def make(sites: tuple[Site, ...] = SITES, **of_app: object) -> MiniProgram:
        given = {"site": "shop", **of_app}
        apps = [
            {**app.model_dump(), **(given if app.name == "mp" else {})}
            for app in settings_for().apps
        ]
        made = app_for(apps=apps, sites=sites, simulator="on", registration="open")
        return MiniProgram(made, simulator)

    return make


@pytest.fixture
def program(program_for) -> MiniProgram:
    program = program_for()
    assert program.logs_in().status_code == 200
    return program


def of(site: Site, program: MiniProgram) -> SiteServer:
    return SiteServer(program.app, site)


def knows(program: MiniProgram) -> list[str]:
    """The sites that know anybody."""
    with program.app.app_context():
        return list(db.session.scalars(db.select(SiteUser.client_id)))


def asking(**changes: object) -> tuple[Site, ...]:
    terms = {"registration": Registration.ask, "terms_url": "https://shop.test/terms"}
    return (SHOP.model_copy(update={**terms, **changes}), NEWS)


def test_whose_token_it_is(program):
    found = of(SHOP, program).introspects(program.token)
    assert found.pop("exp") - found.pop("iat") == 30 * 86400
    assert found == {
        "active": True,
        "sub": program.who()["uid"],
        "client_id": "shop",
        "aud": "shop",
        "app": "mp",
        "token_type": "Bearer",
        "iss": "http://127.0.0.1:5000",
    }


def test_no_other_site_hears_of_it(program):
    """security row 119"""
    assert of(NEWS, program).introspects(program.token) == INACTIVE
    assert of(PUBLIC, program).asks("/oauth2/introspect", token="x").status_code == 401


def test_tokens_of_other_programs_are_none(program, simulator):
    """security rows 64 and 119: mp2 is of no site"""
    other = MiniProgram(program.app, simulator, name="mp2")
    other.logs_in()
    assert of(SHOP, program).introspects(other.token) == INACTIVE


def test_a_browsers_session_is_none(program, browser_of, xiaoming):
    """security row 119: the secret of a cookie is no token"""
    browser = browser_of(program.app)
    started = browser.starts()
    browser.returns(started, xiaoming.confirms(started))
    sealer = program.app.session_interface.get_signing_serializer(program.app)
    secret = sealer.loads(browser.cookies()["wxlogin_session"])["_user_id"]
    assert of(SHOP, program).introspects(secret) == INACTIVE


def test_a_strangers_token_is_none(program_for):
    stranger = program_for(two_phase=True)
    assert stranger.logs_in().get_json()["user"] is None
    assert of(SHOP, stranger).introspects(stranger.token) == INACTIVE


@pytest.mark.parametrize("end", ["sign-out", "disabled", "deleted", "month"])
def test_a_token_that_is_over(program, clock, end):
    """security row 24"""
    shop, uid = of(SHOP, program), program.who()["uid"]
    assert shop.introspects(program.token)["active"]
    if end == "sign-out":
        program.sends("DELETE", "/api/session")
    elif end == "month":
        clock.shift(timedelta(days=31))
    else:
        with program.app.app_context():
            if end == "disabled":
                people.disable(uid)
            else:
                people.delete(people.find_user(uid).user_id)
    assert shop.introspects(program.token) == INACTIVE


def test_the_site_knows_who_signs_in_to_its_program(program):
    """So its server may ask about the user, and is told what happens to one."""
    assert knows(program) == ["shop"]
    uid = of(SHOP, program).introspects(program.token)["sub"]
    answer = program.app.test_client().get(
        f"/api/site/users/{uid}", auth=("shop", SHOP.client_secret)
    )
    assert answer.get_json()["uid"] == uid


def test_an_account_with_a_name_is_of_the_site_too(program_for):
    stranger = program_for(two_phase=True)
    stranger.logs_in()
    assert knows(stranger) == []
    stranger.token = stranger.post("profile", nickName="小明").get_json()["token"]
    assert knows(stranger) == ["shop"]
    assert of(SHOP, stranger).introspects(stranger.token)["active"]


def test_whom_we_know_agrees_to_the_sites_terms_first(program_for, simulator):
    program = program_for(asking(terms_version="1"))
    MiniProgram(program.app, simulator, name="mp2").logs_in()
    answer = program.logs_in()
    assert answer.get_json()["user"] is None
    assert program.who() is None
    assert knows(program) == []
    body = {"registration": program.token, "agree": "yes", "terms_version": "1"}
    agreed = program.sends("POST", "/api/registrations", json=body)
    program.token = agreed.get_json()["token"]
    assert of(SHOP, program).introspects(program.token)["active"]
    assert program.logs_in().get_json()["user"]


def test_new_terms_end_what_the_site_hears(program_for):
    """Until the person has agreed, by the next login of the program."""
    program = program_for(asking(terms_version="1"))
    program.logs_in()
    body = {"registration": program.token, "agree": "yes", "terms_version": "1"}
    agreed = program.sends("POST", "/api/registrations", json=body)
    later = program_for(asking(terms_version="2"))
    later.token = agreed.get_json()["token"]
    assert of(SHOP, later).introspects(later.token) == INACTIVE
    assert later.logs_in().get_json()["registration"]["terms_version"] == "2"


def test_where_the_site_takes_nobody_new(program_for, simulator):
    closed = (SHOP.model_copy(update={"registration": Registration.closed}), NEWS)
    program = program_for(closed)
    MiniProgram(program.app, simulator, name="mp2").logs_in()
    answer = program.logs_in()
    assert (answer.status_code, answer.get_json()["code"]) == (
        *(403, "registration_closed"),
    )
    assert knows(program) == []


def test_a_login_for_another_site_is_refused(program_for):
    program = program_for()
    assert program.logs_in(site="shop").status_code == 200
    answer = program.logs_in(site="news")
    assert (answer.status_code, answer.get_json()["code"]) == (400, "bad_request")


def test_the_site_ends_the_session(program):
    shop = of(SHOP, program)
    assert of(NEWS, program).asks("/oauth2/revoke", token=program.token)
    assert program.who()
    assert shop.asks("/oauth2/revoke", token=program.token).status_code == 200
    assert program.who() is None
    assert shop.introspects(program.token) == INACTIVE


# -- a signed word --


def word(program: MiniProgram) -> dict[str, object]:
    """What a site's server reads of it, by our published keys."""
    answer = program.post("token")
    assert answer.status_code == 200
    assert answer.get_json()["expires_in"] == 300
    found = program.app.test_client().get("/oauth2/jwks").get_json()
    token = jwt.decode(answer.get_json()["jwt"], KeySet.import_key_set(found))
    assert token.header["typ"] == "wxlogin-program+jwt"
    return token.claims


def test_a_word_for_the_site(program):
    said = word(program)
    assert said.pop("exp") - said.pop("iat") == 300
    assert said.pop("auth_time")
    assert said == {
        "iss": "http://127.0.0.1:5000",
        "aud": "shop",
        "sub": program.who()["uid"],
        "app": "mp",
    }


def test_it_does_not_outlive_the_session(program, clock):
    clock.shift(timedelta(days=13))
    assert program.who()
    clock.shift(timedelta(days=13))
    assert program.who()
    clock.shift(timedelta(days=4, minutes=-2))
    said = word(program)
    assert said["exp"] - said["iat"] <= 120


def test_it_is_no_other_token(program):
    """security row 117"""
    text = program.post("token").get_json()["jwt"]
    assert of(SHOP, program).introspects(text) == INACTIVE
    assert of(SHOP, program).userinfo(text).status_code == 401
    with program.app.app_context():
        for typ in (signed_tokens.ID_TOKEN, signed_tokens.LOGOUT_TOKEN):
            with pytest.raises(signed_tokens.NotOurs):
                signed_tokens.read(text, typ=typ)


def test_who_gets_no_word(program_for, program, simulator):
    other = MiniProgram(program.app, simulator, name="mp2")
    other.logs_in()
    answer = other.post("token")
    assert (answer.status_code, answer.get_json()["code"]) == (400, "bad_request")
    other.name = "mp"
    assert other.post("token").status_code == 401
    stranger = program_for(two_phase=True)
    stranger.person = "lihua"
    assert stranger.logs_in().get_json()["user"] is None
    assert stranger.post("token").status_code == 401


def test_who_takes_back_the_sites_access_is_signed_out_of_its_program(
    program, simulator
):
    """security row 119: and of no other program"""
    other = MiniProgram(program.app, simulator, name="mp2")
    other.logs_in()
    with program.app.app_context():
        user_id = people.find_user(program.who()["uid"]).user_id
        (before,) = memberships.of_user(user_id)
        assert memberships.take_back(user_id, "shop")
        (after,) = memberships.of_user(user_id)
    assert (before.has_access, after.has_access) == (True, False)
    assert program.who() is None
    assert other.who()


@pytest.mark.parametrize("site", ["nobody", "app"])
def test_a_program_is_of_a_site_that_can_prove_itself(program_for, site):
    with pytest.raises(ConfigurationError, match=rf"site of mp is {site}, .*secret"):
        program_for(site=site)


def test_only_a_program_is_of_a_site(app_for, settings_for):
    apps = [{**app.model_dump(), "site": "shop"} for app in settings_for().apps]
    with pytest.raises(ConfigurationError, match="only a mini_program or a mobile"):
        app_for(apps=apps, sites=SITES, simulator="on")
