"""Every command that the documents print is one that can be given as it stands."""

import json
import re
import shlex
import subprocess
import tomllib
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from urllib.parse import urlsplit

import click
import pytest
from werkzeug.routing import MapAdapter

from tests.docs.blocks import EVERY_PAGE, ROOT, Block, commands, mentions, of_kind
from tests.docs.standins import accepted, filled
from wxlogin.cli import main
from wxlogin.config import Settings, load_settings

BLOCKS = of_kind("sh", "console")
_SET = re.compile(r"([A-Z][A-Z_]*)=(.*)", re.S)
# Programs of the system's, whose words we do not know better.
_FOREIGN = {*"base32 cd curl cut grep head node occ openssl php printf tr".split()}
_FOREIGN |= {*"cat chmod chown date echo editor install mkdir useradd".split()}
_FOREIGN |= {*"git journalctl mariadb-dump nginx podman systemctl".split()}


def ours(words: list[str], group: click.Command = main) -> None:
    """Reads the words as `wxlogin` would, and starts nothing."""
    context = group.make_context(group.name, [*words])
    while isinstance(context.command, click.Group):
        given = [*context._protected_args, *context.args]
        if not given and context.command.invoke_without_command:
            return
        _, below, rest = context.command.resolve_command(context, given)
        assert below is not None
        context = below.make_context(below.name, rest, parent=context)


def named(words: list[str]) -> click.Command:
    """The command that the words begin with, and its options: a mention in a sentence
    may leave out what a command needs."""
    command: click.Command = main
    context = click.Context(command)
    while isinstance(command, click.Group) and words and words[0].isalpha():
        _, below, words = command.resolve_command(context, words)
        assert below is not None
        command, context = below, click.Context(below, parent=context)
    options = {text for option in command.params for text in option.opts} | {"--help"}
    assert {word for word in words if word.startswith("--")} <= options
    return command


def make(words: list[str]) -> None:
    targets = re.findall(r"^([a-z ]+):", (ROOT / "Makefile").read_text(), re.M)
    known = {name for line in targets for name in line.split()}
    assert {word for word in words if not _SET.fullmatch(word)} <= known


def pip(words: list[str]) -> None:
    assert words[0] == "install"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    for word in words[1:]:
        for extra in re.findall(r"\[([^\]]+)\]", word):
            assert {*extra.split(",")} <= {*project["optional-dependencies"]}
    if "-r" in words:
        assert (ROOT / words[words.index("-r") + 1]).is_file()


def python(words: list[str]) -> None:
    if words[0] == "-c":
        compile(words[1], "the document", "exec")
    else:
        assert words[0] == "-m"
        import_module(words[1])


def gunicorn(words: list[str]) -> None:
    room, _, name = words[words.index("--worker-class") + 1].rpartition(".")
    assert hasattr(import_module(room), name)
    assert words[-1] == "app:app"
    assert re.search(r"^ *app = ", (ROOT / "app.py").read_text(), re.M)


def flask(words: list[str]) -> None:
    assert words[0] in {"run"}


def shell(words: list[str]) -> None:
    """A script of ours, in words that a shell takes."""
    script = ROOT / words[0]
    subprocess.run(["/bin/sh", "-n", script], check=True, timeout=10)


def as_user(words: list[str]) -> None:
    """`runuser -u wxlogin -- env NAME=… wxlogin …`"""
    command = words[words.index("--") + 1 :]
    assert command.pop(0) == "env"
    while _SET.fullmatch(command[0]):
        del command[0]
    assert Path(command[0]).name == "wxlogin"
    ours(command[1:])


PROGRAMS: dict[str, Callable[[list[str]], None]] = {
    "flask": flask,
    "gunicorn": gunicorn,
    "make": make,
    "pip": pip,
    "python3": python,
    "runuser": as_user,
    "sh": shell,
    "wxlogin": ours,
}


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_a_command_is_understood(block: Block, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("people.csv", "people.jsonl"):
        (tmp_path / name).touch()
    for words in commands(block):
        while words and (words[0] == "export" or _SET.fullmatch(words[0])):
            del words[0]
        if not words:
            continue
        name = Path(words[0]).name
        if name in PROGRAMS:
            PROGRAMS[name](words[1:])
        else:
            assert name in _FOREIGN, f"say what {name} is, or call the block `text`"


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_a_variable_is_one_that_is_read(block: Block, tmp_path, monkeypatch):
    """And those of one block together are a set-up that starts."""
    set_here = {
        found[1]: found[2]
        for words in commands(block)
        for word in words
        if (found := _SET.fullmatch(word)) and found[1].startswith("WXLOGIN_")
    }
    names = {name.removeprefix("WXLOGIN_").lower() for name in set_here}
    # Where the settings are is none: config/paths.py reads it.
    assert names <= {*Settings.model_fields, "instance"}
    if "WXLOGIN_PUBLIC_URL" not in set_here:
        return
    for name, value in set_here.items():
        text = filled(json.loads(value)) if value[0] == "[" else None
        monkeypatch.setenv(name, json.dumps(text) if text else accepted(name, value))
    load_settings(tmp_path)


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_an_address_that_is_asked_answers(
    block: Block, service_routes: MapAdapter, simulator_routes: MapAdapter
):
    for words in commands(block):
        if words[0] != "curl":
            continue
        [address] = [word for word in words if re.match(r"https?://|\$U/", word)]
        sends = {"-d", "--data-urlencode"} & {*words} and "-sG" not in words
        there = simulator_routes if address.startswith("$U") else service_routes
        path = urlsplit(address.removeprefix("$U")).path
        method = words[words.index("-X") + 1] if "-X" in words else ""
        there.match(path, method=method or ("POST" if sends else "GET"))


@pytest.mark.parametrize("page", EVERY_PAGE, ids=lambda page: page.name)
def test_a_command_in_a_sentence_is_there(page: Path):
    for text in mentions(page, "wxlogin"):
        named(shlex.split(text))
    for text in mentions(page, "make"):
        make(shlex.split(text))


def test_what_no_program_takes_is_noticed():
    for words in (["merges", "undo"], ["run", "--wrokers", "2"], ["mergs", "list"]):
        with pytest.raises(click.UsageError):
            ours(words)
    with pytest.raises(AssertionError):
        make(["rnu"])
    with pytest.raises(AssertionError):
        named(["run", "--wrokers"])
