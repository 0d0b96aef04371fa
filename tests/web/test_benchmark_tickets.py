"""The tickets that a benchmark of the waiting asks for are a browser's own."""

import io
import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def seed(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import seed

    yield seed
    del sys.modules["seed"]


def test_a_ticket_is_asked_for_and_scanned(app, seed, capsys, monkeypatch):
    with app.app_context():
        seed.make(2, "state")
        lines = capsys.readouterr().out.splitlines()
        monkeypatch.setattr("sys.stdin", io.StringIO("1\n"))
        seed.mark(lines)
        assert capsys.readouterr().out == "marked\n"
    states = []
    for line in lines:
        ticket = json.loads(line)
        name, _, value = ticket["cookie"].partition("=")
        client = app.test_client()
        client.set_cookie(name, value, domain="127.0.0.1")
        answer = client.get(ticket["path"], base_url="http://127.0.0.1:5000")
        states.append(answer.get_json()["state"])
    assert states == ["waiting", "scanned"]
