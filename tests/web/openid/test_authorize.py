"""A site sends somebody to be signed in: what we take, and whom we tell what."""

import html
import re
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest

from tests.support.journey import CHINESE, ENGLISH, Browser
from tests.support.user_agents import USER_AGENTS, WECHAT_ANDROID
from tests.web.openid_site import (
    CALLBACK,
    NATIVE,
    NEWS,
    PUBLIC,
    SHOP,
    SITES,
    SiteServer,
    answer_of,
    claims,
    goes_on,
    pkce,
    signs_in_at_wechat,
)
from wxlogin.accounts.models import Event, SiteUser
from wxlogin.db import db
from wxlogin.tickets.sql import TicketRow

ISSUER = "http://127.0.0.1:5000"


def refusals(log) -> list[dict]:
    return [line for line in log() if line["event"] == "refused"]


def test_a_stranger_signs_in_and_comes_back(browser, xiaoming, shop):
    first = browser.get(shop.link())
    assert first.status_code == 302
    parts = urlsplit(first.location)
    [back] = parse_qs(parts.query)["next"]
    # Nothing of the site's goes along to WeChat, only a short path of ours.
    assert re.fullmatch(r"/oauth2/authorize/[A-Za-z0-9_-]{30}", back)
    told = answer_of(signs_in_at_wechat(browser, xiaoming, first))
    assert told["to"] == CALLBACK
    assert told["state"] == shop.sent["state"]
    assert told["iss"] == ISSUER
    assert shop.redeems(told["code"]).status_code == 200


def test_who_is_signed_in_goes_straight_back(signed_in, shop):
    answer = signed_in.get(shop.link())
    assert answer_of(answer)["to"] == CALLBACK
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_form_may_ask_as_well(signed_in, shop):
    """OpenID Connect Core 3.1.2.1: POST, from a page of the site's."""
    shop.link()
    answer = signed_in._send(
        "POST",
        "/oauth2/authorize",
        data=shop.sent,
        headers={"Sec-Fetch-Site": "cross-site", "Origin": "https://shop.test"},
    )
    assert answer.status_code == 303
    assert "Set-Cookie" not in answer.headers
    told = answer_of(signed_in.goes_to(answer.location))
    assert told["state"] == shop.sent["state"]
    assert shop.redeems(told["code"]).status_code == 200


def test_under_a_prefix_all_stays_under_it(app_for, xiaoming, browser_of):
    app = app_for(sites=SITES, public_url="http://127.0.0.1:5000/wx")
    browser = Browser(app, prefix="/wx")
    shop = SiteServer(app, SHOP)
    first = browser.get(f"/wx{shop.link()}")
    assert first.location.startswith("/wx/login?next=/wx/oauth2/authorize/")
    [back] = parse_qs(urlsplit(first.location).query)["next"]
    started = browser.starts(back)
    told = answer_of(
        browser.goes_to(browser.returns(started, xiaoming.confirms(started)).location)
    )
    assert (told["to"], told["iss"]) == (CALLBACK, f"{ISSUER}/wx")


@pytest.mark.parametrize(
    ("changes", "error", "description"),
    [
        *(
            ({name: "x"}, f"{name}_not_supported", f"{name} is not supported.")
            for name in ("request", "request_uri", "registration")
        ),
        *(
            (changes, "invalid_request", description)
            for changes, description in (
                ({"response_type": None}, "response_type is missing."),
                (
                    {"response_mode": "jwt"},
                    "response_mode is query, fragment or form_post.",
                ),
                ({"max_age": "x"}, "max_age is a number of seconds."),
                ({"prompt": "none login"}, "prompt=none stands alone."),
                ({"id_token_hint": "x"}, "id_token_hint is no ID token of ours."),
                (
                    {"code_challenge": None},
                    "code_challenge_method without code_challenge.",
                ),
                (
                    {"code_challenge_method": "plain"},
                    "code_challenge_method must be S256.",
                ),
                (
                    {"code_challenge": "short"},
                    "code_challenge is not a SHA-256 in base64url.",
                ),
                (
                    {"nonce": "n" * 1025},
                    "nonce is printable ASCII, 1024 characters at most.",
                ),
            )
        ),
        (
            {"response_type": "token"},
            "unsupported_response_type",
            "Only response_type=code is supported.",
        ),
        ({"prompt": "none"}, "login_required", "The visitor is not signed in."),
    ],
)
def test_what_the_sites_developer_reads(browser, shop, changes, error, description):
    """RFC 6749 4.1.2.1"""
    pair = {"code_challenge": pkce()[1], "code_challenge_method": "S256"}
    told = answer_of(browser.get(shop.link(**{**pair, **changes})))
    assert (told["error"], told["error_description"]) == (error, description)
    assert (told["to"], told["state"]) == (CALLBACK, shop.sent["state"])


