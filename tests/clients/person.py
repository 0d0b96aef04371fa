"""A person who goes from site to site with one browser, over real connections."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import requests

from tests.support.journey import Phone, Started
from wxlogin.simulator.server import SimulatorServer

MOST_HOPS = 20
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0"


class Person:
    """`goes_to` follows every redirect, and scans the code where we ask for it."""

    def __init__(
        self, issuer: str, simulator: SimulatorServer, name: str = "xiaoming"
    ) -> None:
        self.issuer = issuer
        self.phone = Phone(simulator, name)
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["User-Agent"] = CHROME
        #: How often the code was scanned.
        self.logins = 0

    def goes_to(
        self, url: str, change: Callable[[str], str] = lambda url: url
    ) -> requests.Response:
        """The last answer on the way; `change` may touch each address in between."""
        answer = self._get(url)
        for _ in range(MOST_HOPS):
            if "Location" not in answer.headers:
                return answer
            there = change(urljoin(answer.url, answer.headers["Location"]))
            answer = (
                self._signs_in(there) if self._is_login(there) else self._get(there)
            )
        raise AssertionError(f"the way does not end: {answer.url}")

    def close(self) -> None:
        self.session.close()

    def _get(self, url: str) -> requests.Response:
        return self.session.get(url, timeout=20, allow_redirects=False)

    def _is_login(self, url: str) -> bool:
        return url.startswith(f"{self.issuer}/login?")

    def _signs_in(self, login_page: str) -> requests.Response:
        back = parse_qs(urlsplit(login_page).query)["next"][0]
        door = f"{self.issuer}/login/qr?{urlencode({'next': back})}"
        started = Started.at(self._get(door).headers["Location"])
        self.logins += 1
        code = self.phone.confirms(started)
        return self._get(f"{started.callback}?code={code}&state={started.state}")
