"""`wxlogin doctor`: a set-up that is well, and what it says of one that is not."""

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

import pytest
import time_machine

from tests.cli.clinic import HOST, OTHER_SECRET, PASSWORD, WEB_SECRET, Clinic
from tests.cli.commands import Commands, free_port, get
from tests.support.broken_wechat import Server
from tests.support.people import People, accounts_app, appid_of
from wxlogin.accounts import followers
from wxlogin.accounts.followers import Follow
from wxlogin.db import now, transaction

Plant = Callable[[Clinic], None]


@pytest.fixture(scope="module")
def wechat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a simulator in a process of its own."""
    commands = Commands(tmp_path_factory.mktemp("wechat"))
    simulator = commands.start("simulator", "--port", "0")
    yield simulator.says("ready").rpartition(" ")[2]
    commands.stop_all()


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new database with every table."""
    commands = Commands(tmp_path_factory.mktemp("database"))
    commands.migrate()
    return commands.folder / "instance" / "wxlogin.db"


@pytest.fixture
def clinic(
    tmp_path: Path, wechat: str, database: Path, monkeypatch: pytest.MonkeyPatch
) -> Clinic:
    return Clinic(tmp_path, database, wechat, monkeypatch)


def sets(**settings: str) -> Plant:
    return lambda clinic: clinic.settings.update(settings)


def app_says(place: int, **fields: str) -> Plant:
    return lambda clinic: clinic.apps[place].update(fields)


def wechat_has(place: int, **fields: object) -> Plant:
    return lambda clinic: clinic.registered[place].update(fields)


def nowhere(scheme: str, path: str = "") -> str:
    return f"{scheme}127.0.0.1:{free_port()}{path}"


def without_tables(clinic: Clinic) -> None:
    clinic.database.unlink()
    sqlite3.connect(clinic.database).close()


