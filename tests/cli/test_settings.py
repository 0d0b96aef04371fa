"""`wxlogin settings`: what is in force, where it was said, and what start-up says."""

import json

import pytest
from click.testing import CliRunner, Result

from wxlogin.cli import main
from wxlogin.config import Settings, paths
from wxlogin.config.table import settings_table

SECRET = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """`asked("--check", WXLOGIN_ENV="trial")`: the command's result."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"WXLOGIN_{name.upper()}", raising=False)
    monkeypatch.setenv("WXLOGIN_INSTANCE", str(tmp_path))

    def _asked(*options: str, **environment: str) -> Result:
        return CliRunner().invoke(main, ["settings", *options], env=environment)

    return _asked


def lines(result: Result) -> dict[str, list[str]]:
    """The table, by the setting's name."""
    rows = [line.split() for line in result.stdout.splitlines() if line]
    return {row[0]: row[1:] for row in rows}


def test_every_setting_is_shown_with_its_place(asked, tmp_path):
    (tmp_path / "wxlogin.toml").write_text(
        '\nsite_name = "茶铺"\nsession_days = 7\nsecret_key_file="key"\n'
        '[verify_files]\n"MP_verify_a.txt" = "a"\n'
    )
    key = tmp_path / "key"
    key.write_text("K7vQ2mX9pL4sW8nR3tY6bZ1cF5gH0jD2")
    key.chmod(0o600)
    shown = asked(
        WXLOGIN_SESSION_DAYS="8",
        WXLOGIN_OPERATOR_KEY_FILE=str(key),
        WXLOGIN_LIMITS='{"failed_codes": 7}',
    )
    assert shown.exit_code == 0
    rows = lines(shown)
    names = [name.upper() for name in Settings.model_fields]
    assert [*rows][1:] == [*names, "Instance"]
    assert rows["Instance"] == ["folder:", str(tmp_path), "(WXLOGIN_INSTANCE)"]
    assert rows["SITE_NAME"] == ["茶铺", "wxlogin.toml:2"]
    assert rows["SESSION_DAYS"] == ["8", "WXLOGIN_SESSION_DAYS"]
    assert rows["SESSION_IDLE_DAYS"] == ["14", "default"]
    assert rows["OPERATOR_KEY"] == ["•••", "WXLOGIN_OPERATOR_KEY_FILE"]
    assert rows["SECRET_KEY"] == ["•••", "wxlogin.toml:4"]
    assert rows["VERIFY_FILES"][1] == "wxlogin.toml:5"
    assert rows["LIMITS"] == ["failed_codes", "=", "7", "WXLOGIN_LIMITS"]
    assert rows["WHOLE_HOST"] == ["off", "default"]
    assert rows["ENV"] == ["development", "worked", "out"]
    assert shown.stderr == ""


