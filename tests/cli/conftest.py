"""The command line, as processes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.commands import Commands


@pytest.fixture
def wxlogin(tmp_path: Path) -> Iterator[Commands]:
    """`wxlogin …` in an empty folder."""
    commands = Commands(tmp_path)
    yield commands
    commands.stop_all()