def test_the_site_knows_the_user_from_then_on(app, signed_in, shop):
    for _ in range(2):
        signed_in.get(shop.link())
    with app.app_context():
        rows = db.session.scalars(db.select(SiteUser)).all()
        kinds = db.session.scalars(db.select(Event.type)).all()
    assert [row.client_id for row in rows] == ["shop"]
    assert kinds == ["user.created"]


# -- bad clients and return addresses: a page, and nobody is sent anywhere --

FOREIGN = [
    "https://evil.test/callback",
    "https://shop.test.evil.test/callback",
    "https://shop.test@evil.test/callback",
    "http://shop.test/callback",
    "https://SHOP.test/callback",
    "https://shop.test/Callback",
    "https://shop.test:443/callback",
    "https://shop.test:8443/callback",
    "https://shop.test/callback/",
    "https://shop.test/callback/../callback",
    "https://shop.test/callback?next=https://evil.test",
    "https://shop.test/callback?",
    "https://shop.test/callback#",
    "https://shop.test/callback#evil",
    "https://shop.test/other",
    "https://shop.test/other?from=elsewhere",
    "https://shop.test/other?from=wechat&more=1",
    "https://shop.test/%63allback",
    " https://shop.test/callback",
    "https://shop.test/callback\n",
    "https://shop.test\\@evil.test/callback",
    "//shop.test/callback",
    "/callback",
    "javascript:alert(1)",
    "https://[evil",
    "https://商店.test/callback",
    "",
    None,
]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_foreign_return_address_leads_nowhere(signed_in, shop, log, method):
    """security row 112"""
    for uri in FOREIGN:
        link = shop.link(redirect_uri=uri)
        if method == "GET":
            answer = signed_in.get(link)
        else:
            answer = signed_in._send("POST", "/oauth2/authorize", data=shop.sent)
        assert answer.status_code == 400, uri
        assert "Location" not in answer.headers
        assert "evil" not in answer.text
        assert shop.sent["state"] not in answer.text
        [line] = refusals(log)
        assert (line["problem"], line["client"]) == ("bad_site_request", "shop")


@pytest.mark.parametrize(
    ("uri", "nearest", "differs"),
    [
        ("https://shop.test/callback/", CALLBACK, "a slash at the end"),
        ("http://shop.test/callback", CALLBACK, "scheme"),
        ("https://shop.test:8443/callback", CALLBACK, "port"),
        ("https://shop.test/Callback", CALLBACK, "capital and small letters"),
        ("https://www.shop.test/callback", CALLBACK, "hostname"),
        ("https://shop.test/other?from=me", "https://shop.test/other", "query"),
    ],
)
def test_the_log_names_what_the_sites_developer_must_mend(
    browser, shop, log, uri, nearest, differs
):
    browser.get(shop.link(redirect_uri=f"{uri}"))
    [line] = refusals(log)
    assert line["nearest"] == nearest
    assert line["given"] == uri.partition("?")[0]
    assert line["differs_in"] == differs


def test_an_unknown_client_leads_nowhere(signed_in, shop, log):
    """security row 112"""
    for client_id in ("nobody", "SHOP", "shop ", "", None, "店", "%"):
        answer = signed_in.get(shop.link(client_id=client_id))
        assert answer.status_code == 400
        assert "Location" not in answer.headers
        [line] = refusals(log)
        assert "client_id" in line["why"]


def test_one_site_does_not_use_anothers_address(signed_in, shop):
    """security row 112"""
    answer = signed_in.get(shop.link(redirect_uri=NEWS.redirect_uris[0]))
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "name",
    ["client_id", "redirect_uri", "state", "scope", "response_type", "nonce", "prompt"],
)
def test_a_doubled_parameter_leads_nowhere(signed_in, shop, name):
    """security row 112; RFC 6749 section 3.1"""
    link = shop.link(prompt="login")
    for more in (shop.sent[name], "https://evil.test/callback", ""):
        answer = signed_in.get(f"{link}&{name}={more}")
        assert answer.status_code == 400
        assert "Location" not in answer.headers


