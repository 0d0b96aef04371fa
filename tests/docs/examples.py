"""The shops of docs/examples as processes, each under its real interpreter."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests.cli.commands import free_port

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
CLIENT_ID = "teashop"
SECRET = "a-tea-shop-for-the-tests-only"
PROGRAMS = {
    "flask": [sys.executable, "-m", "flask", "--app", "shop", "run", "-p", "{port}"],
    "php": ["php", "-S", "127.0.0.1:{port}", "shop.php"],
    "node": ["node", "shop.mjs"],
}
_PACKAGES = {"php": "php-cli php-curl", "node": "nodejs"}


class Example:
    """One shop on a port of its own. `folder` takes its log and its orders."""

    def __init__(self, language: str, folder: Path) -> None:
        self.language = language
        self._folder = folder
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._log = folder / f"{language}.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def site(self) -> dict[str, object]:
        """What SITES has to say of it."""
        return {
            "name": "茶铺",
            "client_id": CLIENT_ID,
            "client_secret": SECRET,
            "redirect_uris": [f"{self.url}/callback"],
            "post_logout_redirect_uris": [f"{self.url}/"],
        }

    def start(self, issuer: str) -> None:
        """Returns when it answers; a busy machine starts an interpreter slowly."""
        words = [word.format(port=self._port) for word in PROGRAMS[self.language]]
        if shutil.which(words[0]) is None:
            missing = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
            package = _PACKAGES[self.language]
            missing(
                f"{words[0]} is missing; install it with: apt-get install {package}"
            )
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                words,
                cwd=EXAMPLES / self.language,
                env=self._environment(issuer),
                stdout=log,
                stderr=log,
            )
        self._wait()

    def _environment(self, issuer: str) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "TMPDIR": str(self._folder),
            "PYTHONDONTWRITEBYTECODE": "1",
            "ISSUER": issuer,
            "SHOP_URL": self.url,
            "CLIENT_ID": CLIENT_ID,
            "CLIENT_SECRET": SECRET,
        }

    def _wait(self) -> None:
        retries = requests.adapters.Retry(connect=10, backoff_factor=0.1)
        with requests.Session() as client:
            client.trust_env = False
            client.mount("http://", requests.adapters.HTTPAdapter(max_retries=retries))
            client.get(self.url, timeout=10)

    def stop(self) -> str:
        """Its log."""
        if self._process is None:
            return ""
        self._process.terminate()
        self._process.wait(timeout=15)
        return self._log.read_text("utf-8", "replace")
