"""A fresh database with all tables, and people of WeChat who sign in."""

from collections.abc import Iterator

import pytest

from tests.support.people import People, accounts_app, check_invariants


@pytest.fixture
def people(own_url: str) -> Iterator[People]:
    with accounts_app(own_url):
        yield People()
        check_invariants()
