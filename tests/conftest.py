"""What all tests share. In CI a skipped test is a failed run."""

import gc
import os
from collections.abc import Generator

import pytest

# Searches every test for secrets that leak; see `tests/canary`.
pytest_plugins = [
    "tests.canary.plugin",
    "tests.support.chosen_database",
    "tests.support.chromium",
    "tests.support.once",
]


@pytest.fixture(scope="session")
def wechat_hold_seconds() -> float:
    """Of the simulator's plugin: no test waits for a poll that has no news."""
    return 0.2


def pytest_xdist_auto_num_workers() -> int:
    """Twice the processors: half of their time tests wait, for a page, a process that
    starts, a limit that runs out."""
    return 2 * (os.cpu_count() or 1)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Thirteen thousand tests, and what they import, are there until the end: nobody
    looks through them for garbage, or copies their pages in a fork for that."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if os.environ.get("CI") == "true" and skipped and exitstatus == 0:
        reporter.write_line(f"{len(skipped)} tests were skipped; in CI none may be.")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[
    None, pytest.TestReport, pytest.TestReport
]:
    """Half an emoji in a test's output cannot travel between processes."""
    report = yield
    report.sections = [
        (name, text.encode("utf-8", "backslashreplace").decode())
        for name, text in report.sections
    ]
    return report