@pytest.mark.parametrize(("language", "word"), [(CHINESE, "编号"), (ENGLISH, "number")])
def test_the_visitor_is_told_in_a_sentence(browser, shop, language, word):
    """In development a box below it is for the developer."""
    answer = browser.get(shop.link(client_id="nobody"), headers=language)
    told, mark, developer = answer.text.partition('<details class="developer"')
    assert word in told
    assert answer.headers["X-Request-Id"] in told
    assert "client_id" not in told
    assert mark and "client_id" in developer


def test_a_registered_query_stays_as_it_is(app, signed_in):
    shop = SiteServer(app, SHOP, SHOP.redirect_uris[1])
    answer = signed_in.get(shop.link())
    assert answer.location.startswith("https://shop.test/other?from=wechat&code=")


@pytest.mark.parametrize(
    ("uri", "good"),
    [
        ("http://127.0.0.1/back", True),
        ("http://127.0.0.1:43210/back", True),
        ("http://127.0.0.1:43210/other", False),
        ("http://127.0.0.1:43210/back?x=1", False),
        ("http://127.0.0.1:43210x/back", False),
        ("http://127.0.0.1.evil.test:1/back", False),
        ("http://127.0.0.1@evil.test/back", False),
        ("http://localhost:43210/back", False),
        ("http://[::1]:43210/back", False),
        ("https://127.0.0.1:43210/back", False),
        (NATIVE, True),
        ("com.shop.app:/Back", False),
    ],
)
def test_a_native_app_opens_any_port_of_its_own_machine(app, signed_in, uri, good):
    """RFC 8252 sections 7.3 and 8.3; security row 112"""
    native = SiteServer(app, PUBLIC, uri)
    answer = signed_in.get(native.link())
    assert answer.status_code == (303 if good else 400)
    if good:
        assert answer_of(goes_on(signed_in, answer))["to"] == uri


def test_the_port_counts_for_a_client_with_a_secret(app_for, xiaoming):
    """RFC 8252 section 7.3 is for native apps."""
    site = SHOP.model_copy(update={"redirect_uris": ("http://127.0.0.1/back",)})
    app = app_for(sites=(site,))
    browser = Browser(app)
    other = SiteServer(app, site, "http://127.0.0.1:8000/back")
    assert browser.get(other.link()).status_code == 400


# -- faults that the return address is told --


FAULTS = [
    ({"response_type": None}, "invalid_request"),
    ({"response_type": "token"}, "unsupported_response_type"),
    ({"response_type": "id_token"}, "unsupported_response_type"),
    ({"response_type": "code id_token"}, "unsupported_response_type"),
    ({"response_type": '"\\店'}, "unsupported_response_type"),
    ({"response_mode": "fragments"}, "invalid_request"),
    ({"response_mode": "web_message"}, "invalid_request"),
    ({"request": "eyJhbGciOiJub25lIn0.e30."}, "request_not_supported"),
    ({"request_uri": "https://shop.test/r"}, "request_uri_not_supported"),
    ({"registration": "{}"}, "registration_not_supported"),
    ({"prompt": "none login"}, "invalid_request"),
    ({"max_age": "soon"}, "invalid_request"),
    ({"max_age": "-1"}, "invalid_request"),
    ({"id_token_hint": "nonsense"}, "invalid_request"),
    ({"id_token_hint": "eyJhbGciOiJub25lIn0.e30."}, "invalid_request"),
    ({"prompt": "none"}, "login_required"),
]


@pytest.mark.parametrize("state", ["st-with & = % \"'<b>~", None])
def test_other_faults_are_told_to_the_site(browser, shop, state):
    """security row 115: `iss` in errors too (RFC 9207)"""
    for changes, error in FAULTS:
        told = answer_of(browser.get(shop.link(**changes, state=state)))
        assert told["to"] == CALLBACK
        assert told["error"] == error, changes
        assert told["error_description"].isascii()
        assert told["iss"] == ISSUER
        assert told.get("state") == state
        assert "code" not in told


