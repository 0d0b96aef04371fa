"""A site sends a person to be signed out: at once, after a question, or not at all."""

import re
from urllib.parse import urlencode

import pytest

from tests.support.journey import CHINESE, ENGLISH, Browser
from tests.web.openid_site import NEWS, PUBLIC, SHOP, SiteServer
from wxlogin.accounts.models import LogoutNotice
from wxlogin.db import db
from wxlogin.oidc import key_rotation
from wxlogin.service import service_of
from wxlogin.tickets.sql import TicketRow

PATH = "/oauth2/logout"
BYE = "https://shop.test/bye"
WITH_QUERY = "https://shop.test/bye?from=wechat"
APP_BYE = "com.shop.app:/bye"
SHOP_OUT = SHOP.model_copy(
    update={"post_logout_redirect_uris": (BYE, WITH_QUERY), "name": "茶铺"}
)
NEWS_OUT = NEWS.model_copy(
    update={"post_logout_redirect_uris": ("https://news.test/bye",)}
)
APP_OUT = PUBLIC.model_copy(update={"post_logout_redirect_uris": (APP_BYE,)})
CROSS_SITE = {"Sec-Fetch-Site": "cross-site", "Origin": "https://shop.test"}


@pytest.fixture
def app(app_for):
    return app_for(sites=(SHOP_OUT, NEWS_OUT, APP_OUT))


@pytest.fixture
def shop(app) -> SiteServer:
    return SiteServer(app, SHOP_OUT)


@pytest.fixture
def hint(shop, signed_in) -> str:
    """The ID token that the shop has of 小明, who is signed in."""
    return shop.signs_in(signed_in)["id_token"]


def leaves(browser: Browser, **wishes: str):
    """The browser comes by the shop's button."""
    return browser.get(f"{PATH}?{urlencode(wishes)}")


def asked(browser: Browser, answer) -> tuple[str, str]:
    """The page that asks: where it is, and what it says."""
    assert answer.status_code == 303, answer.text
    assert re.fullmatch(r"/oauth2/logout/[\w-]{22}", answer.location)
    page = browser.get(answer.location)
    assert page.status_code == 200
    assert f'action="{answer.location}"' in page.text
    return answer.location, page.text


def refused(answer) -> bool:
    """A page of ours that leads nowhere else."""
    return (
        answer.status_code == 400
        and "Location" not in answer.headers
        and "shop.test/bye" not in answer.text
        and answer.headers["Referrer-Policy"] == "no-referrer"
    )


def test_with_a_good_hint_it_happens_at_once(signed_in, hint):
    """security row 120: RP-Initiated Logout 1.0, sections 2 and 3"""
    back = leaves(
        signed_in, id_token_hint=hint, post_logout_redirect_uri=BYE, state="s 1&=é"
    )
    assert (back.status_code, back.location) == (
        303,
        f"{BYE}?state=s+1%26%3D%C3%A9",
    )
    assert signed_in.who() is None


def test_the_session_is_over_and_the_cookie_gone(signed_in, hint):
    """security rows 22 and 120: also for a copy of the cookie"""
    thief = signed_in.copy()
    leaves(signed_in, id_token_hint=hint)
    assert "wxlogin_session" not in signed_in.cookies()
    assert thief.who() is None


def test_every_site_of_the_session_is_to_be_told(app, signed_in, hint):
    """security row 120: Back-Channel Logout 1.0, section 2.3"""
    SiteServer(app, NEWS_OUT).signs_in(signed_in)
    leaves(signed_in, id_token_hint=hint, post_logout_redirect_uri=BYE)
    with app.app_context():
        notices = db.session.query(LogoutNotice).all()
        assert sorted(notice.client_id for notice in notices) == ["news", "shop"]


def test_without_a_state_none_is_added(signed_in, hint):
    back = leaves(signed_in, id_token_hint=hint, post_logout_redirect_uri=BYE)
    assert back.location == BYE


