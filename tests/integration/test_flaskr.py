"""Flask's tutorial blog gains WeChat: flaskr, as Flask's source release has it, and
the patch beside this file.

The blog is fetched with pip, in the version that is installed, so it is the blog of
everybody who has read the tutorial and no copy of ours.
"""

import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.cli.commands import Commands, free_port
from tests.integration.conftest import Visitor

PATCH = Path(__file__).parent / "flaskr" / "wechat.patch"
MOST_LINES = 15


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tutorial's folder, as it was released."""
    folder = tmp_path_factory.mktemp("flask")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download"]
    wanted = ["--no-deps", "--no-binary=flask", f"flask=={version('flask')}"]
    done = subprocess.run(
        [*pip, *wanted, "--quiet", "--dest", str(folder)], capture_output=True
    )
    found = next(folder.glob("flask-*.tar.gz"), None)
    if done.returncode or found is None:
        message = "the package index does not give Flask's source release away now"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(message)
    with tarfile.open(found) as archive:
        archive.extractall(folder, filter="data")
    return folder / found.name.removesuffix(".tar.gz") / "examples" / "tutorial"


@pytest.fixture
def blog(release: Path, tmp_path: Path) -> Path:
    """The tutorial with WeChat."""
    folder = tmp_path / "tutorial"
    shutil.copytree(release, folder)
    subprocess.run(["git", "apply", str(PATCH)], cwd=folder, check=True)  # noqa: S607
    return folder


@pytest.fixture
def commands(blog: Path):
    found = Commands(blog, [sys.executable, "-m", "flask", "--app", "flaskr"])
    # As a reader of the tutorial has it: everything in the blog's own folder.
    del found.environment["WXLOGIN_INSTANCE"]
    yield found
    found.stop_all()


def test_the_change_is_small():
    lines = PATCH.read_text("utf-8").splitlines()
    changed = [
        line
        for line in lines
        if line.startswith(("+", "-")) and not line.startswith(("+++ ", "--- "))
    ]
    assert 0 < len(changed) <= MOST_LINES
    touched = [line for line in lines if line.startswith("+++ ")]
    assert all(line.startswith("+++ b/flaskr/") for line in touched)


def test_the_blog_s_own_tests_pass_unchanged(blog: Path, release: Path, commands):
    for test in (release / "tests").iterdir():
        if test.is_file():
            assert (blog / "tests" / test.name).read_bytes() == test.read_bytes()
    commands.program = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
    done = commands.run("-q")
    assert done.returncode == 0, done.stdout + done.stderr
    (passed,) = re.findall(r"(\d+) passed", done.stdout)
    assert int(passed) >= 20
    assert "failed" not in done.stdout and "skipped" not in done.stdout


def test_xiaoming_writes_a_post(
    commands: Commands, simulator, xiaoming, visitor_of: Callable[[str], Visitor]
):
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    settings = {
        "WXLOGIN_PUBLIC_URL": origin,
        "WXLOGIN_SIMULATOR_URL": simulator.url,
        "PYTHONUNBUFFERED": "1",
    }
    assert commands.run("init-db", **settings).returncode == 0
    server = commands.start("run", "--port", str(port), **settings)
    server.says("Running on")
    visitor = visitor_of(origin)

    assert "Log In with WeChat" in visitor.get("/").text
    login = visitor.get("/auth/wechat")
    assert login.url == f"{origin}/wx/login?next=%2Fauth%2Fwechat"
    home = visitor.signs_in(xiaoming, login.url)
    assert home.url == f"{origin}/"
    assert "小明😀" in home.text and "Log Out" in home.text

    post = {"title": "第一篇", "body": "从微信来"}
    visitor.session.post(f"{origin}/create", data=post, timeout=20)
    page = visitor.get("/").text
    assert "第一篇" in page
    assert re.search(r'<div class="about">by 小明😀 \w{4} on', page)

    # The blog's own session is the blog's own: out there, and in again without a scan.
    assert "Log In" in visitor.get("/auth/logout").text
    again = visitor.get("/auth/wechat")
    assert again.url == f"{origin}/" and "小明😀" in again.text
    assert visitor.get("/1/update").status_code == 200

    # The development server logs each address, without what was secret in it.
    line = server.says("GET /wx/login/callback/web?")
    assert "code=•••&state=•••" in line
