"""The migrations stand in one line, each under a number of its own."""

from itertools import pairwise
from pathlib import Path

from alembic.script import ScriptDirectory

import wxlogin

MIGRATIONS = Path(wxlogin.__file__).parent / "migrations"


def test_each_migration_follows_one_other() -> None:
    """Two of one number, from two branches, leave no database that can be upgraded."""
    written = sorted(path.stem[:4] for path in MIGRATIONS.glob("versions/0*.py"))
    found = list(ScriptDirectory(str(MIGRATIONS)).walk_revisions())
    assert [one.revision for one in reversed(found)] == written
    assert all(new.down_revision == old.revision for new, old in pairwise(found))
