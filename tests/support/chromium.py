"""One Chromium for all tests of a process: Playwright runs once in each.

Where there is Debian's headless shell it is that: the same engine without the windows
of a desktop's browser, which to open costs three times what the page in it does.
"""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

CHROMIUM = (
    os.environ.get("CHROMIUM")
    or shutil.which("chromium-headless-shell")
    or shutil.which("chromium")
)
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium. Where it is missing the test skips; in CI it fails."""
    if CHROMIUM is None:
        message = (
            "Chromium is missing; install it with: "
            "apt-get install chromium-headless-shell"
        )
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(message)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()
