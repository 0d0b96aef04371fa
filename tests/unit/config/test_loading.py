"""Where settings come from, and which place wins."""

import json
from pathlib import Path

import pytest

from wxlogin.config import AppKind, load_settings
from wxlogin.config.limits import Limits
from wxlogin.config.sources import unknown_names
from wxlogin.errors import ConfigurationError

APPS = [
    {
        "name": "web",
        "kind": "website",
        "appid": "wx1234567890abcdef",
        "secret": "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
        "open_platform": "main",
    }
]


def test_a_laptop_needs_no_setting(tmp_path):
    settings = load_settings(tmp_path)
    assert settings.env == "development"
    assert settings.simulated
    assert settings.wechat_api_url == "http://localhost:5001"
    assert settings.apps[0].appid == "wx0000000000000a01"
    assert settings.database_url == f"sqlite:///{tmp_path}/wxlogin.db"


def test_ports_move_both_addresses(tmp_path, monkeypatch):
    monkeypatch.setenv("PORT", "6000")
    monkeypatch.setenv("SIMULATOR_PORT", "6001")
    settings = load_settings(tmp_path)
    assert settings.public_url == "http://127.0.0.1:6000"
    assert settings.wechat_open_url == "http://localhost:6001"


def test_the_environment_wins_over_the_file_and_arguments_over_both(
    tmp_path, monkeypatch
):
    (tmp_path / "wxlogin.toml").write_text('site_name = "file"\nsession_days = 7\n')
    monkeypatch.setenv("WXLOGIN_SITE_NAME", "environment")
    assert load_settings(tmp_path).site_name == "environment"
    assert load_settings(tmp_path).session_days == 7
    assert load_settings(tmp_path, site_name="argument").site_name == "argument"


def test_apps_are_json_in_the_environment_and_tables_in_toml(tmp_path, monkeypatch):
    (tmp_path / "wxlogin.toml").write_text(
        '[[apps]]\nname = "oa"\nkind = "official_account"\n'
        'appid = "wx1234567890abcdee"\nsecret = "x"\n'
    )
    assert load_settings(tmp_path).apps[0].kind is AppKind.official_account
    monkeypatch.setenv("WXLOGIN_APPS", json.dumps(APPS))
    (app,) = load_settings(tmp_path).apps
    assert (app.name, app.open_platform) == ("web", "main")


def test_a_configured_app_turns_the_simulator_off(tmp_path, monkeypatch):
    monkeypatch.setenv("WXLOGIN_APPS", json.dumps(APPS))
    settings = load_settings(tmp_path)
    assert not settings.simulated
    assert settings.wechat_api_url == ""


def test_a_secret_may_come_from_a_file(tmp_path, monkeypatch):
    secret = tmp_path / "key"
    secret.write_text("k3y" * 8 + "-0123456789abcdef\n")
    secret.chmod(0o600)
    monkeypatch.setenv("WXLOGIN_SECRET_KEY_FILE", str(secret))
    key = load_settings(tmp_path).secret_key.get_secret_value()
    assert key == "k3y" * 8 + "-0123456789abcdef"


def test_a_secret_file_that_everybody_may_read_is_refused(tmp_path, monkeypatch):
    """security row 37"""
    secret = tmp_path / "key"
    secret.write_text("k3y" * 8 + "-0123456789abcdef\n")
    secret.chmod(0o644)
    monkeypatch.setenv("WXLOGIN_SECRET_KEY_FILE", str(secret))
    with pytest.raises(ConfigurationError) as caught:
        load_settings(tmp_path)
    assert "chmod 600" in caught.value.operator


def test_keys_are_made_once_in_development_and_kept(tmp_path):
    first, second = load_settings(tmp_path), load_settings(tmp_path)
    assert first.secret_key == second.secret_key
    assert first.encryption_keys == second.encryption_keys
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


