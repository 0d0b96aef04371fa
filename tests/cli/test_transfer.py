"""`wxlogin import` and `wxlogin export`, as an operator uses them."""

import json
import os
import pty
import signal
import sqlite3
import stat
import subprocess
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.cli.commands import PATIENCE, Commands
from tests.support.transfer import wx

SITES = [
    {
        "name": name,
        "client_id": f"{name}-id",
        "client_secret": "0123456789abcdef0123456789abcdef",
        "redirect_uris": ["https://shop.example/back"],
        "terms_version": "2026-01",
    }
    for name in ("shop", "blog")
]
PEOPLE: list[dict[str, Any]] = [
    {"external_id": "1", "openids": {"web": wx("OPENID-1")}, "name": "小明😀"},
    {"external_id": "2", "openids": {"web": wx("OPENID-2")}, "name": "=1+1"},
    {"external_id": "3", "unionids": {"main": wx("UNIONID-3")}},
]


@pytest.fixture
def service(wxlogin: Commands) -> Commands:
    wxlogin.environment["WXLOGIN_SITES"] = json.dumps(SITES)
    wxlogin.migrate()
    return wxlogin


def written(service: Commands, *people: Any, name: str = "people.jsonl") -> str:
    path = service.folder / name
    path.write_text("".join(json.dumps(one) + "\n" for one in people), "utf-8")
    return str(path)


def exported(service: Commands, *words: str) -> list[dict[str, Any]]:
    done = service.here("export", *words)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.split("\n") if line]


def test_a_dry_run_an_import_and_the_same_again(service: Commands) -> None:
    file = written(service, *PEOPLE)
    dry = service.run("import", file, "--site", "shop", "--dry-run")
    assert dry.returncode == 0, dry.stderr
    assert dry.stdout.startswith(
        "A dry run: nothing was written.\nnew               3\n"
    )
    assert "lines in all      3\n" in dry.stdout
    assert exported(service) == []
    done = service.here("import", file, "--site", "shop-id")
    assert done.returncode == 0
    assert dry.stdout.endswith(done.stdout)
    again = service.here("import", file, "--site", "shop")
    assert "known already     3" in again.stdout
    lines = exported(service, "--site", "shop")
    assert [line["external_id"] for line in lines] == ["1", "2", "3"]
    assert "external_id" not in exported(service)[0]
    assert exported(service, "--site", "blog") == []


def test_customers_have_settled_the_terms_of_today(service: Commands) -> None:
    """Nobody is asked again for what was agreed at the site."""
    service.here("import", written(service, *PEOPLE), "--site", "shop")
    database = Path(service.environment["WXLOGIN_INSTANCE"]) / "wxlogin.db"
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("SELECT client_id, terms_version FROM site_users")
        assert set(rows) == {("shop-id", "2026-01")}


def test_what_is_wrong_is_told_by_line(service: Commands) -> None:
    service.here("import", written(service, *PEOPLE), "--site", "shop")
    file = written(
        service,
        {"openids": {"web": wx("OPENID-4")}},
        {"openids": {"web": wx("OPENID-4")}, "external_id": "4"},
        {"openids": {"web": wx("OPENID-1")}, "external_id": "2"},
        {"external_id": "\x1b[2J"},
        *({"phone": "13800000000"} for _ in range(25)),
    )
    report = service.folder / "report.jsonl"
    done = service.here("import", file, "--site", "shop", "--report", str(report))
    assert done.returncode == 1
    assert "line 2: the openid of web is on line 1 already" in done.stdout
    assert "line 3: the line's ids belong to several users" in done.stdout
    assert "line 23: there is no field 'phone'" in done.stdout
    assert "line 24:" not in done.stdout and "and 6 more" in done.stdout
    # Lines are named, ids of WeChat's are not.
    assert "OPENID" not in done.stdout + done.stderr
    told = [json.loads(line) for line in report.read_text("utf-8").splitlines()]
    assert [one["line"] for one in told] == list(range(1, 30))
    assert told[1] | {"reason": ""} == {
        "line": 2,
        "outcome": "duplicate",
        "reason": "",
        "external_id": "4",
        "earlier_line": 1,
    }
    assert told[0]["outcome"] == "new" and len(told[0]["uid"]) == 22
    assert "OPENID" not in report.read_text("utf-8")
    assert stat.S_IMODE(report.stat().st_mode) == 0o600


