"""`wxlogin init`: from a few answers to a green doctor."""

import stat
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner, Result

from tests.cli.commands import Commands, free_port
from tests.support.people import appid_of
from wxlogin.cli import init, main
from wxlogin.simulator.server import SimulatorServer
from wxlogin.wechat import endpoints

SECRET = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
OTHER = "9b8c7d6e5f40312213243546576879a8"
Begin = Callable[..., Result]


@pytest.fixture
def begins(wxlogin: Commands, monkeypatch: pytest.MonkeyPatch) -> Begin:
    """`begins("--kind", "website")`, with a database that is there; `answers` are typed
    on a terminal, a line each."""

    def _begins(*words: str, answers: tuple[str, ...] = (), **more: str) -> Result:
        monkeypatch.setattr(init, "_can_ask", lambda: bool(answers))
        typed = "".join(f"{answer}\n" for answer in answers)
        environment = wxlogin.environment | more
        return CliRunner().invoke(main, ["init", *words], input=typed, env=environment)

    wxlogin.migrate()
    return _begins


@pytest.fixture
def folder(wxlogin: Commands) -> Path:
    return Path(wxlogin.environment["WXLOGIN_INSTANCE"])


@pytest.fixture(scope="module")
def wechat() -> Iterator[str]:
    """A simulator that knows the apps below, at WeChat's own addresses."""
    kinds = {"web": "website", "oa": "official_account"}
    apps = [
        {
            "name": name,
            "kind": kind,
            "appid": appid_of(name),
            "secret": SECRET if name == "web" else OTHER,
            "open_platform": "main",
            "callback_domains": ["login.shop.test"],
        }
        for name, kind in kinds.items()
    ]
    with SimulatorServer() as server:
        put = requests.put(f"{server.url}/_sim/apps", json=apps, timeout=10)
        put.raise_for_status()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(endpoints, "API_HOST", server.url)
            patch.setattr(endpoints, "OPEN_HOST", server.url)
            yield server.url


def written(folder: Path) -> dict:
    return tomllib.loads((folder / "wxlogin.toml").read_text())


def secret_file(folder: Path, name: str, secret: str) -> str:
    path = folder.parent / name
    path.write_text(f"{secret}\n")
    path.chmod(0o600)
    return str(path)


def test_from_nothing_to_a_green_doctor(wxlogin: Commands, folder: Path) -> None:
    port = str(free_port())
    done = wxlogin.here("init", "--kind", "nothing", SIMULATOR_PORT=port)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 wrong." in done.stdout and "Next: wxlogin demo" in done.stdout
    assert done.stdout.startswith(f"Instance folder: {folder} (WXLOGIN_INSTANCE)\n")
    # What the simulator refuses the doctor is the doctor's to judge.
    assert "refused: " not in done.stderr
    for name in ("wxlogin.toml", "secret_key", "encryption_key", "wxlogin.db"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600, name
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    # Where it is, and that WeChat is simulated, follows from nothing being said.
    assert [*written(folder)] == ["secret_key_file", "encryption_keys_file"]


def test_from_a_website_app_to_a_green_doctor(
    begins: Begin, folder: Path, wechat: str
) -> None:
    key = secret_file(folder, "appsecret", SECRET)
    done = begins(
        *("--kind", "website", "--appid", appid_of("web"), "--secret-file", key),
        *("--host", "login.shop.test"),
        *("--site", "茶铺=https://shop.test/callback"),
        *("--site", "https://shop.test/other"),
    )
    assert done.exit_code == 0, done.output
    assert " 0 wrong." in done.stdout
    assert "1. web: enter login.shop.test as 授权回调域." in done.stdout
    assert "> 接口信息" in done.stdout and "behind a proxy" in done.stdout
    said = written(folder)
    assert said["env"] == "production"
    assert said["public_url"] == "https://login.shop.test"
    assert said["trusted_proxies"] == 1
    assert said["apps"][0]["name"] == "web"
    first, second = said["sites"]
    assert (first["name"], first["client_id"]) == ("茶铺", "shop.test")
    assert first["redirect_uris"] == ["https://shop.test/callback"]
    assert second["client_id"] == "shop.test2"
    for secret in (SECRET, first["client_secret"], (folder / "secret_key").read_text()):
        assert secret.strip() not in done.output


def test_a_wrong_answer_is_told_and_asked_for_again(
    begins: Begin, folder: Path, wechat: str
) -> None:
    done = begins(
        answers=(
            *("9", "3,4", "y"),
            *("wx1", appid_of("web"), "short", SECRET),
            *(appid_of("web"), appid_of("oa"), OTHER),
            *("http://login.shop.test", "login.shop.test"),
            *("postgres://x", "sqlite"),
            *("shop", "https://shop.test/callback", "none"),
            *("eleven", "2"),
        )
    )
    assert done.exit_code == 0, done.output
    for told in (
        "write numbers from 1 to 6",
        'appid of web is "wx1"',
        "the secret of web is not one that WeChat gives out",
        f"two apps have the appid {appid_of('web')}",
        "production needs https",
        "DATABASE_URL cannot be read",
        "write a whole URL",
        'TRUSTED_PROXIES is "eleven": write a whole number',
    ):
        assert f"Error: {told}" in done.output or told in done.output, told
    said = written(folder)
    assert [app["open_platform"] for app in said["apps"]] == ["main", "main"]
    assert said["trusted_proxies"] == 2
    assert "bind them to one open-platform account" in done.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "say --kind"),
        (["--kind", "website"], "say --appid"),
        (["--kind", "website", "--appid", "wx0123456789abcdef"], "say --secret-file"),
        (["--kind", "nothing", "--host", "shop.test"], "development is for loopback"),
        (["--kind", "nothing", "--appid", "wx1"], "more --appid than apps"),
        (["--kind", "nothing", "--site", "shop"], "write a whole URL"),
        (["--kind", "nothing", "--database", "x"], "DATABASE_URL cannot be read"),
        (["--kind", "test_account", "--kind", "website"], "goes alone"),
        (["--kind", "nothing", "--database", "mysql+pymysql://u:pass@x/y"], "-file"),
        (["--kind", "nothing", "--database", "postgres://u@/y?password=p"], "-file"),
        (
            ["--kind", "nothing", "--database", "x", "--database-file", "y"],
            "say one of them",
        ),
    ],
)
def test_where_nobody_can_be_asked_a_mistake_ends_it(
    begins: Begin, folder: Path, words: list[str], told: str
) -> None:
    done = begins(*words)
    assert done.exit_code == 2
    assert told in done.stderr
    assert [path.name for path in folder.iterdir()] == ["wxlogin.db"]