def test_several_keys_stand_with_commas(tmp_path, monkeypatch):
    old = "Qw8zK3vN6rT1yB5mX9cF2gH7jD4pL0sA"
    monkeypatch.setenv("WXLOGIN_SECRET_KEY_FALLBACKS", f"{old}, {old}2")
    keys = load_settings(tmp_path).secret_key_fallbacks
    assert [key.get_secret_value() for key in keys] == [old, f"{old}2"]


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        ("PUBLIC_URL", "login.shop.example", "PUBLIC_URL"),
        ("PUBLIC_URL", "https://a.example/?x=1", "PUBLIC_URL"),
        ("WECHAT_BUDGET", "-1", "WECHAT_BUDGET"),
        ("APPS", '[{"name": "web"', "JSON"),
        ("APPS", '[{"name": "web", "kind": "webiste"}]', "kind of web is"),
        (
            "SITES",
            '[{"name": "s", "origins": ["https://a.example/"]}]',
            "origins of s is",
        ),
        ("ACCENT", "green;}", "ACCENT"),
    ],
)
def test_a_mistake_is_named(tmp_path, monkeypatch, name, value, word):
    monkeypatch.setenv(f"WXLOGIN_{name}", value)
    with pytest.raises(ConfigurationError) as caught:
        load_settings(tmp_path)
    assert word in caught.value.operator


def test_a_mistake_does_not_repeat_the_secret(tmp_path, monkeypatch):
    """security row 30"""
    monkeypatch.setenv(
        "WXLOGIN_APPS", '[{"name": "web", "kind": "website", "secret": "MARKER-5"}]'
    )
    with pytest.raises(ConfigurationError) as caught:
        load_settings(tmp_path)
    assert "MARKER-5" not in caught.value.operator


def test_a_misspelled_name_in_the_file_is_refused(tmp_path):
    (tmp_path / "wxlogin.toml").write_text('pubic_url = "https://a.example"\n')
    with pytest.raises(ConfigurationError) as caught:
        load_settings(tmp_path)
    assert "pubic_url" in caught.value.operator


def test_a_misspelled_name_in_the_environment_is_told(monkeypatch):
    monkeypatch.setenv("WXLOGIN_PUBIC_URL", "x")
    monkeypatch.setenv("WXLOGIN_OPERATOR_KEY_FILE", "x")
    assert unknown_names() == ["WXLOGIN_PUBIC_URL"]


def test_the_settings_show_no_secret(tmp_path, monkeypatch):
    monkeypatch.setenv("WXLOGIN_APPS", json.dumps(APPS))
    settings = load_settings(tmp_path)
    shown = repr(settings)
    assert APPS[0]["secret"] not in shown
    assert settings.secret_key.get_secret_value() not in shown


def test_the_document_holds_the_tables():
    from wxlogin.config.table import limits_table, settings_table

    page = (Path(__file__).parents[3] / "docs" / "settings.md").read_text("utf-8")
    assert settings_table() in page
    assert limits_table() in page


@pytest.mark.parametrize(
    ("value", "enabled", "failed_codes"),
    [
        ("on", True, 25),
        ("ON", True, 25),
        ("true", True, 25),
        ("off", False, 25),
        ("false", False, 25),
        ("0", False, 25),
        ('{"failed_codes": 60}', True, 60),
    ],
)
def test_limits_are_on_off_or_other_numbers(
    tmp_path, monkeypatch, value, enabled, failed_codes
):
    monkeypatch.setenv("WXLOGIN_LIMITS", value)
    limits = load_settings(tmp_path).limits
    assert (limits.enabled, limits.failed_codes) == (enabled, failed_codes)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("maybe", "write on, off, or a table"),
        ("{", "not valid JSON: line 1, column 2"),
        ('{"failed_codes": 0}', "whole number from 1 on for failed_codes"),
        ('{"failed_codes": -1}', "whole number from 1 on for failed_codes"),
        ('{"failed_codes": "many"}', "whole number from 1 on for failed_codes"),
        ('{"failed_code": 1}', "there is no limit named failed_code;"),
        ("12", "LIMITS"),
        ("[]", "LIMITS"),
    ],
)
def test_limits_that_cannot_be_read_stop_the_start(tmp_path, monkeypatch, value, said):
    monkeypatch.setenv("WXLOGIN_LIMITS", value)
    with pytest.raises(ConfigurationError) as raised:
        load_settings(tmp_path)
    assert said in str(raised.value)


def test_processes_that_count_for_themselves_share_the_failures():
    part = Limits().shared_by(4)
    assert (part.failed_codes, part.failed_keys, part.logins) == (6, 15, 12_000)
    assert Limits(failed_codes=1).shared_by(8).failed_codes == 1


