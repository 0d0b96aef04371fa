"""The package for Node's test runners: its verbs, its README, and what it holds."""

import json
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.cli.commands import PATIENCE
from tests.clients.conftest import required
from tests.packaging.test_wheel import ROOT
from wxlogin.simulator.server import SimulatorServer

SOURCE = ROOT / "packaging" / "npm" / "wechat-simulator"
VERBS = Path(__file__).with_name("npm") / "verbs.test.mjs"
PACKAGE = json.loads((SOURCE / "package.json").read_text("utf-8"))
ALL = 'import "./readme.mjs";\nimport "./verbs.mjs";\n'


def blocks(page: str) -> list[str]:
    text = (SOURCE / page).read_text("utf-8")
    return re.findall(r"^```\w+\n(.*?)^```", text, re.M | re.S)


def test_its_verbs_and_the_example_of_its_readme_in_node(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        required("Node is missing; install it with: apt-get install nodejs")
    modules = tmp_path / "node_modules"
    modules.mkdir()
    shutil.copytree(SOURCE, modules / "wechat-simulator")
    [example] = [text for text in blocks("README.md") if "node:test" in text]
    (tmp_path / "readme.mjs").write_text(example, "utf-8")
    shutil.copy(VERBS, tmp_path / "verbs.mjs")
    # One process for both: a file of tests is a process of its own.
    (tmp_path / "all.test.mjs").write_text(ALL, "utf-8")
    with SimulatorServer(hold_seconds=0) as simulator:
        done = subprocess.run(
            [node, "--test", "all.test.mjs"],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "WECHAT_SIMULATOR_URL": simulator.url},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert simulator.worlds.names() == []


def test_it_holds_one_file_of_code_and_needs_nothing() -> None:
    shipped = {*PACKAGE["files"], "package.json", "README.md", "LICENSE"}
    assert {file.name for file in SOURCE.iterdir()} == shipped
    assert not [key for key in PACKAGE if "ependencies" in key or key == "scripts"]
    code = (SOURCE / "index.js").read_text("utf-8")
    imported = re.findall(r'^import .* from "(.*)";$', code, re.M)
    assert all(name.startswith("node:") for name in imported)


def test_it_goes_with_the_simulator_of_its_version() -> None:
    wheel = ROOT / "packaging" / "wechat-simulator"
    project = tomllib.loads((wheel / "pyproject.toml").read_text())["project"]
    assert (PACKAGE["name"], PACKAGE["version"]) == (
        project["name"],
        project["version"],
    )
    assert (SOURCE / "LICENSE").read_text() == (wheel / "LICENSE").read_text()


@pytest.mark.parametrize("nth", range(3))
def test_both_languages_show_the_same_blocks(nth: int) -> None:
    assert blocks("README.md")[nth] == blocks("README.zh-CN.md")[nth]
    assert len(blocks("README.md")) == len(blocks("README.zh-CN.md")) == 3
