"""What others hold on to, as one text: compare it before and after a change.

    python -m tests.proof.face > before.txt     # in the checkout of before
    python -m tests.proof.face | diff before.txt -

Routes with their methods, the table of settings, `--help` of every command, the
discovery document, every error with its code and status, the columns of every table,
and what a walk through a running demo gets (walk.py): pages, headers, cookies, JSON, an
export, the database's tables. Nothing of it holds a moment or a secret.
"""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click
from click.testing import CliRunner
from flask import Flask

from tests.proof.walk import walk
from wxlogin import errors
from wxlogin.cli import main as wxlogin
from wxlogin.config import load_settings
from wxlogin.db import Base, db
from wxlogin.factory import build


def routes(app: Flask) -> Iterator[str]:
    for rule in app.url_map.iter_rules():
        methods = ",".join(sorted(rule.methods or ()))
        yield f"route {rule.rule} {methods}"


def commands(command: click.Command, *words: str) -> Iterator[str]:
    told = CliRunner().invoke(wxlogin, [*words, "--help"]).output
    yield f"help {' '.join(words)}\n{told}"
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in sorted(command.list_commands(context)):
            found = command.get_command(context, name)
            assert found is not None
            yield from commands(found, *words, name)


def problems(kind: type[errors.WxloginError]) -> Iterator[str]:
    yield f"error {getattr(kind, 'code', '')} {getattr(kind, 'status', '')}"
    for below in kind.__subclasses__():
        yield from problems(below)


def tables() -> Iterator[str]:
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            yield f"column {table.name}.{column.name} {column.type} {column.nullable}"


def face(folder: Path) -> Iterator[str]:
    """Each line or block of the public face."""
    app = build(load_settings(folder))
    yield from sorted(set(routes(app)))
    yield from commands(wxlogin)
    yield from sorted(set(problems(errors.WxloginError)))
    yield from sorted(tables())
    with app.app_context():
        db.create_all()
    client = app.test_client()
    for path in ("/.well-known/openid-configuration", "/api/me", "/healthz"):
        answer = client.get(path, headers={"Host": "127.0.0.1:5000"})
        body = answer.get_json() or {}
        body.pop("request_id", None)
        told = json.dumps(body, sort_keys=True, ensure_ascii=False)
        yield f"answer {path} {answer.status_code} {told}"
    with app.app_context():
        db.engine.dispose()
    yield CliRunner().invoke(wxlogin, ["settings", "--markdown"]).output


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        for part in face(Path(folder)):
            print(part)
    with tempfile.TemporaryDirectory() as folder:
        for part in walk(Path(folder)):
            print(part)