def test_limits_are_a_table_in_toml(tmp_path):
    (tmp_path / "wxlogin.toml").write_text("[limits]\nfailed_codes = 60\n")
    assert load_settings(tmp_path).limits.failed_codes == 60
    (tmp_path / "wxlogin.toml").write_text("limits = false\n")
    assert not load_settings(tmp_path).limits.enabled


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"appid": "wx…"}, 'APPS: appid of web is "wx…": an AppID is wx and 16 small'),
        (
            {"name": "Web"},
            'APPS: name of the app at place 1 is "Web": a name of your own',
        ),
        (
            {"app_id": "wx1"},
            "APPS: app_id of web is no field of an app; did you mean appid?",
        ),
        (
            {"kind": None},
            "APPS: kind of web is nothing: write website, official_account",
        ),
    ],
)
def test_a_mistake_in_an_app_is_told_plainly(tmp_path, monkeypatch, change, sentence):
    monkeypatch.setenv("WXLOGIN_APPS", json.dumps([APPS[0] | change]))
    with pytest.raises(ConfigurationError) as caught:
        load_settings(tmp_path)
    assert sentence in caught.value.operator


@pytest.fixture
def program(tmp_path):
    """`program(scan_page="…")`: a mini program as start-up takes it."""

    def load(**more):
        mini = {**APPS[0], "name": "mp", "kind": "mini_program", **more}
        return load_settings(tmp_path, apps=[mini]).apps[0]

    return load


def test_a_mini_programs_page_has_a_usual_place(program):
    assert (program().scan_page, program().env_version) == (
        "pages/scan/scan",
        "release",
    )
    there = program(scan_page="packageA/pages/sign-in/index", env_version="trial")
    assert there.scan_page == "packageA/pages/sign-in/index"
    assert there.env_version == "trial"


@pytest.mark.parametrize(
    "page",
    [
        *("/pages/scan/scan", "pages/scan?a=b", "pages/scan#a", "pages\\scan"),
        *("pages/扫码", "pages/a b", "p" * 129),
    ],
)
def test_a_page_that_wechat_refuses(program, page):
    with pytest.raises(ConfigurationError, match=r"app\.json"):
        program(scan_page=page)


def test_a_version_that_there_is_none_of(program):
    with pytest.raises(ConfigurationError, match="env_version"):
        program(env_version="preview")


@pytest.mark.parametrize(
    "of_programs", [{"scan_page": "pages/other/one"}, {"env_version": "trial"}]
)
def test_only_a_mini_program_has_pages(program, of_programs):
    with pytest.raises(ConfigurationError, match="only a mini_program has it"):
        program(kind="website", **of_programs)


PLAIN = "http://weixin.qq.com/r/abc-DEF_123"


def test_what_only_an_official_account_has(tmp_path):
    says = {"verified_service": False, "title": "茶铺", "plain_code": PLAIN}
    account = {**APPS[0], "name": "oa", "kind": "official_account", **says}
    found = load_settings(tmp_path, apps=[account]).apps[0]
    assert {name: getattr(found, name) for name in says} == says
    for name, value in says.items():
        with pytest.raises(ConfigurationError, match="only an official_account has it"):
            load_settings(tmp_path, apps=[{**APPS[0], name: value}])


@pytest.mark.parametrize(
    "code",
    [
        *("http://weixin.qq.com/q/abc", "https://shop.example/r/a", "gh_0123456789ab"),
        *(
            "http://weixin.qq.com/r/",
            "http://weixin.qq.com/r/茶",
            "javascript:alert(1)",
        ),
    ],
)
def test_what_no_accounts_code_holds(tmp_path, code):
    account = {**APPS[0], "kind": "official_account", "plain_code": code}
    with pytest.raises(ConfigurationError, match="公众号二维码"):
        load_settings(tmp_path, apps=[account])


@pytest.mark.parametrize("name", ["two_phase", "trust_open_data_unionid"])
def test_what_only_a_mini_program_has(tmp_path, name):
    mini = {**APPS[0], "name": "mp", "kind": "mini_program", name: True}
    assert getattr(load_settings(tmp_path, apps=[mini]).apps[0], name)
    with pytest.raises(ConfigurationError, match="only a mini_program has it"):
        load_settings(tmp_path, apps=[mini | {"kind": "website"}])
