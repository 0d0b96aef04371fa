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
CHECKED = {*"console html http ini js json php python sh sql toml yaml".split()}
ELSEWHERE = {
    "caddyfile": "tests/integration/test_caddy.py",
    "nginx": "tests/integration/test_nginx.py",
    "nginx-headers": "tests/integration/test_nginx.py",
}
NOT_RUN = {
    "go": "its compiler is not here",
    "java": "its compiler is not here",
    "ruby": "its interpreter is not here",
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


@pytest.mark.parametrize("block", of_kind("ini"), ids=str)
def test_an_ini_file_can_be_read(block: Block):
    reader = ConfigParser(interpolation=None)
    reader.read_string(block.text)
    assert reader.sections()


@pytest.mark.parametrize("block", of_kind("json"), ids=str)
def test_json_can_be_read(block: Block):
    assert read_json(block.text)


@pytest.mark.parametrize("block", of_kind("yaml"), ids=str)
def test_yaml_can_be_read(block: Block):
    assert yaml.safe_load(block.text)


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
foreach ($texts as $text) token_get_all("<?php $text", TOKEN_PARSE);
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
