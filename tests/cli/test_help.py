"""Help, version, settings and the schema."""

import atexit
import gc
import subprocess
import sys

import pytest
from click import Context, Group
from click.testing import CliRunner

from wxlogin import __version__
from wxlogin.cli import main
from wxlogin.config import Settings

BROKEN = {"WXLOGIN_PUBLIC_URL": "nonsense"}


def commands(group=main, path=()):
    """Every command there is, with its words."""
    yield path, group
    if not isinstance(group, Group):
        return
    context = Context(group)
    for name in group.list_commands(context):
        yield from commands(group.get_command(context, name), (*path, name))


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


_HEAVY = "flask|sqlalchemy|pydantic|requests|cryptography"
_ASKED = f"""
import re, sys
from click.testing import CliRunner
from wxlogin.cli import main
for words in (["--help"], ["--version"], ["dmo"]):
    CliRunner().invoke(main, words)
print(*filter(re.compile("({_HEAVY})$").match, sys.modules))
"""


def test_help_and_version_import_nothing_heavy():
    words = [sys.executable, "-c", _ASKED]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


def test_a_shell_completes_commands():
    asked = {"COMP_WORDS": "wxlogin me", "COMP_CWORD": "1"}
    asked["_WXLOGIN_COMPLETE"] = "bash_complete"
    done = CliRunner().invoke(main, env=asked, prog_name="wxlogin")
    assert done.stdout == "plain,merges\n"


def test_every_command_is_in_the_list_by_its_own_name():
    context = Context(main)
    for name in main.list_commands(context):
        assert main.get_command(context, name).name == name


def test_a_misspelled_command_is_named(wxlogin):
    done = wxlogin.here("dmo")
    assert done.returncode == 2
    assert "No such command 'dmo'" in done.stderr


def test_the_version(wxlogin):
    assert wxlogin.run("--version").stdout == f"wxlogin, version {__version__}\n"


def test_a_command_that_is_done_searches_for_no_garbage(wxlogin, monkeypatch):
    at_the_end = []
    monkeypatch.setattr(atexit, "register", at_the_end.append)
    assert wxlogin.here("settings", "--check").returncode == 0
    assert at_the_end == [gc.freeze]


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
