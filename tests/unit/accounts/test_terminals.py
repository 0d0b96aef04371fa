"""Terminals that have no character for a name print a stand-in (finding I14)."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.support.people import People, two_that_merge, user_of
from wxlogin.cli import main


def _uid(openid: str) -> str:
    return user_of("web", openid).uid


def on(terminal: str, *words: str) -> Result:
    return CliRunner(charset=terminal).invoke(main, words)


@pytest.mark.parametrize(
    ("terminal", "shown"),
    [
        ("utf-8", "小明😀 é –"),
        ("gb18030", "小明😀 é –"),
        ("gbk", "小明\\U0001f600 é –"),
        ("big5", "小明\\U0001f600"),
        ("shift_jis", "小明\\U0001f600"),
        ("latin-1", "\\u5c0f\\u660e\\U0001f600 é \\u2013"),
        ("cp1252", "\\u5c0f\\u660e\\U0001f600 é –"),
        ("cp437", "\\u5c0f\\u660e\\U0001f600 é"),
        ("koi8-r", "\\u5c0f\\u660e\\U0001f600"),
        ("ascii", "\\u5c0f\\u660e\\U0001f600 \\xe9 \\u2013"),
        ("iso8859-15", "\\u5c0f\\u660e\\U0001f600 é"),
    ],
)
def test_a_name_is_shown_on_every_terminal(
    guests: People, terminal: str, shown: str
) -> None:
    guests.signs_in("web", "o1", "u1", name="小明😀 é –")
    told = on(terminal, "users", "show", _uid("o1"))
    assert told.exit_code == 0, told.exception
    assert shown in told.stdout
    # All lines are there, not only those before the name.
    for fact in ("o1", "192.0.2.7", "active"):
        assert fact in told.stdout


def test_a_terminal_obeys_no_name_in_json_either(guests: People) -> None:
    # Of an import: what WeChat says is cleaned before it is kept.
    name = "小明\x9b2J\x7f\u202egnol\u2066é😀"
    guests.signs_in("web", "o1", "u1", name=name)
    told = on("utf-8", "users", "show", _uid("o1"), "--json")
    assert not {"\x9b", "\x7f", "\u202e", "\u2066"} & set(told.stdout)
    [account] = json.loads(told.stdout)["accounts"]
    assert account["nickname"] == name
    assert "小明" in told.stdout and "é😀" in told.stdout


def test_every_command_prints(guests: People, tmp_path: Path) -> None:
    two_that_merge(guests)
    guests.signs_in("web", "o9", "u9", name="小明😀")
    table = tmp_path / "小明.csv"
    table.write_text("external_id,openid:web\n😀,oB\n,小明\n", "utf-8")
    for words in (
        ("users", "show", _uid("o9")),
        ("users", "show", "小明😀"),
        ("users", "show", _uid("o9"), "--json"),
        ("users", "list"),
        ("users", "find", "小明😀", "--json"),
        ("users", "disable", "小明😀"),
        ("merges", "list"),
        ("merges", "undo", "小明"),
        ("conflicts", "list"),
        ("keys", "list"),
        ("settings",),
        ("settings", "--markdown"),
        ("settings", "--check"),
        ("doctor",),
        ("doctor", "--json"),
        ("import", str(table), "--site", "小明", "--dry-run"),
        ("import", str(table), "--dry-run"),
        ("import", str(tmp_path / "没有.csv")),
        ("小明😀",),
        ("--help",),
    ):
        for terminal in ("ascii", "cp1252"):
            told = on(terminal, *words)
            failed = told.exception
            assert failed is None or isinstance(failed, SystemExit), (words, failed)


def test_an_export_is_utf8_whatever_the_terminal_is(guests: People) -> None:
    guests.signs_in("web", "o1", "u1", name="小明😀")
    told = on("ascii", "export", "-")
    assert told.exit_code == 0, told.exception
    assert "小明😀".encode() in told.stdout_bytes
    assert b"\\u" not in told.stdout_bytes


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONIOENCODING": "ascii:strict"},
        {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
)
def test_a_real_process_prints_what_it_was_asked(environment: dict[str, str]) -> None:
    program = Path(sys.executable).with_name("wxlogin")
    done = subprocess.run(
        [program, "users", "小明😀"],
        env={"PATH": os.environ["PATH"], "HOME": os.environ["HOME"]} | environment,
        capture_output=True,
        check=False,
    )
    assert b"No such command" in done.stderr
    assert b"Traceback" not in done.stderr