def test_a_test_account_is_a_trial(begins: Begin, folder: Path, wechat: str) -> None:
    key = secret_file(folder, "appsecret", OTHER)
    done = begins(
        *("--kind", "test_account", "--appid", appid_of("oa"), "--secret-file", key),
        *("--host", "192.168.1.20:5000", "--yes"),
    )
    said = written(folder)
    assert (said["env"], said["public_url"]) == ("trial", "http://192.168.1.20:5000")
    assert "open_platform" not in said["apps"][0] and "trusted_proxies" not in said
    assert "oa: enter 192.168.1.20:5000 as 授权回调页面域名" in done.stdout
    assert "测试号二维码" in done.stdout
    assert "wxlogin run --bind 0.0.0.0:5000" in done.stdout


def test_what_is_there_is_written_anew_only_when_told(
    begins: Begin, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(init, "examine", list)
    toml = folder / "wxlogin.toml"
    toml.write_text('site_name = "old"\n')
    toml.chmod(0o600)
    refused = begins("--kind", "nothing")
    assert refused.exit_code == 1 and "is there already" in refused.stderr
    assert toml.read_text() == 'site_name = "old"\n'
    more = {"SIMULATOR_PORT": str(free_port()), "WXLOGIN_SECRET_KEY": SECRET * 2}
    key = folder / "secret_key"
    key.write_text("a key that is there already, and kept\n")
    key.chmod(0o600)
    done = begins("--kind", "nothing", "--force", **more)
    assert done.exit_code == 0, done.output
    assert "WXLOGIN_SECRET_KEY is set here and wins over wxlogin.toml" in done.stderr
    assert (folder / "wxlogin.toml.old").read_text() == 'site_name = "old"\n'
    first = toml.read_text()
    again = begins("--kind", "nothing", "--force", **more)
    assert f"{toml}.old2" in again.stdout
    assert (folder / "wxlogin.toml.old").read_text() == 'site_name = "old"\n'
    assert (folder / "wxlogin.toml.old2").read_text() == first
    assert key.read_text() == "a key that is there already, and kept\n"


def test_a_password_comes_from_a_file_and_stands_in_none_that_others_read(
    begins: Begin, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(init, "examine", list)
    url = f"postgresql+psycopg://u:hunter22@127.0.0.1:{free_port()}/x"
    file = secret_file(folder, "url", url)
    toml = folder / "wxlogin.toml"
    toml.write_text("site_name = 'whose secrets everybody may read'")
    toml.chmod(0o644)
    more = {"SIMULATOR_PORT": str(free_port())}
    done = begins("--kind", "nothing", "--database-file", file, "--force", **more)
    assert written(folder)["database_url"] == url
    assert "hunter22" not in done.output
    for path in (toml, folder / "wxlogin.toml.old"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_a_password_that_is_typed_is_not_shown(
    begins: Begin, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(init, "examine", list)
    url = f"postgresql+psycopg://u:hunter22@127.0.0.1:{free_port()}/x"
    more = {"SIMULATOR_PORT": str(free_port())}
    wrong = url.replace("psycopg", "hunter22")
    done = begins("--kind", "nothing", answers=(wrong, url, "none"), **more)
    assert written(folder)["database_url"] == url
    assert "Database" in done.output and "hunter22" not in done.output


def test_a_database_that_does_not_answer_is_told(begins: Begin, folder: Path) -> None:
    url = f"postgresql+psycopg://u@127.0.0.1:{free_port()}/x"
    more = {"SIMULATOR_PORT": str(free_port())}
    done = begins("--kind", "nothing", "--database", url, **more)
    assert done.exit_code == 1
    assert "The database is not made: " in done.stderr
    assert "wrong    database: " in done.stdout