@pytest.mark.parametrize("name", ["scope", "code_challenge", "id_token_hint"])
def test_what_is_too_long_is_not_read(signed_in, shop, name):
    answer = signed_in.get(shop.link(**{name: "x" * 5000}))
    assert answer.status_code == 400


BLOATED = {
    "one too many": "x" * 1025,
    "thousands": "x" * 4090,
    "all that a body holds": "x" * 40_000,
    "six bytes of JSON each": "\x01" * 1024,
    "three bytes each": "店" * 1024,
    "an emoji": "st-😀",
    "NUL": "st\x00",
    "DEL": "st\x7f",
    "a line end": "st\r\nSet-Cookie: a=b",
    "a tab": "st\t",
    "a wide space": "st\u3000",
    "C1": "st\x85",
}


@pytest.mark.parametrize("text", BLOATED.values(), ids=BLOATED)
@pytest.mark.parametrize("name", ["state", "nonce"])
def test_what_cannot_be_kept_is_told_to_the_site(app, browser, shop, name, text):
    """finding M6: by form as by link, and nothing of it is kept or sent back."""
    link = shop.link(**{name: text})
    by_form = browser._send(
        "POST",
        "/oauth2/authorize",
        data=urlsplit(link).query,
        content_type="application/x-www-form-urlencoded",
    )
    for answer in (browser.get(link), by_form):
        told = answer_of(answer)
        assert told["to"] == CALLBACK
        assert told["error"] == "invalid_request"
        assert told["error_description"].startswith(f"{name} is printable ASCII")
        assert told.get("state") == (None if name == "state" else shop.sent["state"])
    with app.app_context():
        assert db.session.scalars(db.select(TicketRow)).all() == []


def test_the_largest_request_that_waits_is_a_few_kilobytes(app, browser, shop):
    """finding M6: 48 kB before."""
    wide = {name: '"' * 1024 for name in ("state", "nonce")}
    many = " ".join(["openid", "profile", "login"] * 180)
    browser.get(shop.link(**wide, scope=many, prompt=many, max_age="9" * 4000))
    with app.app_context():
        [row] = db.session.scalars(db.select(TicketRow)).all()
    assert len(row.value) < 5000


@pytest.mark.parametrize(
    ("scope", "given"),
    [
        ("openid", "openid"),
        ("profile wechat openid", "openid profile wechat"),
        ("openid offline_access address openid", "openid offline_access"),
        ("openid calendar address openid", "openid"),
        ("unknown", ""),
        ("店 \x00", ""),
        (None, ""),
    ],
)
def test_scopes_that_we_do_not_know_are_left_out(signed_in, shop, scope, given):
    tokens = shop.signs_in(signed_in, scope=scope)
    assert tokens["scope"] == given
    assert ("id_token" in tokens) == ("openid" in given)


# -- PKCE --


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": None},
        {"code_challenge": None, "code_challenge_method": "S256"},
        {"code_challenge": pkce()[1]},
        {"code_challenge": pkce()[1], "code_challenge_method": "plain"},
        {"code_challenge": pkce()[1], "code_challenge_method": "s256"},
        {"code_challenge": pkce()[1], "code_challenge_method": "S512"},
        {"code_challenge": pkce()[0] + "x", "code_challenge_method": "S256"},
        {"code_challenge": "short", "code_challenge_method": "S256"},
        {"code_challenge": "=" * 43, "code_challenge_method": "S256"},
    ],
)
def test_a_public_client_needs_pkce_with_s256(signed_in, native, changes):
    """security row 114"""
    told = answer_of(signed_in.get(native.link(**changes)))
    assert told["error"] == "invalid_request"
    assert "code" not in told


def test_plain_is_refused_for_every_client(signed_in, shop):
    """security row 114"""
    challenge = "x" * 43
    for method in ("plain", None):
        link = shop.link(code_challenge=challenge, code_challenge_method=method)
        assert answer_of(signed_in.get(link))["error"] == "invalid_request"


# -- prompt, max_age, id_token_hint --


def test_prompt_none_shows_no_page(browser, signed_in, other_browser, shop):
    """security row 118"""
    assert "code" in answer_of(signed_in.get(shop.link(prompt="none")))
    told = answer_of(other_browser.get(shop.link(prompt="none")))
    assert told["error"] == "login_required"
    assert told["state"] == shop.sent["state"]


