"""The simulator as a distribution of its own: the same folder under another name."""

import re
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

from tests.cli.commands import Commands, get
from tests.packaging.test_wheel import INSTALLS, ROOT, names_below

SOURCE = ROOT / "packaging" / "wechat-simulator"
PROJECT = tomllib.loads((SOURCE / "pyproject.toml").read_text())["project"]
# What wxlogin itself needs and the simulator shall never load, Babel for its 33 MB.
FOREIGN = "wxlogin|sqlalchemy|authlib|babel|pydantic|gunicorn|structlog|joserfc|limits"
MOST_MEGABYTES = 60
MOST_SECONDS = 1.0

# CPU seconds, which a busy machine does not stretch, from nothing to the first page.
STARTS = f"""
import re, sys, time
sys.path.insert(0, sys.argv[1])
from wechat_simulator import create_simulator
from wechat_simulator.command import main
page = create_simulator().test_client().get("/", headers={{"Accept-Language": "zh-CN"}})
print(time.process_time())
print(page.status_code, "微信模拟器" in page.text, main.name)
print(*filter(re.compile("({FOREIGN})$").match, sys.modules))
"""

# What a stranger writes first.
TEN_LINES = """
import json
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import urlopen
AT, BACK = "https://api.weixin.qq.com/sns/oauth2/access_token?", "https://shop.example/cb"
def test_a_login(wechat):
    app = wechat.app("web", callback_domains=["shop.example"])
    asked = {"appid": app.appid, "redirect_uri": BACK, "scope": "snsapi_login"}
    link = "https://open.weixin.qq.com/connect/qrconnect?" + urlencode(asked)
    back = wechat.person("小明").scans(link).confirms()
    code = parse_qs(urlsplit(back).query)["code"][0]
    proof = {"appid": app.appid, "secret": app.secret, "code": code}
    proof["grant_type"] = "authorization_code"
    with urlopen(AT + urlencode(proof)) as answer:
        assert json.load(answer)["openid"] == wechat.person("小明").openid("web")
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The simulator's wheel of this checkout."""
    out = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
    subprocess.run(build, cwd=SOURCE, check=True, capture_output=True, timeout=120)
    [file] = out.glob("*.whl")
    return file


def test_it_holds_the_simulator_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        code = [archive.read(name) for name in names if name.endswith(".py")]
    ours = {name.removeprefix("wxlogin/") for name in names_below("wxlogin/simulator")}
    expected = {re.sub("^simulator", "wechat_simulator", name) for name in ours}
    assert {name for name in names if ".dist-info/" not in name} == expected
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    assert not [text for text in code if re.search(rb"(?:from|import) wxlogin", text)]


def test_it_runs_without_wxlogin(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    # Processors that are shared count for more than what is asked of them.
    assert min(_starts(tmp_path) for _ in range(3)) < MOST_SECONDS


def _starts(folder: Path) -> float:
    """Seconds of a processor until the first page, from what is in this folder."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", STARTS, str(folder)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seconds, page, foreign = done.stdout.split("\n")[:3]
    assert page == "200 True wechat-simulator"
    assert foreign == ""
    return float(seconds)


def test_it_asks_for_no_other_versions_than_wxlogin():
    ours = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert set(PROJECT["dependencies"]) <= set(ours["dependencies"])
    assert PROJECT["requires-python"] == ours["requires-python"]


def test_both_languages_show_the_same_commands():
    pages = [(SOURCE / name).read_text() for name in ("README.md", "README.zh-CN.md")]
    english, chinese = (re.findall("^```.*?^```", page, re.M | re.S) for page in pages)
    assert [re.sub("#.*", "", block) for block in english] == [
        re.sub("#.*", "", block) for block in chinese
    ]
    assert len(english) == 3


@INSTALLS
def test_it_is_small_and_serves_in_an_empty_environment(wheel, tmp_path):
    folder = tmp_path / "environment"
    venv.create(folder, with_pip=True)
    # pip and setuptools are the environment's own.
    before = megabytes(folder)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    subprocess.run(
        [*pip, "--no-compile", "-c", str(ROOT / "constraints.txt"), str(wheel)],
        check=True,
        timeout=300,
        cwd=tmp_path,
    )
    assert megabytes(folder) - before < MOST_MEGABYTES
    subprocess.run([*pip, "-c", str(ROOT / "constraints.txt"), "pytest"], check=True)
    (tmp_path / "test_login.py").write_text(TEN_LINES, "utf-8")
    words = ["-m", "pytest", "-q", "-W", "error", "test_login.py"]
    python = str(folder / "bin" / "python")
    subprocess.run([python, *words], check=True, cwd=tmp_path, timeout=120)
    commands = Commands(tmp_path, [str(folder / "bin" / "wechat-simulator")])
    try:
        line = commands.start("--port", "0").says("simulator ready")
        assert get(f"{line.rpartition(' ')[2]}/phone").status_code == 200
    finally:
        commands.stop_all()


def megabytes(folder: Path) -> float:
    files = (path for path in folder.rglob("*") if path.is_file())
    return sum(path.stat().st_size for path in files) / 1e6
