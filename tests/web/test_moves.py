"""What moved at WeChat: an account to another one, an app to another open platform, a
mini program to another account."""

import json
import re
import stat

import pytest

from tests.cli.commands import Commands
from tests.support.moving_account import NEW, OLD, MovingAccount
from tests.web.mini_program import MiniProgram
from wxlogin.flows import moves
from wxlogin.simulator.world import ids

DAY = 24 * 3600
PATH = "/cgi-bin/changeopenid"


@pytest.fixture
def account(tmp_path, simulator) -> MovingAccount:
    commands = Commands(tmp_path)
    commands.migrate()
    commands.environment["WXLOGIN_SIMULATOR_URL"] = simulator.url
    return MovingAccount(commands.here, simulator, tmp_path)


def exported(account: MovingAccount) -> list[dict]:
    done = account.run("export")
    return [json.loads(line) for line in done.stdout.splitlines()]


def counts(done) -> dict[str, int]:
    """What the command says that it did, by its own words."""
    found = re.findall(r"^(.+?)  +(\d+)$", done.stdout, re.MULTILINE)
    return {words: int(number) for words, number in found}


def test_all_but_who_no_longer_follows(account, monkeypatch):
    """Case: one of a hundred follows no more, the others move; then only that one."""
    monkeypatch.setattr(moves, "MOST", 3)
    openids = account.has(7, gone=[2, 5])
    account.moves()
    before = exported(account)
    failed = sorted(openids[one] for one in (2, 5))
    dry = account.migrates("--dry-run")
    assert dry.returncode == 1
    assert "A dry run: nothing was written." in dry.stdout
    assert exported(account) == before
    done = account.migrates()
    assert done.returncode == 1
    for told in (dry, done):
        lines = [line for line in told.stdout.splitlines() if ": ori_" in line]
        assert sorted(lines) == [f"failed {o}: ori_openid error" for o in failed]
        assert counts(told)["moved"] == 5
        assert counts(told)["people in all"] == 7
    assert "2 are left" in done.stdout
    people = exported(account)
    assert [one["uid"] for one in people] == [one["uid"] for one in before]
    assert sum("oa" in one["openids"] for one in people) == 5
    assert all(one["openids"]["lone"] in openids for one in people)
    asked = []
    ask = moves._ask
    monkeypatch.setattr(
        moves, "_ask", lambda order, some: asked.append(some) or ask(order, some)
    )
    again = account.migrates()
    assert counts(again)["people in all"] == 2
    assert asked == [failed]


def test_the_report_is_the_operators_alone(account):
    openids = account.has(3, gone=[1])
    account.moves()
    file = account.folder / "report.jsonl"
    done = account.migrates("--report", str(file))
    assert openids[1] not in done.stdout and str(file) in done.stdout
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert lines[0] == {
        "openid": openids[1],
        "outcome": "failed",
        "why": "ori_openid error",
    }
    assert lines[1]["counts"] == {
        "moved": 2,
        "merged": 0,
        "known": 0,
        "follower": 0,
        "gone": 0,
        "conflict": 0,
        "failed": 1,
    }


def test_nobody_is_left(account):
    account.has(2)
    account.moves()
    assert account.migrates().returncode == 0
    again = account.migrates()
    assert (again.returncode, again.stdout[:15]) == (0, "Nobody is left:")
    word = account.run("migrate", "openids", "--app", "oa", "--from-appid", "lone")
    assert word.stdout == again.stdout


@pytest.mark.parametrize("errcode", [-1, 45009, 63178, 48001])
def test_stopped_half_way_it_goes_on_where_it_was(account, monkeypatch, errcode):
    monkeypatch.setattr(moves, "MOST", 2)
    asked = []
    ask = moves._ask

    def stops(order, openids):
        asked.append(openids)
        if len(asked) == 2:
            account.world.switch(errcode={"path": PATH, "errcode": errcode})
        return ask(order, openids)

    monkeypatch.setattr(moves, "_ask", stops)
    account.has(5)
    account.moves()
    done = account.migrates()
    assert done.returncode == 1
    assert f"WeChat answers {errcode} to new_openids of app oa" in done.stderr
    assert "stopped" in done.stderr and "the same command goes on" in done.stderr
    assert counts(done)["moved"] == 2
    assert "3 are left" in done.stdout
    account.world.switch(errcode=None)
    rest = account.migrates()
    assert rest.returncode == 0, rest.stderr
    assert counts(rest)["people in all"] == 3