def test_the_log_has_counts_only(service: Commands) -> None:
    done = service.run("import", written(service, *PEOPLE), "--site", "shop")
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    [line] = [line for line in lines if line["event"] == "people imported"]
    assert (line["new"], line["refused"]) == (3, 0)
    for text in ("OPENID", "UNIONID", "小明"):
        assert text not in done.stderr


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("import", "people.jsonl", "--site", "nobody"), "shop-id, blog-id"),
        (("import", "missing.jsonl"), "cannot be read"),
        (("import", "people.txt"), "--format"),
        (("import", "people.csv"), "--format jsonl"),
        (("import", "people.jsonl", "--report", "/nowhere/r"), "cannot be made"),
        (("export", "/nowhere/people.csv"), "cannot be made"),
        (("export", "people.txt"), "--format"),
        (("export", "--site", "nobody"), "shop-id, blog-id"),
        (("import",), "Missing argument"),
    ],
)
def test_wrong_use_is_a_sentence(
    service: Commands, words: tuple[str, ...], why: str
) -> None:
    for name in ("people.jsonl", "people.txt", "people.csv"):
        written(service, *PEOPLE, name=name)
    done = service.here(*words)
    assert done.returncode == 2
    assert why in done.stderr and "Traceback" not in done.stderr
    assert exported(service) == []
    assert not list(service.folder.glob("*.part"))


def test_a_table_goes_out_and_comes_in_elsewhere(
    service: Commands, tmp_path_factory: pytest.TempPathFactory
) -> None:
    service.here("import", written(service, *PEOPLE), "--site", "shop")
    table = service.folder / "people.csv"
    assert service.here("export", str(table), "--site", "shop").returncode == 0
    assert stat.S_IMODE(table.stat().st_mode) == 0o600
    assert ",'=1+1," in table.read_bytes().decode()
    other = Commands(tmp_path_factory.mktemp("other"))
    other.environment["WXLOGIN_SITES"] = service.environment["WXLOGIN_SITES"]
    other.migrate()
    # The uids in it are believed because the operator says so.
    refused = other.here("import", str(table), "--site", "shop")
    assert refused.returncode == 1 and "--trust" in refused.stdout
    trusted = other.here("import", str(table), "--site", "shop", "--trust")
    assert trusted.returncode == 0
    assert "believed like WeChat itself" in trusted.stderr
    excel = service.folder / "excel.csv"
    service.here("export", str(excel), "--site", "shop", "--excel")
    assert excel.read_bytes() == b"\xef\xbb\xbf" + table.read_bytes()
    again = other.here("import", str(excel), "--site", "shop", "--trust")
    assert "known already     3" in again.stdout
    assert exported(other, "--site", "shop") == exported(service, "--site", "shop")


def test_through_a_pipe_without_a_word_of_progress(service: Commands) -> None:
    content = "".join(json.dumps(one) + "\n" for one in PEOPLE)
    command = [*service.program, "import", "-", "--format", "jsonl", "--site", "shop"]
    done = subprocess.run(
        command,
        input=content.encode(),
        env=service.environment | {"WXLOGIN_LOG_LEVEL": "error", "LC_ALL": "C"},
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0
    assert done.stderr == b""
    assert [line["name"] for line in exported(service)[:2]] == [
        "小明😀",
        "=1+1",
    ]


def many(service: Commands, count: int = 10_000) -> str:
    return written(
        service,
        *(
            {
                "external_id": str(n),
                "openids": {"web": wx(f"o{n}")},
                "name": f"小明{n}",
            }
            for n in range(count)
        ),
    )


def test_a_terminal_shows_how_far_it_is(service: Commands) -> None:
    file = many(service)
    mine, its = pty.openpty()
    process = subprocess.Popen(
        [*service.program, "import", file, "--site", "shop"],
        env=service.environment,
        stdout=subprocess.DEVNULL,
        stderr=its,
    )
    os.close(its)
    shown = b""
    # A terminal nobody writes to any more ends with an error.
    while part := _read(mine):
        shown += part
    assert process.wait(PATIENCE) == 0
    assert b" a second, " in shown and b" left" in shown
    os.close(mine)


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:
        return b""


def test_killed_and_run_again_is_the_same_as_once(service: Commands) -> None:
    """Everybody once, whenever the machine went down."""
    file = many(service)
    killed = service.start("import", file, "--site", "shop")
    database = Path(service.environment["WXLOGIN_INSTANCE"]) / "wxlogin.db-wal"
    wait_for_size(database, 2_000_000)
    killed.process.send_signal(signal.SIGKILL)
    assert killed.process.wait(PATIENCE) == -signal.SIGKILL
    half = len(exported(service))
    assert 0 < half < 10_000
    done = service.run("import", file, "--site", "shop")
    assert done.returncode == 0
    assert f"new               {10_000 - half}\n" in done.stdout
    assert f"known already     {half}\n" in done.stdout
    lines = exported(service, "--site", "shop")
    assert [line["external_id"] for line in lines] == [str(n) for n in range(10_000)]


def wait_for_size(path: Path, size: int) -> None:
    until = time.monotonic() + PATIENCE
    while not path.exists() or path.stat().st_size < size:
        assert time.monotonic() < until
        time.sleep(0.01)