@pytest.mark.parametrize(
    "changes", [{"prompt": "login"}, {"prompt": "select_account"}, {"max_age": "0"}]
)
def test_a_fresh_login_is_asked_for_once(signed_in, xiaoming, shop, clock, changes):
    """security row 118: and it is, so nobody goes round in circles"""
    before = SiteServer(shop.app, SHOP).signs_in(signed_in)
    clock.shift(60)
    answer = signed_in.get(shop.link(**changes))
    assert urlsplit(answer.location).path == "/login"
    told = answer_of(signs_in_at_wechat(signed_in, xiaoming, answer))
    tokens = shop.redeems(told["code"]).get_json()
    assert claims(tokens)["auth_time"] > claims(before)["auth_time"]
    assert claims(tokens)["sub"] == claims(before)["sub"]


@pytest.mark.parametrize("changes", [{"prompt": "login"}, {"max_age": "0"}])
@pytest.mark.parametrize("place", ["chrome windows", "safari iphone"])
def test_a_session_that_will_not_do_is_not_offered(signed_in, shop, changes, place):
    """A button "Continue" would lead back to the same page."""
    where = {"User-Agent": USER_AGENTS[place][0]}
    answer = signed_in.get(shop.link(**changes))
    page = signed_in.get(answer.location, headers=where, follow_redirects=True)
    assert page.status_code == 200
    assert "小明" not in page.text
    offered = signed_in.get("/login", headers=where, follow_redirects=True)
    assert "小明" in offered.text


def test_max_age_is_counted_from_the_login(signed_in, shop, clock):
    """security row 118"""
    started = claims(shop.signs_in(signed_in, max_age="600"))["auth_time"]
    clock.shift(500)
    assert claims(shop.signs_in(signed_in, max_age="600"))["auth_time"] == started
    clock.shift(101)
    answer = signed_in.get(shop.link(max_age="600"))
    assert urlsplit(answer.location).path == "/login"
    told = answer_of(signed_in.get(shop.link(max_age="600", prompt="none")))
    assert told["error"] == "login_required"
    assert "code" in answer_of(signed_in.get(shop.link(max_age="999999999999")))


@pytest.mark.parametrize("prompt", ["create", "create offline"])
def test_other_prompts_change_nothing(signed_in, shop, prompt):
    assert "code" in answer_of(signed_in.get(shop.link(prompt=prompt)))


def test_a_hint_says_who_is_expected(signed_in, xiaoming, lihua, shop, app):
    """security row 118; OpenID Connect Core 3.1.2.1"""
    hint = shop.signs_in(signed_in)["id_token"]
    assert "code" in answer_of(signed_in.get(shop.link(id_token_hint=hint)))
    other = Browser(app)
    started = other.starts()
    other.returns(started, lihua.confirms(started))
    silent = answer_of(other.get(shop.link(id_token_hint=hint, prompt="none")))
    assert silent["error"] == "login_required"
    answer = other.get(shop.link(id_token_hint=hint))
    assert "code" in answer_of(signs_in_at_wechat(other, xiaoming, answer))


def test_a_hint_that_somebody_else_answers_is_told(signed_in, lihua, shop, app):
    hint = shop.signs_in(signed_in)["id_token"]
    other = Browser(app)
    answer = other.get(shop.link(id_token_hint=hint))
    told = answer_of(signs_in_at_wechat(other, lihua, answer))
    assert told["error"] == "login_required"


def test_another_sites_hint_is_refused(signed_in, shop, app):
    hint = SiteServer(app, NEWS).signs_in(signed_in)["id_token"]
    told = answer_of(signed_in.get(shop.link(id_token_hint=hint)))
    assert told["error"] == "invalid_request"


# -- requests that wait --


def test_a_request_that_waits_no_more_leads_nowhere(browser):
    answer = browser.get("/oauth2/authorize/AAAAAAAAAAAAAAAAAAAAAA")
    assert answer.status_code == 400
    assert "Location" not in answer.headers
    assert browser.get("/oauth2/authorize/x/decline").status_code == 400