def test_an_address_with_a_query_keeps_it(signed_in, hint):
    back = leaves(
        signed_in, id_token_hint=hint, post_logout_redirect_uri=WITH_QUERY, state="x"
    )
    assert back.location == f"{WITH_QUERY}&state=x"


def test_without_an_address_a_page_says_that_it_is_done(signed_in, hint):
    answer = leaves(signed_in, id_token_hint=hint, state="x")
    assert answer.status_code == 200
    assert "你已退出登录" in answer.text
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert signed_in.who() is None


def test_a_hint_that_is_over_will_do(signed_in, hint, clock):
    """security row 120: a session outlives its ID tokens"""
    clock.shift(3 * 24 * 3600)
    back = leaves(signed_in, id_token_hint=hint, post_logout_redirect_uri=BYE)
    assert back.location == BYE
    assert signed_in.who() is None


def test_so_will_one_whose_key_signs_no_more(app, signed_in, hint, clock):
    """security row 118"""
    with app.app_context():
        key_rotation.rotate()
    clock.shift(3 * 24 * 3600)
    published = signed_in.get("/oauth2/jwks").get_json()["keys"]
    assert len(published) == 1
    back = leaves(signed_in, id_token_hint=hint, post_logout_redirect_uri=BYE)
    assert back.location == BYE


def test_one_of_a_leaked_key_is_worth_nothing(app, signed_in, hint):
    """security row 118"""
    with app.app_context():
        key_rotation.rotate(leaked=True)
    assert refused(leaves(signed_in, id_token_hint=hint))
    assert signed_in.who()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda hint: hint[:-8] + "AAAAAAAA",
        lambda hint: hint.rpartition(".")[0] + ".",
        lambda hint: "nonsense",
        lambda hint: "x" * 9000,
        lambda hint: "é.è.ê",
    ],
)
def test_a_bad_hint_ends_on_a_page(signed_in, hint, spoil):
    """security row 120: no redirect, and nobody is signed out"""
    answer = leaves(signed_in, id_token_hint=spoil(hint), post_logout_redirect_uri=BYE)
    assert refused(answer)
    assert signed_in.who()


FOREIGN = pytest.mark.parametrize(
    "address",
    [
        "https://evil.test/bye",
        "http://shop.test/bye",
        "https://shop.test/bye/",
        "https://shop.test/BYE",
        "https://SHOP.test/bye",
        "https://shop.test:443/bye",
        "https://shop.test/bye?more=1",
        "https://shop.test/bye#there",
        "https://shop.test/bye/../evil",
        "https://shop.test@evil.test/bye",
        "https://news.test/bye",
        "https://shop.test/callback",
        "//shop.test/bye",
        "javascript:alert(1)",
        "https://shop.test/bye\r\nX: y",
    ],
)


@FOREIGN
def test_a_foreign_or_altered_address_is_not_led_to(signed_in, hint, address):
    """security row 120: compared character for character, with that site's alone.

    The hint still proves whom the site means, so the sign-out is done.
    """
    answer = leaves(
        signed_in, id_token_hint=hint, post_logout_redirect_uri=address, state="x"
    )
    assert answer.status_code == 400
    assert "Location" not in answer.headers
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "你已退出登录" in answer.text
    assert "茶铺希望你返回的地址没有在这里登记" in answer.text
    assert "http-equiv" not in answer.text
    assert address.split("/", 3)[-1][:5] not in re.findall(
        'href="([^"]+)"', answer.text
    )
    assert signed_in.who() is None


@FOREIGN
def test_without_a_hint_such_an_address_ends_on_a_page(signed_in, address):
    """security row 120"""
    by_name = leaves(signed_in, client_id="shop", post_logout_redirect_uri=address)
    assert by_name.status_code == 400
    assert "Location" not in by_name.headers
    assert signed_in.who()


