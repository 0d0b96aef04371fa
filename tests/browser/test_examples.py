"""The tea shop of docs/examples, in each of its languages, on three origins.

The shop has sessions of its own and knows nothing of who stands behind the sign-in.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.browser.test_sign_in import person_on_phone, scans_and_confirms
from tests.cli.commands import free_port

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
SECRET = "a-tea-shop-for-the-tests-only"
PACKAGES = {"php": "php-cli php-curl", "node": "nodejs"}
PROGRAMS = {
    "flask": [sys.executable, "-m", "flask", "--app", "shop", "run", "-p", "{port}"],
    "php": ["php", "-S", "127.0.0.1:{port}", "shop.php"],
    "node": ["node", "shop.mjs"],
}
LANGUAGES = pytest.mark.parametrize("language", PROGRAMS)


class Shop:
    """The example as a process of its own, and the service it signs people in at."""

    def __init__(self, language: str, folder: Path, serve: Callable) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        site = {
            "name": "茶铺",
            "client_id": "teashop",
            "client_secret": SECRET,
            "redirect_uris": [f"{self.url}/callback"],
            "post_logout_redirect_uris": [f"{self.url}/"],
        }
        self.service = serve(sites=[site])
        words = [word.format(port=port) for word in PROGRAMS[language]]
        if shutil.which(words[0]) is None:
            text = f"install it with: apt-get install {PACKAGES[language]}"
            missing = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
            missing(f"{words[0]} is missing; {text}")
        self._log = folder / "shop.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                words,
                cwd=EXAMPLES / language,
                env=self._environment(folder),
                stdout=log,
                stderr=log,
            )

    def _environment(self, folder: Path) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "TMPDIR": str(folder),
            "PYTHONDONTWRITEBYTECODE": "1",
            "ISSUER": self.service.url,
            "SHOP_URL": self.url,
            "CLIENT_ID": "teashop",
            "CLIENT_SECRET": SECRET,
        }

    def wait(self) -> None:
        """Until it answers; a busy machine starts an interpreter slowly."""
        retries = requests.adapters.Retry(connect=12, backoff_factor=0.1)
        with requests.Session() as client:
            client.mount("http://", requests.adapters.HTTPAdapter(max_retries=retries))
            client.get(self.url, timeout=10)

    def stop(self) -> str:
        """Its log."""
        self._process.terminate()
        self._process.wait(timeout=15)
        return self._log.read_text("utf-8", "replace")


@pytest.fixture
def open_shop(serve, tmp_path: Path) -> Iterator[Callable[[str], Shop]]:
    shops: list[Shop] = []

    def opens(language: str) -> Shop:
        shop = Shop(language, tmp_path, serve)
        shops.append(shop)
        shop.wait()
        return shop

    yield opens
    for shop in shops:
        log = shop.stop()
        assert not re.search("Traceback|Warning|Deprecated|Notice|Fatal", log), log


def signs_in(pc: Page, phone: Page, shop: Shop, simulator, person: str) -> None:
    """From the shop's button through the scan back to the shop."""
    pc.goto(shop.url)
    pc.get_by_role("link", name="登录").click()
    pc.frame_locator("#frame").locator("img.qrcode").wait_for()
    assert pc.url.startswith(shop.service.url)
    person_on_phone(phone, simulator, person)
    scans_and_confirms(phone)
    pc.wait_for_url(f"{shop.url}/")


@LANGUAGES
def test_from_the_shops_button_through_the_scan_back_to_the_shop(
    open_shop, simulator, window, language
):
    shop = open_shop(language)
    pc, phone = window(), window(width=390, height=844)
    signs_in(pc, phone, shop, simulator, "xiaoming")
    expect(pc.get_by_text("你好，小明😀")).to_be_visible()
    pc.get_by_role("button", name="普洱").click()
    expect(pc.get_by_text("🫖 普洱")).to_be_visible()
    # Signed out at both: the next sign-in needs the phone again.
    pc.get_by_role("button", name="退出").click()
    pc.wait_for_url(re.compile(rf"{shop.url}/(\?.*)?$"))
    expect(pc.get_by_role("link", name="登录")).to_be_visible()
    signs_in(pc, phone, shop, simulator, "xiaoming")
    expect(pc.get_by_text("🫖 普洱")).to_be_visible()