def test_no_secret_is_shown(asked, tmp_path):
    """security row 30"""
    (tmp_path / "wxlogin.toml").write_text(
        f'[[apps]]\nname = "web"\nkind = "website"\nappid = "wx0123456789abcdef"\n'
        f'secret = "{SECRET}"\ntoken = "{SECRET}"\n'
        f'[[sites]]\nname = "Shop"\nclient_id = "shop"\nclient_secret = "{SECRET}"\n'
    )
    for options in ([], ["--check"]):
        shown = asked(
            *options,
            WXLOGIN_SECRET_KEY=SECRET,
            WXLOGIN_SECRET_KEY_FALLBACKS=f"{SECRET}1,{SECRET}2",
            WXLOGIN_ENCRYPTION_KEYS=SECRET,
            WXLOGIN_OPERATOR_KEY=SECRET,
            WXLOGIN_DATABASE_URL=f"postgresql+psycopg://u:{SECRET}@db/x?password={SECRET}",
            WXLOGIN_REDIS_URL=f"rediss://:{SECRET}@cache:6380/1",
        )
        assert SECRET not in shown.output
    rows = lines(
        shown := asked(
            WXLOGIN_DATABASE_URL=f"postgresql+psycopg://u:{SECRET}@db/x?password={SECRET}",
            WXLOGIN_REDIS_URL=f"rediss://:{SECRET}@cache:6380/1",
        )
    )
    assert rows["DATABASE_URL"][0] == "postgresql+psycopg://•••@db/x"
    assert rows["REDIS_URL"][0] == "rediss://•••@cache:6380/1"
    assert rows["APPS"] == ["web", "(website)", "wxlogin.toml:1"]
    assert rows["SITES"] == ["Shop", "wxlogin.toml:7"]
    assert SECRET not in shown.output


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql+psycopg://u:{SECRET}?x@db/x",
        f"postgresql+psycopg://u:{SECRET}@{SECRET}@db/x",
        f"postgresql+psycopg://u:a/{SECRET}#b@db/x",
        f"postgresql+psycopg://db/x?user=u&password={SECRET}",
        f"postgresql+psycopg://db/x?password={SECRET}@y",
        f"u:{SECRET}@db/x",
        SECRET,
    ],
)
@pytest.mark.parametrize("name", ["WXLOGIN_DATABASE_URL", "WXLOGIN_REDIS_URL"])
def test_a_password_is_none_however_the_url_is_written(asked, name, url):
    """security row 30"""
    for options in ([], ["--check"]):
        assert SECRET not in asked(*options, **{name: url}).output


def test_what_start_up_refuses_is_shown_all_the_same(asked):
    shown = asked(WXLOGIN_PUBLIC_URL="http://login.shop.example")
    assert shown.exit_code == 0
    assert lines(shown)["PUBLIC_URL"][0] == "http://login.shop.example"
    assert "Start-up refuses this" in shown.stderr
    assert "production needs https" in shown.stderr


def test_the_folder_in_use_is_told_and_why_it_is_that_one(asked, tmp_path, monkeypatch):
    """An editable install runs from its checkout, wherever it is called."""
    monkeypatch.delenv("WXLOGIN_INSTANCE")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(paths, "_CHECKOUT", tmp_path / "checkout")
    here = f"Instance folder: {tmp_path}/instance (of the current folder)\n"
    assert asked().stdout.endswith(here)
    (tmp_path / "checkout").mkdir()
    (tmp_path / "checkout/pyproject.toml").touch()
    there = f"{tmp_path}/checkout/instance"
    assert f"{there} (of the checkout that this runs from)" in asked().stdout
    assert json.loads(asked("--json").stdout)["instance"] == there


def test_a_script_reads_json(asked):
    shown = asked(
        "--json", WXLOGIN_PUBLIC_URL="http://shop.example", WXLOGIN_OPERATOR_KEY=SECRET
    )
    told = json.loads(shown.stdout)
    rows = {row["setting"]: row for row in told["settings"]}
    assert rows["OPERATOR_KEY"]["value"] == "•••"
    assert rows["PUBLIC_URL"]["from"] == "WXLOGIN_PUBLIC_URL"
    assert any("production needs https" in one for one in told["refused"])


def test_a_check_that_fails_says_so_in_its_status(asked):
    shown = asked("--check", WXLOGIN_REDIS_URL="localhost:6379")
    assert shown.exit_code == 1
    assert "REDIS_URL does not begin with redis://" in shown.stderr
    assert asked("--check").stdout.startswith("development at http://127.0.0.1")


@pytest.mark.parametrize("options", [[], ["--check"]])
def test_a_misspelled_variable_is_told_with_the_right_one(asked, options):
    shown = asked(*options, WXLOGIN_PUBIC_URL="x", WXLOGIN_XYZZY="x")
    assert shown.exit_code == 0
    assert (
        "warning: WXLOGIN_PUBIC_URL is set, and no setting has this name; did you mean "
        "WXLOGIN_PUBLIC_URL?"
    ) in shown.stderr
    assert "WXLOGIN_XYZZY is set" in shown.stderr


def test_the_table_of_the_document_is_there_for_who_asks(asked):
    assert asked("--markdown").stdout == settings_table()