def test_no_answer_stops_it_too(account):
    account.has(2)
    account.moves()
    account.world.switch(body={"path": PATH, "mode": "status:500"})
    done = account.migrates()
    assert done.returncode == 1
    assert "2 are left" in done.stdout and "stopped" in done.stderr


def test_the_other_name_of_the_old_account(account):
    account.has(2)
    account.moves()
    account.world.switch(from_original_id=True)
    done = account.migrates()
    assert done.returncode == 1
    assert "63178" in done.stderr and "add --from-id gh_" in done.stderr
    original = account.world.registry.app("lone").original_id
    assert account.migrates("--from-id", original).returncode == 0


def test_with_the_wrong_one_it_offers_the_appid(account):
    account.has(2)
    account.moves()
    original = account.world.registry.app("lone").original_id
    done = account.migrates("--from-id", original)
    assert done.returncode == 1 and "leave --from-id out" in done.stderr


def test_after_fifteen_days_it_says_that_it_may_be_over(account):
    account.has(1)
    account.moves()
    account.world.advance(15 * DAY)
    done = account.migrates()
    assert done.returncode == 1 and "fifteen days" in done.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--app", "web", "--from-appid", OLD), "only of an official account"),
        (("--app", "nobody", "--from-appid", OLD), "no app in APPS"),
        (("--app", "oa", "--from-appid", NEW), "are the same"),
        (("--app", "oa", "--from-appid", "gh_0123456789ab"), "--from-id gh_01234"),
        (("--app", "oa", "--from-appid", "lonely"), "wx and 16"),
    ],
)
def test_what_makes_no_sense_is_said(account, words, says):
    done = account.run("migrate", "openids", *words)
    assert done.returncode == 2 and says in done.stderr


def test_ids_are_in_no_log(account, capfd):
    openids = account.has(2, gone=[0])
    account.moves()
    done = account.migrates()
    logged = [line for line in done.stderr.splitlines() if line.startswith("{")]
    logged += [line for line in capfd.readouterr().err.splitlines()]
    assert not any(one in line for one in openids for line in logged)


def test_who_has_the_new_platforms_unionid_by_now(account):
    """The account is bound to `main`; who came before is known by the openid alone."""
    openids = account.has(3)
    people = [
        {"openids": {"oa": ids.openid(NEW, "p0000")}},
        {"openids": {"oa": ids.openid(NEW, "p0001")}},
        {"unionids": {"main": ids.unionid("main", "p0002")}},
    ]
    people[1]["unionids"] = {"main": ids.unionid("main", "p0001")}
    file = account.folder / "more.jsonl"
    file.write_text("".join(json.dumps(one) + "\n" for one in people))
    account.run("import", str(file))
    report = account.folder / "without.jsonl"
    command = ("migrate", "unionids", "--app")
    done = account.run(*command, "oa", "--report", str(report))
    assert done.returncode == 0, done.stderr
    assert counts(done) == {
        "people of oa": 2,
        "have a unionid of main": 1,
        "known there by another app alone": 0,
        "not yet": 1,
    }
    told = json.loads(account.run(*command, "oa", "--json").stdout)
    assert told == {"people": 2, "named": 1, "elsewhere": 0}
    (line,) = report.read_text().splitlines()
    assert json.loads(line)["openid"] == ids.openid(NEW, "p0000")
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    unbound = account.run(*command, "lone")
    assert unbound.returncode == 2 and "no open_platform" in unbound.stderr
    assert openids[0] not in report.read_text()


def test_a_program_that_moved_needs_no_call(app, simulator):
    """Both are bound to one open platform: the unionid says who it is."""
    before = MiniProgram(app, simulator)
    uid = before.logs_in().get_json()["user"]["uid"]
    world = simulator.world
    world.migrations.begin(world.registry.app("mp"), world.registry.app("mp2"))
    world.advance(7 * DAY)
    after = MiniProgram(app, simulator, name="mp2")
    answer = after.logs_in()
    assert answer.get_json()["user"]["uid"] == uid
    told = {(one["app"], one["openid"]) for one in after.who()["identities"]}
    old, new = world.registry.app("mp"), world.registry.app("mp2")
    assert told == {
        ("mp", ids.openid(old.appid, "xiaoming")),
        ("mp2", ids.openid(new.appid, "xiaoming")),
    }
