"""The canary run as a pytest plugin; `tests/conftest.py` loads it."""

from collections.abc import Generator
from typing import Any

import pytest
from flask import Flask

from tests.canary import places, sources
from tests.canary.canaries import CANARIES
from wxlogin import factory
from wxlogin.service import service_of

_logs = places.Logs()
_databases: set[str] = set()


def pytest_configure() -> None:
    sources.install()
    sources.watch(factory.build, _service_is_built)
    places.watch_errors()


def _service_is_built(app: Flask, *_: object) -> None:
    settings = service_of(app).settings
    sources.settings_of_service(settings)
    places.watch_answers(app, settings)
    _databases.add(settings.database_url)
    _logs.listen()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    CANARIES.forget()
    _databases.clear()
    _logs.begin()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Generator[None, Any, Any]:
    for url in _databases:
        places.search_database(url)
    try:
        return (yield)
    finally:
        _logs.leave()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    call: pytest.CallInfo[None],
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if call.when != "teardown":
        return report
    for name, text in report.sections:
        CANARIES.search(text, name.lower())
    if CANARIES.leaks and report.passed:
        report.outcome = "failed"
        report.longrepr = "\n".join(["secrets leaked:", *CANARIES.leaks])
    return report
