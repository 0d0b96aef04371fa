"""A fresh database with all tables, and people of WeChat who sign in."""

from tests.unit.accounts.conftest import people

__all__ = ["people"]