def test_a_hint_about_somebody_else_asks_and_leads_nowhere(signed_in, hint, lihua):
    """security row 120: an unlisted address, and another person since"""
    started = signed_in.starts()
    signed_in.returns(started, lihua.confirms(started))
    wishes = {"id_token_hint": hint, "post_logout_redirect_uri": BYE + "/"}
    page, text = asked(signed_in, leaves(signed_in, **wishes))
    assert "李华" in text
    assert signed_in.who()
    done = signed_in.post(page, data={"answer": "yes"})
    assert (done.status_code, "Location" in done.headers) == (400, False)
    assert "没有在这里登记" in done.text
    assert signed_in.who() is None


@pytest.mark.parametrize("proven", [True, False])
def test_in_development_the_page_says_what_the_log_says(signed_in, hint, log, proven):
    wishes = {"id_token_hint": hint} if proven else {"client_id": "shop"}
    page = leaves(signed_in, **wishes, post_logout_redirect_uri=BYE + "/")
    assert page.status_code == 400
    [line] = [one for one in log() if one.get("differs_in")]
    assert (line["sent"], line["nearest"]) == (BYE + "/", BYE)
    for name in ("why", "client", "sent", "nearest", "differs_in"):
        assert f"<dt><code>{name}</code></dt><dd><bdi>{line[name]}</bdi>" in page.text


@pytest.mark.parametrize("proven", [True, False])
@pytest.mark.parametrize("env", ["trial", "production"])
def test_outside_development_it_does_not(
    app, signed_in, hint, monkeypatch, proven, env
):
    service = service_of(app)
    settings = service.settings.model_copy(update={"env": env})
    monkeypatch.setattr(service, "settings", settings)
    wishes = {"id_token_hint": hint} if proven else {"client_id": "shop"}
    page = leaves(signed_in, **wishes, post_logout_redirect_uri=BYE + "/")
    assert page.status_code == 400
    assert "shop.test/bye" not in page.text
    assert "<dt>" not in page.text


def test_client_id_and_hint_have_to_agree(signed_in, hint):
    """security row 120: RP-Initiated Logout 1.0, section 2"""
    answer = leaves(signed_in, id_token_hint=hint, client_id="news")
    assert refused(answer)
    assert signed_in.who()
    assert leaves(signed_in, id_token_hint=hint, client_id="shop").status_code == 200
    assert signed_in.who() is None


@pytest.mark.parametrize("name", ["nobody", "shop\x00", "茶铺", "x" * 500])
def test_an_unknown_client_ends_on_a_page(signed_in, name):
    """security row 120"""
    assert refused(leaves(signed_in, client_id=name, post_logout_redirect_uri=BYE))


@pytest.mark.parametrize(
    "name",
    ["id_token_hint", "client_id", "post_logout_redirect_uri", "state", "ui_locales"],
)
def test_a_doubled_parameter_ends_on_a_page(signed_in, hint, name):
    """security row 120"""
    wishes = {
        "id_token_hint": hint,
        "client_id": "shop",
        "post_logout_redirect_uri": BYE,
        "state": "x",
        "ui_locales": "en",
    }
    again = urlencode({name: wishes[name]})
    assert refused(signed_in.get(f"{PATH}?{urlencode(wishes)}&{again}"))
    assert signed_in.who()


@pytest.mark.parametrize("state", ["x" * 1025, "\x01" * 1025, "店" * 342, "😀" * 9999])
def test_a_state_that_cannot_be_kept_ends_on_a_page(signed_in, hint, state):
    """finding M6"""
    answer = leaves(
        signed_in, id_token_hint=hint, post_logout_redirect_uri=BYE, state=state
    )
    assert refused(answer)