UNKNOWN = "/oauth2/authorize/AAAAAAAAAAAAAAAAAAAAAA"
DOORS = [
    "/login",
    "/login/qr",
    "/login/embed",
    "/login/h5",
    "/login/scan",
    "/login/follow",
]


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("agent", [None, WECHAT_ANDROID, "iPhone"])
def test_a_request_that_is_over_is_told_before_a_scan(browser, shop, door, agent):
    """finding I18: a sign-in page that was kept for days; and the way to the site."""
    if agent:
        browser.headers = {**browser.headers, "User-Agent": agent}
    answer = browser.get(shop.link())
    [back] = parse_qs(urlsplit(answer.location).query)["next"]
    # What is written behind the key says whose it was, when nothing else does.
    over = back[: len("/oauth2/authorize/")] + "B" * 22 + back[-8:]
    page = browser.get(f"{door}?{urlencode({'next': over})}")
    assert page.status_code == 400
    assert "Location" not in page.headers
    assert "Set-Cookie" not in page.headers
    assert 'href="https://shop.test/"' in page.text
    # The same where the request itself is asked for.
    assert 'href="https://shop.test/"' in browser.get(over).text
    # A key of nobody's leads to nobody, in a browser that no site has sent here.
    stranger = Browser(browser.app)
    stranger.headers = browser.headers
    page = stranger.get(f"{door}?{urlencode({'next': UNKNOWN})}")
    assert (page.status_code, "shop.test" in page.text) == (400, False)
    # One that waits is as good as ever.
    assert browser.get(f"{door}?{urlencode({'next': back})}").status_code < 400


def test_a_page_with_its_own_code_is_told_too(browser):
    """finding I18"""
    answer = browser.client.post(
        "/api/attempts",
        json={"next": UNKNOWN},
        base_url=ISSUER,
        headers={"Sec-Fetch-Site": "same-origin", "Origin": ISSUER},
    )
    assert (answer.status_code, answer.get_json()["code"]) == (400, "site_request_over")


def test_the_person_may_say_no(browser, shop):
    answer = browser.get(shop.link())
    [back] = parse_qs(urlsplit(answer.location).query)["next"]
    told = answer_of(browser.get(f"{back}/decline"))
    assert told["error"] == "access_denied"
    assert (told["to"], told["state"]) == (CALLBACK, shop.sent["state"])
    assert told["iss"] == ISSUER


def test_two_tabs_do_not_disturb_each_other(browser, xiaoming, app):
    """security row 7"""
    sites = [SiteServer(app, SHOP), SiteServer(app, NEWS), SiteServer(app, SHOP)]
    asked = [browser.get(site.link()) for site in sites]
    for site, answer in reversed(list(zip(sites, asked, strict=True))):
        told = answer_of(signs_in_at_wechat(browser, xiaoming, answer))
        assert told["state"] == site.sent["state"]
        assert site.redeems(told["code"]).status_code == 200


# -- response_mode --


@pytest.mark.parametrize("address", SHOP.redirect_uris)
def test_the_answer_may_come_in_the_fragment(signed_in, app, address):
    """A page of scripts reads it there, and no server's log has it."""
    shop = SiteServer(app, SHOP, address)
    answer = signed_in.get(shop.link(response_mode="fragment"))
    to, _, fragment = answer.location.partition("#")
    assert (answer.status_code, to) == (302, address)
    told = dict(parse_qsl(fragment))
    assert (told["state"], told["iss"]) == (shop.sent["state"], ISSUER)
    assert shop.redeems(told["code"]).status_code == 200


def test_an_error_may_come_in_the_fragment(browser, shop):
    answer = browser.get(shop.link(response_mode="fragment", prompt="none"))
    assert answer.location.startswith(f"{CALLBACK}#error=login_required")


def test_the_answer_may_come_by_a_form(signed_in, shop):
    answer = signed_in.get(shop.link(response_mode="form_post", state='"><b>'))
    assert answer.status_code == 200
    page = answer.text
    [action] = re.findall(r'action="([^"]+)"', page)
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page))
    assert html.unescape(action) == CALLBACK
    assert html.unescape(fields["state"]) == '"><b>'
    assert html.unescape(fields["iss"]) == ISSUER
    policy = answer.headers["Content-Security-Policy"]
    assert "form-action 'self' https://shop.test" in policy
    assert shop.redeems(fields["code"]).status_code == 200


def test_so_may_an_error(browser, shop):
    answer = browser.get(shop.link(response_mode="form_post", prompt="none"))
    assert answer.status_code == 200
    assert 'name="error" value="login_required"' in answer.text
