"""What the documents show as a whole is run: the Flask program of docs/flask.md, the
simulator in a thread and the login without a browser of docs/simulator.md, the lines of
docs/import-export.md.

Other blocks run where what they speak of is tested: docs/events.md in
tests/unit/telling, docs/official-account.md in tests/web, docs/protecting.md in
tests/integration.
"""

import io
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.docs.blocks import Block, json_in, of_kind
from tests.support.transfer import records
from wxlogin.db import db
from wxlogin.simulator.server import SimulatorServer
from wxlogin.transfer import Format, read_file


def blocks(page: str, kind: str) -> list[Block]:
    return [block for block in of_kind(kind) if block.page.name == page]


def run(block: Block, **names: Any) -> dict[str, Any]:
    names |= {"__name__": "the_document"}
    exec(block.text, names)  # noqa: S102  our own document
    return names


def test_the_flask_program_leads_to_the_login_and_hears_of_a_merge(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    program, receiver = blocks("flask.md", "python")
    app = run(program)["app"]
    try:
        answer = app.test_client().get("/orders", headers={"Accept": "text/html"})
        assert answer.status_code == 302
        assert urlsplit(answer.location).path == "/wx/login"
        assert app.test_client().get("/wx/login").status_code == 200
    finally:
        service = app.extensions["wxlogin"].service
        with service.app_context():
            db.engine.dispose()
    moved: list[tuple[str, tuple[str, str]]] = []
    database = type("Database", (), {"execute": lambda _, *it: moved.append(it)})()
    move = run(receiver, app=app, db=database)["move_orders"]
    move(app, "the-survivor", "the-other", name="more")
    [(statement, values)] = moved
    assert statement.count("?") == len(values)
    assert values == ("the-survivor", "the-other")


def test_every_line_of_a_file_of_people_is_taken():
    """docs/import-export.md"""
    shapes = {"json": Format.jsonl, "csv": Format.csv}
    for kind, shape in shapes.items():
        for block in blocks("import-export.md", kind):
            file = io.BytesIO(block.text.encode())
            lines = list(read_file(file, shape, records()))
            assert [line.refusal for line in lines] == [""], block


def test_the_simulator_runs_in_a_thread():
    python = blocks("simulator.md", "python")
    [thread] = [it for it in python if "SimulatorServer(" in it.text]
    wechat = run(thread)["wechat"]
    assert wechat.url.startswith("http://localhost:")
    assert wechat.world.registry.person("xiaoming").nickname == "小明😀"


def test_the_login_without_a_browser_is_what_it_says():
    """Its first two blocks, one after the other in one shell."""
    bash = shutil.which("bash")
    if bash is None or shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    shown = "\n".join(it.text for it in blocks("simulator.md", "console")[:2])
    with SimulatorServer(hold_seconds=1) as wechat:
        script = told(shown).replace("http://localhost:5001", wechat.url)
        done = subprocess.run(
            [bash, "-euc", script], capture_output=True, text=True, timeout=60
        )
    assert done.returncode == 0, done.stderr
    answers = [it for it in json_in(done.stdout) if isinstance(it, dict)]
    wanted = json_in("".join(line for line in shown.splitlines() if line[:1] == "{"))
    for expected in wanted:
        assert any(alike(expected, answer) for answer in answers), (expected, answers)


def told(shown: str) -> str:
    """The commands of a console, without what they answer."""
    whole = shown.replace("\\\n", " ").splitlines()
    return "\n".join(line[2:] for line in whole if line.startswith("$ "))


def alike(expected: Any, answer: dict[str, Any]) -> bool:
    """The same members, where `…` stands for any text."""
    return all(
        name in answer
        and (
            answer[name] == value
            or ("…" in str(value) and alike_text(str(value), str(answer[name])))
        )
        for name, value in expected.items()
    )


def alike_text(expected: str, text: str) -> bool:
    before, _, after = expected.partition("…")
    return text.startswith(before) and text.endswith(after)
