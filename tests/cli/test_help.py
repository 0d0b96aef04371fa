"""Help, version, settings and the schema."""

import pytest
from click.testing import CliRunner

from wxlogin import __version__
from wxlogin.cli import main
from wxlogin.config import Settings

BROKEN = {"WXLOGIN_PUBLIC_URL": "nonsense"}


def commands(group=main, path=()):
    """Every command there is, with its words."""
    yield path, group
    for name, command in getattr(group, "commands", {}).items():
        yield from commands(command, (*path, name))


@pytest.mark.parametrize(
    ("path", "command"),
    [pytest.param(*each, id=" ".join(each[0])) for each in commands()],
)
def test_every_command_says_what_it_does(path, command, tmp_path, monkeypatch):
    """Help needs no settings, makes no file and starts nothing."""
    monkeypatch.setenv("WXLOGIN_INSTANCE", str(tmp_path / "instance"))
    for name, value in BROKEN.items():
        monkeypatch.setenv(name, value)
    done = CliRunner().invoke(main, [*path, "--help"])
    assert done.exit_code == 0, done.output
    assert command.help or command.callback.__doc__
    assert "--app IMPORT" not in done.output
    assert "--debug" not in done.output
    assert list(tmp_path.iterdir()) == []


def test_a_misspelled_command_is_named(wxlogin):
    done = wxlogin.here("dmo")
    assert done.returncode == 2
    assert "No such command 'dmo'" in done.stderr


def test_the_version(wxlogin):
    assert wxlogin.run("--version").stdout == f"wxlogin, version {__version__}\n"


def test_every_setting_is_listed(wxlogin):
    done = wxlogin.here("settings", "--markdown", **BROKEN)
    assert done.returncode == 0
    rows = done.stdout.splitlines()[2:]
    assert len(rows) == len(Settings.model_fields)
    for name in Settings.model_fields:
        assert any(row.startswith(f"| `{name.upper()}` |") for row in rows)


def test_the_settings_are_checked(wxlogin):
    done = wxlogin.here("settings", "--check")
    assert done.returncode == 0
    assert "development at http://127.0.0.1:5000" in done.stdout
    done = wxlogin.here("settings", "--check", **BROKEN)
    assert done.returncode == 1
    assert "PUBLIC_URL" in done.stderr


def test_the_schema_up_and_down(wxlogin):
    assert "up to date" in wxlogin.run("db", "upgrade").stdout
    newest = wxlogin.run("db", "current").stdout
    assert "(head)" in newest
    assert wxlogin.here("db", "upgrade").returncode == 0
    assert wxlogin.here("db", "downgrade", "base").returncode == 0
    assert "(head)" not in wxlogin.run("db", "current").stdout
    assert wxlogin.here("db", "upgrade").returncode == 0
    assert wxlogin.run("db", "current").stdout == newest
