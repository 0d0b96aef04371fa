"""Where the service sends people: each return address through each door.

The tests judge the places with the parsers that browsers have.
"""

from html.parser import HTMLParser
from urllib.parse import urlencode

from tests.support.journey import Browser, Phone

FORM = "application/x-www-form-urlencoded"
# Doors that take a return address and are no login: method and path.
SIDE_DOORS = (("POST", "/logout"), ("GET", "/language/en"))


def after_login(browser: Browser, phone: Phone, address: str) -> str:
    """The Location at the end of a whole login."""
    started = browser.starts(next_url=_bytes(address))
    answer = browser.returns(started, phone.confirms(started))
    assert answer.status_code == 303, ascii(address)
    return answer.location


def after_side_door(browser: Browser, method: str, path: str, address: str) -> str:
    """The Location of a door that only leads away."""
    sent = urlencode({"next": _bytes(address)})
    if method == "POST":
        answer = browser.post(path, data=sent, content_type=FORM)
    else:
        answer = browser.get(path, query_string=sent)
    assert answer.status_code == 303, ascii(address)
    return answer.location


def on_login_page(browser: Browser, address: str) -> list[str]:
    """All links and forms of the page that a signed-in person gets."""
    sent = urlencode({"next": _bytes(address)})
    answer = browser.get("/login", query_string=sent)
    assert answer.status_code == 200, ascii(address)
    return links_in(answer.text)


def links_in(text: str) -> list[str]:
    """Every address of a page that a click, a form or a frame may lead to."""
    page = _Links()
    page.feed(text)
    return page.found


def _bytes(address: str) -> bytes:
    # Half an emoji cannot be sent; what a broken program makes of it can.
    return address.encode("utf-8", "surrogatepass")


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attributes: list) -> None:
        for name, value in attributes:
            if name in ("href", "action", "formaction", "src"):
                self.found.append(value or "")
