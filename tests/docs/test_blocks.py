"""Every block of code in the documents is what it looks like.

Commands and requests: test_commands.py, test_requests.py. Examples that are files of
docs/examples run in test_examples.py and in tests/browser and tests/clients.
"""

import ast
import json
import re
import shutil
import sqlite3
import subprocess
import tomllib
from configparser import ConfigParser
from pathlib import Path

import pytest
import yaml

from tests.docs.blocks import BLOCKS, EVERY_PAGE, PAGES, ROOT, Block, of_kind, read_json
from tests.docs.standins import complete
from wxlogin.config import load_settings
from wxlogin.simulator.world.seed import read as read_world

# What is checked here or beside, and what is not and why.
CHECKED = {*"console csv html http ini js json php python sh sql toml yaml".split()}
ELSEWHERE = {
    "caddyfile": "tests/integration/test_caddy.py",
    "nginx": "tests/integration/test_nginx.py",
    "nginx-headers": "tests/integration/test_nginx.py",
}
NOT_RUN = {
    **dict.fromkeys(("go", "java", "ruby"), "its compiler is not here"),
    "powershell": "Windows is not here",
    "text": "nothing runs it",
}
# Tables of settings that are not ours: Streamlit's.
_OF_OTHERS = {"auth"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_block_says_what_it_is(page: Path):
    kinds = {block.kind for block in BLOCKS if block.page == page}
    assert kinds <= {*CHECKED, *ELSEWHERE, *NOT_RUN}


@pytest.mark.parametrize("file", sorted({*ELSEWHERE.values()}))
def test_what_is_run_elsewhere_is(file: str):
    assert (ROOT / file).is_file()


@pytest.mark.parametrize("page", EVERY_PAGE, ids=lambda page: page.name)
def test_a_block_has_a_fence(page: Path):
    """Four spaces make a block too, and nobody sees what it is."""
    fenced, before = False, ""
    for line in page.read_text("utf-8").splitlines():
        fenced ^= line.lstrip().startswith("```")
        bare = before == "" and line.startswith("    ")
        assert fenced or not bare or line.lstrip().startswith("```"), line
        before = line


@pytest.mark.parametrize("block", of_kind("toml"), ids=str)
def test_settings_are_accepted(block: Block, tmp_path: Path):
    if block.page.name == "simulator.md":
        (tmp_path / "world.toml").write_text(block.text, "utf-8")
        apps, people = read_world(tmp_path / "world.toml")
        assert apps and people
        return
    said = tomllib.loads(block.text)
    if not said.keys() <= _OF_OTHERS:
        load_settings(tmp_path, **complete(said))


def read_ini(text: str) -> list[str]:
    parser = ConfigParser(interpolation=None)
    parser.read_string(text)
    return parser.sections()


NOTATIONS = {"ini": read_ini, "json": read_json, "yaml": yaml.safe_load}


@pytest.mark.parametrize("block", of_kind(*NOTATIONS), ids=str)
def test_what_holds_values_can_be_read(block: Block):
    assert NOTATIONS[block.kind](block.text)


@pytest.mark.parametrize("block", of_kind("python"), ids=str)
def test_python_can_be_read_and_imports_what_is_there(block: Block):
    tree = ast.parse(block.text)
    heads = [one for one in tree.body if isinstance(one, ast.Import | ast.ImportFrom)]
    exec(compile(ast.Module(heads, []), str(block), "exec"), {})  # noqa: S102


@pytest.mark.parametrize("block", of_kind("sql"), ids=str)
def test_a_query_is_one(block: Block):
    with sqlite3.connect(":memory:") as database:
        database.execute("CREATE TABLE users (id INTEGER, wechat_id TEXT)")
        assert database.execute(block.text).description
    database.close()


_READS_PHP = """
$texts = json_decode($argv[1]);
foreach ($texts as $text) {
    // Statements, or entries of a list.
    try { token_get_all("<?php $text", TOKEN_PARSE); }
    catch (ParseError) { token_get_all("<?php return [$text];", TOKEN_PARSE); }
}
echo count($texts);
"""
_READS_JS = """
const vm = require("node:vm");
const texts = JSON.parse(process.argv[1]);
for (const text of texts) new vm.SourceTextModule(text);
process.stdout.write(String(texts.length));
"""


_READERS = {
    "php": ["php", "-r", _READS_PHP],
    "js": ["node", "--no-warnings", "--experimental-vm-modules", "-e", _READS_JS],
}


@pytest.mark.parametrize("kind", _READERS)
def test_php_and_javascript_can_be_read(kind: str):
    """By its own interpreter, which is started once."""
    texts = [block.text for block in of_kind(kind)]
    if shutil.which(_READERS[kind][0]) is None:
        pytest.skip(f"{_READERS[kind][0]} is not installed")
    command = [*_READERS[kind], json.dumps(texts)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, str(len(texts))), done.stderr


@pytest.mark.parametrize("block", of_kind("html"), ids=str)
def test_a_script_of_ours_knows_what_it_is_told(block: Block):
    [name] = re.findall(r'src="https://login.shop.example/(static/[^"]+)"', block.text)
    script = (ROOT / name).read_text("utf-8")
    for attribute in re.findall(r"data-([a-z-]+)=", block.text):
        word = re.sub("-(.)", lambda it: it[1].upper(), attribute)
        assert re.search(rf"\.{word}\b|data-{attribute}\b", script), attribute


_SERVER = """pid nginx.pid;
events {}
http {
    access_log off;
    server {
        listen unix:nginx.sock;
%s
    }
}
"""


def test_nginx_takes_what_it_is_told(tmp_path: Path):
    """A whole server stands in protecting.md, and is run; here parts of one."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        pytest.skip("nginx is not installed")
    parts = [it.text for it in of_kind("nginx") if it.page.name != "protecting.md"]
    (tmp_path / "nginx.conf").write_text(_SERVER % "".join(parts), "utf-8")
    where = ["-p", f"{tmp_path}/", "-c", "nginx.conf", "-e", "error.log"]
    done = subprocess.run([program, "-t", *where], capture_output=True, text=True)
    assert done.returncode == 0 and "warn" not in done.stderr, done.stderr
