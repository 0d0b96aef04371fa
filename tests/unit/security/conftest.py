"""Settings of three set-ups, and a browser's URL parser as the judge."""

import json
import shutil
import subprocess
from collections.abc import Callable, Sequence

import pytest

from tests.support.vectors import ORIGIN
from wxlogin.config import Settings, Site

SHOP = Site(
    name="shop",
    origins=(
        "https://shop.test",
        "https://*.wild.test",
        "https://*.port.test:8443",
        "http://localhost:3000",
    ),
)

Judge = Callable[[Sequence[str]], list[str]]

# `new URL` is the WHATWG parser that browsers have.
_JUDGE = """
const addresses = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const origin = (address) => {
  try {
    const url = new URL(address, process.argv[1] + '/login');
    return /^https?:$/.test(url.protocol) ? url.origin : url.protocol;
  } catch { return 'no URL'; }
};
console.log(JSON.stringify(addresses.map(origin)));
"""


@pytest.fixture
def https() -> Settings:
    return Settings(public_url=ORIGIN, env="production", sites=(SHOP,))


@pytest.fixture
def https_below_a_path() -> Settings:
    return Settings(public_url=f"{ORIGIN}/wx", env="production", sites=(SHOP,))


@pytest.fixture
def development() -> Settings:
    return Settings(public_url="http://127.0.0.1:5000", env="development")


@pytest.fixture
def lands_at() -> Judge:
    """Where a browser on our login page would go: an origin, or a foreign scheme.

    `no URL` means nowhere.
    """
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not on PATH: install it (apt-get install nodejs)")

    def judge(addresses: Sequence[str]) -> list[str]:
        done = subprocess.run(
            [node, "-e", _JUDGE, ORIGIN],
            input=json.dumps(addresses),
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        origins: list[str] = json.loads(done.stdout)
        return origins

    return judge
