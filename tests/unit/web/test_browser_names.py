"""What a browser is called on the account page."""

import pytest
from flask import Flask

from wxlogin.web.visitors import browser_name

CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"
WINDOWS = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME}"
ANDROID = f"Mozilla/5.0 (Linux; Android 14; Pixel 8) {CHROME} Mobile"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0"


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (WINDOWS, "Chrome · Windows"),
        (f"{WINDOWS} Edg/130.0", "Edge · Windows"),
        (f"{WINDOWS} OPR/110.0", "Opera · Windows"),
        (f"{WINDOWS} wxwork/4.1 MicroMessenger/7.0", "WeCom · Windows"),
        (FIREFOX, "Firefox · Linux"),
        (f"{MAC} (KHTML, like Gecko) Version/17.0 Safari/605.1.15", "Safari · macOS"),
        (f"{IPHONE} Mobile/15E148 MicroMessenger/8.0.50", "WeChat · iPhone"),
        (f"{ANDROID} MicroMessenger/8.0.50", "WeChat · Android"),
        (f"{ANDROID} EdgA/130.0", "Edge · Android"),
        ("curl/8.5.0", ""),
        ("", ""),
        ("<script>alert(1)</script>", ""),
        ("Linux " * 100_000, "Linux"),
    ],
)
def test_a_person_recognises_the_browser(agent, name):
    with Flask("test").test_request_context(headers={"User-Agent": agent}):
        assert browser_name() == name