def of_the_future(clinic: Clinic) -> None:
    with sqlite3.connect(clinic.database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()


def a_dead_database(clinic: Clinic) -> None:
    address = nowhere(f"postgresql+psycopg://wxlogin:{PASSWORD}@", "/wxlogin")
    clinic.settings["DATABASE_URL"] = address


def a_dead_redis(clinic: Clinic) -> None:
    clinic.settings["REDIS_URL"] = nowhere(f"redis://:{PASSWORD}@", "/0")


def a_twin(clinic: Clinic) -> None:
    clinic.apps.append({**clinic.apps[0], "name": "twin"})


def people_without_unionid(clinic: Clinic) -> None:
    with accounts_app(f"sqlite:///{clinic.database}", tables=False):
        people = People()
        people.signs_in("web", "o-one")
        people.signs_in("web", "o-two")


def people_in_both_apps(clinic: Clinic) -> None:
    with accounts_app(f"sqlite:///{clinic.database}", tables=False):
        people = People()
        people.signs_in("web", "o-one", "u-one")
        people.signs_in("oa", "o-two", "u-one")
    del clinic.apps[1]["open_platform"]


def pushes_and_no_replies(clinic: Clinic) -> None:
    with accounts_app(f"sqlite:///{clinic.database}", tables=False):
        note = Follow(clinic.apps[1]["appid"], "o-one", True, now(), "")
        transaction(lambda session: followers.note(session, note, now=now()))
    clinic.apps[1]["token"] = "token"


WRONG: dict[str, tuple[Plant, str, str]] = {
    # kind and appid, as WeChat knows them
    "an official account called a website": (
        app_says(1, kind="website"),
        "page: oa",
        "接口信息",
    ),
    "a website called an official account": (
        app_says(0, kind="official_account"),
        "page: web",
        "kind to website",
    ),
    "a kind that is none": (
        app_says(0, kind="webiste"),
        "settings: ",
        "kind of web is",
    ),
    "a wrong secret": (app_says(0, secret=OTHER_SECRET), "secret: web", "40125"),
    "a wrong appid": (app_says(0, appid="wx00112233445566ff"), "secret: web", "40013"),
    "an appid of the simulator's": (
        app_says(0, appid="wx0000000000000a01"),
        "apps: web",
        "simulator",
    ),
    "two apps with one appid": (a_twin, "settings: ", "two apps have the appid"),
    "another callback domain in the console": (
        wechat_has(0, callback_domains=["old.shop.test"]),
        "page: web",
        "授权回调域",
    ),
    # our address
    "plain http": (
        sets(PUBLIC_URL=f"http://{HOST}"),
        "settings: ",
        "production needs https",
    ),
    "an address instead of a name": (
        sets(PUBLIC_URL="https://192.0.2.1"),
        "callback: web",
        "takes no 192.0.2.1",
    ),
    "a laptop with real apps": (
        sets(PUBLIC_URL="http://localhost:5000"),
        "callback: oa",
        "takes no localhost",
    ),
    # stores
    "a dead Redis": (a_dead_redis, "redis: ", "REDIS_URL"),
    "a Redis address that is none": (sets(REDIS_URL="reds://x"), "redis: ", "rediss"),
    "a dead database": (a_dead_database, "database: ", "mend DATABASE_URL"),
    "no database yet": (lambda clinic: clinic.database.unlink(), "database: ", "db up"),
    "no schema": (without_tables, "database: ", "wxlogin db upgrade"),
    "a schema of the future": (of_the_future, "database: ", "newer"),
    "a database in memory": (sets(DATABASE_URL="sqlite://"), "database: ", "memory"),
    "a database address that is none": (
        sets(DATABASE_URL=PASSWORD),
        "database: ",
        "cannot be read",
    ),
    # WeChat's hosts
    "an unreachable WeChat": (
        lambda clinic: clinic.settings.update(WECHAT_API_URL=nowhere("http://")),
        "wechat: ",
        "https://api.weixin.qq.com",
    ),
    "something else in WeChat's place": (
        lambda clinic: clinic.switches.update(body="html"),
        "wechat: ",
        "stands between",
    ),
    "secrets over plain http": (
        sets(WECHAT_API_URL="http://api.wechat.test"),
        "wechat: ",
        "AppSecret travels",
    ),
    # settings
    "a weak key": (sets(SECRET_KEY="changeme" * 5), "settings: ", "SECRET_KEY"),
    "apps that are no JSON": (sets(APPS="[{"), "settings: ", "JSON"),
    "a misspelled name in the file": (
        lambda clinic: clinic.toml('pubic_url = "https://x.test"\n'),
        "settings: ",
        "did you mean public_url",
    ),
    "a verification file of no kind": (
        sets(VERIFY_FILES='{"../x": "y"}'),
        "settings: ",
        "VERIFY_FILES",
    ),
}
WARNINGS: dict[str, tuple[Plant, str, str]] = {
    "a misspelled name": (
        sets(PUBIC_URL="https://x.test"),
        "settings: WXLOGIN_PUBIC_URL",
        "WXLOGIN_PUBLIC_URL?",
    ),
    "a port": (sets(PUBLIC_URL=f"https://{HOST}:8443"), "callback: web", "8443"),
    "no proxy counted": (sets(TRUSTED_PROXIES="0"), "edge: ", "TRUSTED_PROXIES"),
    "no verification file": (sets(VERIFY_FILES="{}"), "verify files: ", "网页授权域名"),
    "one secret for two apps": (app_says(1, secret=WEB_SECRET), "apps: oa", "its own"),
    "one key for two purposes": (
        sets(OPERATOR_KEY="K7vQ2mX9pL4sW8nR3tY6bZ1cF5gH0jD2"),
        "keys: SECRET_KEY",
        "OPERATOR_KEY",
    ),
    "no way in for browsers": (
        lambda clinic: [app.update(kind="mobile") for app in clinic.apps] and None,
        "apps: ",
        "no door",
    ),
    "WeChat's pages out of reach": (
        lambda clinic: clinic.settings.update(WECHAT_OPEN_URL=nowhere("http://")),
        "wechat: ",
        "browsers need it",
    ),
    "nobody with a unionid": (people_without_unionid, "unionid: web: 0 of 2", "Bind"),
    "shared people and no open platform": (
        people_in_both_apps,
        "unionid: oa: 1 of 1",
        "open_platform",
    ),
    "an account whose replies are off": (
        pushes_and_no_replies,
        "replies: oa: pushes come",
        "wxlogin oa keep oa --switched-off",
    ),
    "a trial over http": (
        sets(ENV="trial", PUBLIC_URL="http://trial.shop.test:8000"),
        "edge: ",
        "can be read on the way",
    ),
}


def secrets_of(clinic: Clinic) -> list[str]:
    keys = [clinic.settings[name] for name in ("SECRET_KEY", "ENCRYPTION_KEYS")]
    return [PASSWORD, *keys, *(app["secret"] for app in clinic.apps)]


def test_a_set_up_that_is_well(clinic):
    report = clinic.examine()
    assert report.at("warning", "wrong") == []
    assert report.status == 0
    [domain, account] = [line for line in report.at("ok") if "callback: " in line]
    assert f"enter {HOST} as 授权回调域" in domain
    assert "open.weixin.qq.com" in domain
    assert f"enter {HOST} as 网页授权域名" in account
    assert "mp.weixin.qq.com" in account
    checks = {one["check"] for one in report.findings}
    assert {"settings", "apps", "database", "redis", "clock", "secret"} <= checks


@pytest.mark.parametrize(
    ("plant", "check", "says"), [pytest.param(*row, id=id) for id, row in WRONG.items()]
)
def test_each_mistake_has_its_line(clinic, plant, check, says):
    """security row 30: and no line shows a secret."""
    plant(clinic)
    report = clinic.examine()
    lines = [line for line in report.at("wrong") if line.startswith(check)]
    assert any(says in line for line in lines), report.output
    assert report.status == 1
    assert json.loads(report.output)["ok"] is False
    for secret in secrets_of(clinic):
        assert secret not in report.output


@pytest.mark.parametrize(
    ("plant", "check", "says"),
    [pytest.param(*row, id=id) for id, row in WARNINGS.items()],
)
def test_what_is_no_mistake_for_sure_is_a_warning(clinic, plant, check, says):
    plant(clinic)
    report = clinic.examine()
    lines = [line for line in report.at("warning") if line.startswith(check)]
    assert any(says in line for line in lines), report.output


@pytest.mark.parametrize(
    ("off", "level", "says"),
    [
        (timedelta(minutes=10), "wrong", "10 min"),
        (timedelta(minutes=-10), "wrong", "behind"),
        (timedelta(seconds=60), "warning", "ahead"),
        (timedelta(seconds=5), "ok", "agrees"),
    ],
)
def test_the_clock_is_compared(clinic, off, level, says):
    with time_machine.travel(datetime.now(UTC) + off, tick=True):
        report = clinic.examine()
    [line] = [line for line in report.at(level) if line.startswith("clock: ")]
    assert says in line
    assert report.status == (1 if level == "wrong" else 0)


def test_one_mistake_does_not_hide_the_others(clinic):
    a_dead_redis(clinic)
    without_tables(clinic)
    clinic.apps[0]["secret"] = OTHER_SECRET
    clinic.settings |= {"SECRET_KEY": "short", "PUBLIC_URL": f"http://{HOST}"}
    lines = clinic.examine().at("wrong")
    starts = sorted(line.partition(":")[0] for line in lines)
    assert starts == ["database", "redis", "secret", "settings", "settings"]


def test_each_sentence_about_apps_is_a_line(clinic):
    clinic.apps[0]["kind"] = "x"
    clinic.apps[1]["appid"] = "nothing"
    lines = clinic.examine().at("wrong")
    assert [line.partition(" is ")[0] for line in lines] == [
        "settings: APPS: kind of web",
        "settings: APPS: appid of oa",
    ]


def test_it_ends_soon_when_nobody_answers(clinic):
    """Each line is there, though every address takes the call and stays silent."""
    mute = Server()
    mute.greeting = lambda wire: wire.hang()
    place = f"127.0.0.1:{mute.port}"
    clinic.settings |= {
        "ENV": "trial",
        "PUBLIC_URL": f"http://{place}",
        "WECHAT_API_URL": f"http://{place}",
        "WECHAT_OPEN_URL": f"http://localhost:{mute.port}",
        "REDIS_URL": f"redis://{place}/0",
        "DATABASE_URL": f"postgresql+psycopg://wxlogin@{place}/wxlogin",
    }
    started = perf_counter()
    try:
        report = clinic.examine()
    finally:
        mute.close()
    assert perf_counter() - started < 15
    wrong = [line.partition(":")[0] for line in report.at("wrong")]
    for check in ("database", "redis", "wechat"):
        assert check in wrong
    assert "public url" in [line.partition(":")[0] for line in report.at("note")]
    assert threading.active_count() < 20


def test_the_demo_is_well(wxlogin):
    """Beside a running demo, as a process, and with the simulator away."""
    names = ("PORT", "SIMULATOR_PORT", "SHOP_PORT")
    given = {name: str(free_port()) for name in names}
    wxlogin.start("demo", **given).says("Ctrl-C")
    assert get(f"http://127.0.0.1:{given['PORT']}/readyz").status_code == 200
    done = wxlogin.run("doctor", **given)
    assert done.returncode == 0, done.stdout
    assert done.stderr == ""
    assert "0 warnings, 0 wrong." in done.stdout
    assert "secret-of" not in done.stdout
    away = {**given, "SIMULATOR_PORT": str(free_port())}
    done = wxlogin.run("doctor", **away)
    assert done.returncode == 1
    [line] = [line for line in done.stdout.splitlines() if line.startswith("wrong")]
    assert "make run" in line


def test_the_output_for_people_is_a_line_for_each(clinic):
    clinic.apps[0]["appid"] = appid_of("else")
    report = clinic.examine(as_json=False)
    *lines, empty, summary = report.output.splitlines()
    assert empty == ""
    assert "wrong." in summary
    words = {line.split(maxsplit=1)[0] for line in lines}
    assert words <= {"ok", "note", "warning", "wrong"}
    [line] = [line for line in lines if line.startswith("wrong    secret: web")]
    assert line.endswith(
        "Open open.weixin.qq.com > 管理中心 > 网站应用 > 查看 > AppSecret."
    )