def test_the_largest_farewell_that_waits_is_a_few_kilobytes(app, signed_in):
    """finding M6"""
    languages = " ".join(["店" * 300, *["x" * 35] * 80])
    wishes = {"client_id": "shop", "post_logout_redirect_uri": BYE}
    asked(
        signed_in,
        leaves(signed_in, **wishes, state="\x01" * 1024, ui_locales=languages),
    )
    with app.app_context():
        kept = db.session.scalars(db.select(TicketRow).filter_by(kind="oidc_logout"))
        assert [len(row.value) < 5000 for row in kept] == [True]


def test_without_a_hint_the_person_is_asked(signed_in):
    """security row 120: anybody may have sent the browser here"""
    page, text = asked(
        signed_in,
        leaves(signed_in, client_id="shop", post_logout_redirect_uri=BYE, state="x"),
    )
    assert "小明😀" in text and "茶铺" in text
    assert signed_in.who()
    back = signed_in.post(page, data={"answer": "yes"})
    assert (back.status_code, back.location) == (303, f"{BYE}?state=x")
    assert signed_in.who() is None


def test_the_person_may_say_no(signed_in):
    page, _text = asked(signed_in, leaves(signed_in, client_id="shop"))
    back = signed_in.post(page, data={"answer": "no"})
    assert (back.status_code, back.location) == (303, "/me")
    assert signed_in.who()


def test_no_other_page_can_say_yes(signed_in):
    """security row 25"""
    page, _text = asked(signed_in, leaves(signed_in, client_id="shop"))
    for headers in (CROSS_SITE, {"Sec-Fetch-Site": "same-site"}, {}):
        answer = signed_in._send("POST", page, data={"answer": "yes"}, headers=headers)
        assert answer.status_code == 403
    assert signed_in.who()


def test_the_page_lets_its_form_end_at_the_site(signed_in):
    """A policy holds for redirects after a form, too."""
    answer = leaves(signed_in, client_id="shop", post_logout_redirect_uri=BYE)
    page = signed_in.get(answer.location)
    assert (
        "form-action 'self' https://shop.test;"
        in page.headers["Content-Security-Policy"]
    )
    assert page.headers["Referrer-Policy"] == "same-origin"


def test_a_native_app_gets_its_own_address_back(signed_in):
    answer = leaves(signed_in, client_id="app", post_logout_redirect_uri=APP_BYE)
    page = signed_in.get(answer.location)
    assert (
        "form-action 'self' com.shop.app:;" in page.headers["Content-Security-Policy"]
    )
    back = signed_in.post(answer.location, data={"answer": "yes"})
    assert back.location == APP_BYE


def test_nothing_at_all_asks_too(signed_in):
    page, _text = asked(signed_in, leaves(signed_in))
    done = signed_in.post(page, data={"answer": "yes"})
    assert done.status_code == 200
    assert "你已退出登录" in done.text
    assert signed_in.who() is None


def test_an_address_without_a_site_counts_for_nothing(signed_in):
    """security row 120: section 2 wants it confirmed whose address it is"""
    page, _text = asked(
        signed_in, leaves(signed_in, post_logout_redirect_uri=BYE, state="x")
    )
    done = signed_in.post(page, data={"answer": "yes"})
    assert done.status_code == 200
    assert "Location" not in done.headers


def test_a_hint_about_somebody_else_asks(app, signed_in, hint, lihua):
    """security row 120: another person has signed in in this browser since"""
    started = signed_in.starts()
    signed_in.returns(started, lihua.confirms(started))
    answer = leaves(signed_in, id_token_hint=hint, post_logout_redirect_uri=BYE)
    page, text = asked(signed_in, answer)
    assert "李华" in text
    assert signed_in.who()
    assert signed_in.post(page, data={"answer": "yes"}).location == BYE


def test_who_is_not_signed_in_goes_straight_back(signed_in, hint, other_browser):
    for wishes in ({"id_token_hint": hint}, {"client_id": "shop"}):
        back = leaves(other_browser, post_logout_redirect_uri=BYE, state="x", **wishes)
        assert back.location == f"{BYE}?state=x"
    assert leaves(other_browser).status_code == 200
    assert signed_in.who()


