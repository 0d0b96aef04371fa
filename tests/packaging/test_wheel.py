"""What is installed is all there is: the wheel, alone, in an empty environment."""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.cli.commands import Commands, free_port, get

ROOT = Path(__file__).resolve().parents[2]
INSTALLS = pytest.mark.skipif(
    os.environ.get("CI") != "true",
    reason="fills a new environment from the package index (a minute); set CI=true",
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    out = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=120)
    [file] = out.glob("*.whl")
    return file


def names_below(folder: str) -> set[str]:
    """The files of the checkout that the wheel should have."""
    files = (path for path in (ROOT / folder).rglob("*") if path.is_file())
    kept = (path for path in files if "__pycache__" not in path.parts)
    return {str(path.relative_to(ROOT)) for path in kept}


def test_the_wheel_holds_what_runs_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    for folder in ("templates", "static", "docs/examples/flask"):
        missing = {f"wxlogin/{name}" for name in names_below(folder)} - names
        assert missing == set()
    assert names_below("wxlogin") - names == set()
    assert "wxlogin/migrations/alembic.ini" in names
    assert "wxlogin/migrations/versions/0001_first_tables.py" in names
    assert "wxlogin/translations/zh/LC_MESSAGES/messages.mo" in names
    assert "wxlogin/simulator/translations/zh/LC_MESSAGES/messages.mo" in names
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"wxlogin"}
    assert not [name for name in names if "test" in name or name.endswith(".pyc")]


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`wxlogin` of a new environment, made by the step that makes the image's; of the
    wheel, where the image takes the checkout. No container engine is needed, and none
    is here: what else a Containerfile says nobody runs."""
    folder = tmp_path_factory.mktemp("environment")
    image = (ROOT / "deploy/Containerfile").read_text("utf-8")
    [step] = re.findall("^RUN (sh .*)$", image, re.M)
    for written, meant in (("/src", str(ROOT)), ("/opt/wxlogin", str(folder))):
        assert written in step
        step = step.replace(written, meant)
    environment = os.environ | {"PYTHON": sys.executable}
    done = subprocess.run(
        ["/bin/sh", "-c", f"{step} {wheel}"],
        check=True,
        timeout=300,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert "wxlogin" in done.stdout
    return folder / "bin" / "wxlogin"


@INSTALLS
def test_the_installed_demo_serves_the_sign_in_page(installed, tmp_path):
    commands = Commands(tmp_path, [str(installed)])
    del commands.environment["WXLOGIN_INSTANCE"]
    port, simulator_port, shop_port = (str(free_port()) for _ in range(3))
    try:
        demo = commands.start(
            "demo", PORT=port, SIMULATOR_PORT=simulator_port, SHOP_PORT=shop_port
        )
        demo.says("Ctrl-C")
        service = f"http://127.0.0.1:{port}"
        page = get(f"{service}/login", headers={"Accept-Language": "zh-CN"})
        assert page.status_code == 200
        assert "使用微信扫码登录" in page.text
        for link in re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text):
            assert get(service + link).status_code == 200
        assert ".card" in get(f"{service}/static/wxlogin.css").text
        frame = re.search(r'<iframe[^>]+src="([^"]+)"', page.text)[1]
        assert "/connect/qrcode/" in get(frame.replace("&amp;", "&")).text
        assert get(f"http://localhost:{simulator_port}/phone").status_code == 200
        shop = f"http://127.0.0.1:{shop_port}"
        assert "茶铺" in get(shop, headers={"Accept-Language": "zh-CN"}).text
        assert get(f"{shop}/login").url.startswith(f"{service}/login?")
        assert get(f"{service}/readyz").json() == {"status": "ready"}
    finally:
        commands.stop_all()
    # In a wheel the instance folder is where the command was started.
    assert (tmp_path / "instance" / "wxlogin.db").is_file()
    assert [file.name for file in tmp_path.iterdir()] == ["instance"]


@INSTALLS
def test_the_installed_commands_answer(installed, tmp_path):
    commands = Commands(tmp_path, [str(installed)])
    assert commands.run("db", "upgrade").returncode == 0
    assert "(head)" in commands.run("db", "current").stdout
    assert "PUBLIC_URL" in commands.run("settings").stdout
