"""What comes out the same in every test is worked out once in a process.

A fresh service for each test is what makes tests honest; most of its price is work
whose result depends on nothing that a test can change. The results of that work are
kept: of werkzeug the functions that build the addresses of a rule, of SQLAlchemy the
text of a statement, of Jinja the code of a page, and RSA keys. A pytest plugin, which
`tests/conftest.py` loads.
"""

from itertools import count
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from joserfc.jwk import RSAKey
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule
from werkzeug.routing.converters import DEFAULT_CONVERTERS

# As many statements as the package has, for each kind of database.
_statements: LRUCache[Any, Any] = LRUCache(5000)

# Which of the RSA keys the running test gets next.
_next_key = count()


def pytest_configure() -> None:
    _compile_rules_once()
    _write_statements_once()
    _make_keys_once()
    Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": _Pages()}


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    global _next_key
    _next_key = count()


def _compile_rules_once() -> None:
    """A rule is parsed, and two functions are written and compiled for it. All of that
    depends on its text alone, where it gives no defaults and names werkzeug's own
    converters."""
    known: dict[Any, tuple[Any, ...]] = {}
    compile_rule = Rule.compile

    def compiled(rule: Rule) -> None:
        place = rule.host if rule.map.host_matching else rule.subdomain
        key = (rule.rule, place, rule.merge_slashes)
        if rule.defaults or rule.map.converters != DEFAULT_CONVERTERS:
            compile_rule(rule)
        elif key in known:
            rule._parts, rule._trace, rule._converters, build, unknown = known[key]
            rule.arguments.update(rule._converters)
            rule._build = build.__get__(rule)
            rule._build_unknown = unknown.__get__(rule)
        else:
            compile_rule(rule)
            functions = (rule._build.__func__, rule._build_unknown.__func__)
            known[key] = (rule._parts, rule._trace, rule._converters, *functions)

    Rule.compile = compiled  # type: ignore[method-assign]


def _write_statements_once() -> None:
    """SQLAlchemy keeps the text of a statement with the engine, and under the dialect
    object of that engine. Here all engines keep them in one place, and dialects of one
    kind and version are alike: they write the same text."""
    DefaultDialect.__eq__ = _alike  # type: ignore[method-assign, assignment]
    DefaultDialect.__hash__ = _kind  # type: ignore[method-assign, assignment]
    sa.event.listen(sa.Engine, "engine_connect", _share_statements)
    sa.event.listen(sa.Engine, "engine_connect", _hurry)


def _share_statements(connection: sa.Connection) -> None:
    connection.engine._compiled_cache = _statements


def _hurry(connection: sa.Connection) -> None:
    """Once for each connection, behind the back of who counts statements."""
    if connection.dialect.name == "sqlite" and "hurries" not in connection.info:
        connection.info["hurries"] = True
        opened: Any = connection.connection.dbapi_connection
        opened.execute("PRAGMA synchronous=OFF")


def _alike(one: DefaultDialect, other: object) -> bool:
    return type(one) is type(other) and _facts(one) == _facts(other)


def _kind(dialect: DefaultDialect) -> int:
    return hash(type(dialect))


def _facts(dialect: Any) -> tuple[object, ...]:
    return (dialect.server_version_info, dialect.paramstyle)


class _Pages(BytecodeCache):
    """The code of each template; Jinja compares it to the template's text."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if code := self._kept.get(bucket.key):
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = bucket.bytecode_to_string()


def _make_keys_once() -> None:
    """The first RSA key of each test is the same one, and so on; within a test they
    differ. It takes a quarter of a second to make one, and to examine one that is
    read."""
    binding = RSAKey.binding
    generate, read = binding.generate_private_key, binding.import_private_key
    made: dict[tuple[int, int], Any] = {}
    known: dict[Any, Any] = {}

    def generated(size: int) -> Any:
        place = (size, next(_next_key))
        if place not in made:
            made[place] = generate(size)
        return made[place]

    def imported(parts: Any) -> Any:
        key = tuple(sorted(parts.items()))
        if key not in known:
            known[key] = read(parts)
        return known[key]

    binding.generate_private_key = generated  # type: ignore[method-assign]
    binding.import_private_key = imported  # type: ignore[method-assign, assignment]
