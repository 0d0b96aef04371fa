"""The migrations stand in one line, each under a number of its own."""

from itertools import pairwise
from pathlib import Path

import sqlalchemy as sa
from alembic.script import ScriptDirectory
from flask_migrate import Migrate, upgrade

import wxlogin
from tests.support.people import accounts_app
from wxlogin.db import db

MIGRATIONS = Path(wxlogin.__file__).parent / "migrations"


def test_each_migration_follows_one_other() -> None:
    """Two of one number, from two branches, leave no database that can be upgraded."""
    written = sorted(path.stem[:4] for path in MIGRATIONS.glob("versions/0*.py"))
    found = list(ScriptDirectory(str(MIGRATIONS)).walk_revisions())
    assert [one.revision for one in reversed(found)] == written
    assert all(new.down_revision == old.revision for new, old in pairwise(found))


def test_the_code_of_the_version_before_still_writes(empty_url: str) -> None:
    """While machines are brought up to date one after the other, old code runs on the
    new schema: what it names is there as it was, and what it does not know it need not
    say."""
    revisions = sorted(path.stem[:4] for path in MIGRATIONS.glob("versions/0*.py"))
    with accounts_app(empty_url, tables=False) as app:
        Migrate(app, db, directory=str(MIGRATIONS), render_as_batch=True)
        before: dict[str, _Table] = {}
        for revision in revisions:
            upgrade(revision=revision)
            names = sa.inspect(db.engine).get_table_names()
            after = {name: _Table(name) for name in names}
            for name, old in before.items():
                assert name in after, f"{revision} takes the table {name} away"
                assert old.faults_of(after[name]) == [], revision
            before = after


class _Table:
    """What a table looks like to code that writes into it."""

    def __init__(self, name: str) -> None:
        look = sa.inspect(db.engine)
        self.columns = {one["name"]: one for one in look.get_columns(name)}
        self.unique = {
            tuple(one["column_names"]) for one in look.get_unique_constraints(name)
        }

    def faults_of(self, new: "_Table") -> list[str]:
        """What code that knows this table does not bear in the new one."""
        faults = [f"takes {name} away" for name in self.columns.keys() - new.columns]
        for name, column in new.columns.items():
            wanted = not column["nullable"] and column["default"] is None
            old = self.columns.get(name)
            if wanted and (old is None or old["nullable"]):
                faults.append(f"wants {name}")
            if old is not None and str(old["type"]) != str(column["type"]):
                faults.append(f"changes {name}")
        faults += [f"wants {names} to be unique" for names in new.unique - self.unique]
        return faults
