"""What came along unseen with a value: off at the ends, named in the middle."""

import pytest
from pydantic import SecretStr, ValidationError

from wxlogin.config import Settings, Site
from wxlogin.config.written import plain, secret_text, words

UNSEEN = [
    "\ufeff",
    "\u200b",
    "\u200c",
    "\u200d",
    "\u2060",
    "\u00ad",
    "\u00a0",
    "\u3000",
    "\u2028",
    "\u202e",
    "\u200e",
    "\u3164",
    "\u2800",
    "\t",
    "\r\n",
    "\x1b",
    "\x7f",
    "\U000e0020",
]
KEY = "9f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c"


@pytest.mark.parametrize("char", UNSEEN)
def test_it_does_no_harm_at_the_ends(char):
    assert plain(f"{char} value {char}") == "value"
    assert secret_text(f" {char}{KEY}{char} ") == KEY


@pytest.mark.parametrize("char", UNSEEN)
def test_in_the_middle_it_is_named_and_nothing_else_is(char):
    with pytest.raises(ValueError, match=r"U\+[0-9A-F]{4,5}.* at place 5") as caught:
        secret_text(f"hush{char}hush")
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("char", ["é", "ａ", "１", "а", "“", "…", "中"])
def test_a_secret_is_of_ascii(char):
    with pytest.raises(ValueError, match=r"U\+[0-9A-F]{4} .* at place 5") as caught:
        secret_text(f"hush{char}hush")
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("written", ['"value"', "'value'", "“value”", ' "value"\n'])
def test_quotation_marks_around_a_value_are_named(written):
    with pytest.raises(ValueError, match="quotation marks around it"):
        plain(written)


def test_words_keep_what_people_write():
    assert words(" 茶铺 👩‍👧 ❤️\n") == "茶铺 👩‍👧 ❤️"
    assert words('\ufeff"Good" tea\u00a0\u2013 daily') == '"Good" tea\u00a0\u2013 daily'


@pytest.mark.parametrize("char", ["\n", "\x1b", "\u202e", "\u2066", "\x00", "\u2028"])
def test_words_obey_nobody(char):
    with pytest.raises(ValueError, match="invisible character U"):
        words(f"tea{char}shop")


@pytest.mark.parametrize("blank", [" ", "\ufeff", "\u200b", "\r\n", "\u00a0"])
def test_every_secret_of_an_app_and_a_site_is_cleaned(started, blank):
    """finding I19"""

    def around(text: str) -> str:
        return f"{blank}{text}{blank}"

    settings = started(
        secret_key=SecretStr(around(KEY)),
        secret_key_fallbacks=around(f"{KEY}1") + "," + around(f"{KEY}2"),
        operator_key=around(KEY),
        apps=[
            {
                "name": around("web"),
                "kind": around("website"),
                "appid": around("wx1234567890abcdef"),
                "secret": around("0f1e2d3c4b5a69788796a5b4c3d2e1f0"),
                "open_platform": around("main"),
            }
        ],
        sites=[
            {
                "name": around("shop"),
                "client_id": around("shop"),
                "client_secret": around(KEY),
                "redirect_uris": [around("https://shop.example/cb")],
                "origins": [around("https://shop.example")],
            }
        ],
    )
    app, site = settings.apps[0], settings.sites[0]
    assert settings.secret_key.get_secret_value() == KEY
    assert settings.operator_key.get_secret_value() == KEY
    assert [key.get_secret_value()[-1] for key in settings.secret_key_fallbacks] == [
        "1",
        "2",
    ]
    assert app.secret == "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
    assert (app.name, app.appid, app.open_platform) == (
        "web",
        "wx1234567890abcdef",
        "main",
    )
    assert (site.name, site.client_id, site.client_secret) == ("shop", "shop", KEY)
    assert site.redirect_uris == ("https://shop.example/cb",)
    assert site.origins == ("https://shop.example",)


@pytest.mark.parametrize("field", ["secret", "token", "aes_key", "appid", "name"])
@pytest.mark.parametrize("char", ["\u200b", "\u00a0", "\ufeff", "\u202e"])
def test_a_fault_in_the_middle_names_the_field(refused, field, char):
    app = {
        "name": "web",
        "kind": "website",
        "appid": "wx1234567890abcdef",
        "secret": "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    }
    value = app.get(field, "0f1e2d3c4b5a69788796a5b4c3d2e1f0")
    told = refused(apps=[app | {field: f"{value[:2]}{char}{value[2:]}"}])
    whose = "the app at place 1" if field == "name" else "web"
    assert told.startswith(f"APPS: {field} of {whose}")
    assert "at place 3" in told
    assert app["secret"] not in told


def test_a_verification_file_is_served_as_it_is(started):
    content = " \u200bas it is\n"
    kept = started(verify_files={"MP_verify_a.txt": content})
    assert kept.verify_files == {"MP_verify_a.txt": content}


def test_no_default_is_changed_by_it():
    defaults = {name: field.default for name, field in Settings.model_fields.items()}
    assert Settings.model_validate(defaults).model_dump() == Settings().model_dump()


@pytest.mark.parametrize("field", ["secret", "token", "aes_key"])
def test_wechats_secrets_have_no_blank(refused, field):
    app = {
        "name": "web",
        "kind": "website",
        "appid": "wx1234567890abcdef",
        "secret": "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    }
    told = refused(apps=[app | {field: "0f1e2d3c4b5a6978 8796a5b4c3d2e1f0"}])
    assert (
        told
        == f"APPS: {field} of web: there is a blank at place 17; WeChat's have none"
    )


AES = "kHRMV8BNtxvOXvu3aYe2BnhVjw9Hg45d4W4PJeSYpLv"


def oa(**changes):
    return {
        "name": "oa",
        "kind": "official_account",
        "appid": "wx1234567890abcdef",
        "secret": "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
        "token": "Zz9abcZz9abcZz9abc",
    } | changes


@pytest.mark.parametrize(
    "pasted", ["{}", "{}=", "{}\n", " {} ", "\t{}=\r\n", "\ufeff{}"]
)
def test_a_key_for_pushes_as_it_is_pasted(started, pasted):
    (app,) = started(apps=[oa(aes_key=pasted.format(AES))]).apps
    # With the idle bits that WeChat gave it.
    assert app.aes_key == AES


@pytest.mark.parametrize(
    "wrong", [AES[:41], f"{AES}A", f"{AES}==", f"{AES[:-1]}-", f"{AES[:-1]}_", "=" * 43]
)
def test_a_key_for_pushes_of_another_length(refused, wrong):
    told = refused(apps=[oa(aes_key=wrong)])
    assert told.startswith("APPS: aes_key of oa")
    assert "43 letters" in told
    assert wrong[:40] not in told


def test_a_key_for_pushes_needs_a_token(refused):
    assert "needs the token" in refused(apps=[oa(aes_key=AES, token=None)])


def test_an_operators_key_has_no_blank(refused):
    assert "OPERATOR_KEY has a blank" in refused(operator_key=f"{KEY} {KEY}")


def test_pydantics_own_words_hold_no_secret_either():
    """security row 30: whoever makes a Site in a program of their own."""
    with pytest.raises(ValidationError) as caught:
        Site(name="shop", client_id="shop", client_secret="hush-hush")
    assert "hush" not in str(caught.value)