def test_a_sites_form_does_the_same(signed_in, hint):
    """security row 120: POST; a browser sends no cookie of ours along with it"""
    form = {"id_token_hint": hint, "post_logout_redirect_uri": BYE, "state": "x"}
    stranger = Browser(signed_in.app)
    answer = stranger._send("POST", PATH, data=form, headers=CROSS_SITE)
    assert answer.status_code == 303
    assert hint not in answer.location
    # The next page is ours, and there the cookie is.
    assert signed_in.who()
    back = signed_in.get(answer.location)
    assert (back.status_code, back.location) == (303, f"{BYE}?state=x")
    assert signed_in.who() is None


def test_a_form_with_a_fault_ends_on_a_page(signed_in, hint):
    """security row 120"""
    form = {"client_id": "shop", "post_logout_redirect_uri": "https://evil.test"}
    answer = signed_in._send("POST", PATH, data=form, headers=CROSS_SITE)
    assert (answer.status_code, "Location" in answer.headers) == (400, False)
    assert signed_in.who()
    # With a hint it is known who is meant, but not led back to.
    form["id_token_hint"] = hint
    answer = signed_in._send("POST", PATH, data=form, headers=CROSS_SITE)
    page = signed_in.get(answer.location)
    assert (page.status_code, "Location" in page.headers) == (400, False)
    assert signed_in.who() is None


def test_a_yes_to_a_question_that_is_gone_signs_out(signed_in):
    """There is only no site to go back to any more."""
    done = signed_in.post(f"{PATH}/{'x' * 22}", data={"answer": "yes"})
    assert done.status_code == 200
    assert signed_in.who() is None


@pytest.mark.parametrize(
    ("locales", "headers", "word"),
    [
        ("zh-CN", ENGLISH, "要退出登录吗"),
        ("fr zh", ENGLISH, "要退出登录吗"),
        ("en-US zh", CHINESE, "Sign out?"),
        ("fr", CHINESE, "要退出登录吗"),
        ("%%%", ENGLISH, "Sign out?"),
    ],
)
def test_the_site_may_wish_for_a_language(signed_in, locales, headers, word):
    answer = leaves(signed_in, client_id="shop", ui_locales=locales)
    page = signed_in.get(answer.location, headers=headers)
    assert word in page.text
    lang = "zh-CN" if word.startswith("要") else "en"
    assert f'<html lang="{lang}"' in page.text


def test_the_log_says_what_to_mend_and_no_secret(signed_in, hint, log):
    """The site's developer reads it."""
    log()
    page = leaves(
        signed_in,
        id_token_hint=hint,
        post_logout_redirect_uri="https://shop.test/bye/?token=secret-of-the-shop",
        state="state-of-the-shop",
    )
    (line,) = (line for line in log() if line["event"] == "signed out, not led back")
    assert "post_logout_redirect_uri" in line["why"]
    assert line["client"] == "shop"
    assert line["sent"] == "https://shop.test/bye/"
    assert line["nearest"] in (BYE, WITH_QUERY)
    for secret in (hint, "secret-of-the-shop", "state-of-the-shop"):
        assert secret not in str(line)
        assert secret not in page.text


def test_below_a_path(app_for, xiaoming):
    app = app_for(public_url="http://127.0.0.1:5000/wx", sites=(SHOP_OUT,))
    browser = Browser(app, prefix="/wx")
    started = browser.starts()
    browser.returns(started, xiaoming.confirms(started))
    answer = browser.get(f"/wx{PATH}?client_id=shop")
    assert answer.location.startswith("/wx/oauth2/logout/")
    page = browser.get(answer.location)
    assert f'action="{answer.location}"' in page.text
    assert browser.post(answer.location, data={"answer": "yes"}).status_code == 200
    assert browser.who() is None
