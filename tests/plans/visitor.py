"""A person who is sent to us by a site: a browser, a phone, and where they end up."""

import html
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urljoin, urlsplit

from werkzeug.test import TestResponse

from tests.support.journey import Browser, Phone
from wxlogin.service import service_of

#: Pages of ours that may lie between the site and the way back to it.
MOST_HOPS = 12


@dataclass(frozen=True)
class Arrived:
    """Where a browser ended up: back at a site, or at a page of ours."""

    answer: TestResponse
    #: The address at a site; None for a page of ours.
    location: str | None
    #: How often the person had to scan a code on the way.
    logins: int

    @property
    def query(self) -> dict[str, str]:
        """What the site is told. Every parameter stands there once."""
        pairs = parse_qsl(urlsplit(self.location or "").query, keep_blank_values=True)
        assert len(pairs) == len(dict(pairs)), self.location
        return dict(pairs)

    @property
    def is_page(self) -> bool:
        return self.location is None and "Location" not in self.answer.headers


@dataclass
class Visitor:
    """A person with a browser and a phone."""

    browser: Browser
    phone: Phone
    #: False: the person looks at the login page and does nothing.
    willing: bool = field(default=True)

    def goes_to(self, url: str, **more: Any) -> Arrived:
        """Opens the address and does what the pages ask, until a site is reached."""
        parts = urlsplit(url)
        answer = self.browser.get(f"{parts.path}?{parts.query}", **more)
        return self._follows(answer)

    def posts_to(self, url: str, form: dict[str, str]) -> Arrived:
        """Posts a form from a site's page, as a browser sends it."""
        answer = self.browser._send(
            "POST",
            urlsplit(url).path,
            data=form,
            headers={"Sec-Fetch-Site": "cross-site", "Origin": "https://shop.example"},
        )
        return self._follows(answer)

    def _follows(self, answer: TestResponse) -> Arrived:
        home = service_of(self.browser.app).settings.public_url
        logins = 0
        for _ in range(MOST_HOPS):
            if onward := self._after_news(answer):
                answer = self._looks_at(onward)
                continue
            if "Location" not in answer.headers:
                return Arrived(answer, None, logins)
            location = urljoin(f"{home}/", answer.headers["Location"])
            if not location.startswith(f"{home}/"):
                return Arrived(answer, location, logins)
            if urlsplit(location).path.endswith("/login"):
                if not self.willing:
                    return Arrived(self._looks_at(location), None, logins)
                answer = self._signs_in(location)
                logins += 1
            else:
                answer = self._looks_at(location)
        raise AssertionError(f"the way does not end: {answer.location}")

    def _after_news(self, answer: TestResponse) -> str | None:
        """Where "That is right, go on" leads, on the page that tells who shares the
        account."""
        if (
            answer.status_code != 200
            or "/me/identities/news/" not in answer.request.path
        ):
            return None
        return html.unescape(
            re.search(r'class="button" href="([^"]+)"', answer.text)[1]
        )

    def _looks_at(self, location: str) -> TestResponse:
        parts = urlsplit(location)
        return self.browser.get(f"{parts.path}?{parts.query}")

    def _signs_in(self, login_page: str) -> TestResponse:
        back = parse_qs(urlsplit(login_page).query)["next"][0]
        started = self.browser.starts(next_url=back)
        return self.browser.returns(started, self.phone.confirms(started))
