"""A fresh database with all tables, and people of WeChat who sign in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.people import People, accounts_app, check_invariants


@pytest.fixture
def people(tmp_path: Path) -> Iterator[People]:
    with accounts_app(f"sqlite:///{tmp_path / 'wxlogin.db'}"):
        yield People()
        check_invariants()
