"""Who may send a changing request."""

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from wxlogin.config import Settings
from wxlogin.errors import ForeignRequest
from wxlogin.security.origins import require_same_origin


def sent(method: str = "POST", **headers: str) -> Request:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(EnvironBuilder(method=method, headers=named).get_environ())


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_reading_needs_no_proof(https: Settings, method: str) -> None:
    require_same_origin(sent(method, Sec_Fetch_Site="cross-site"), https)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "ODD"])
def test_our_own_pages_may_change(https: Settings, method: str) -> None:
    require_same_origin(sent(method, Sec_Fetch_Site="same-origin"), https)
    require_same_origin(sent(method, Origin="https://good.test"), https)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "ODD"])
def test_without_any_proof_nothing_changes(https: Settings, method: str) -> None:
    """Security row 25."""
    with pytest.raises(ForeignRequest) as caught:
        require_same_origin(sent(method, Host="good.test"), https)
    assert caught.value.status == 403
    assert caught.value.facts == {"sender": "not told"}


@pytest.mark.parametrize(
    "site", ["cross-site", "same-site", "none", "", "same-origin, cross-site", "Same"]
)
def test_what_the_browser_says_of_the_sender_decides(
    https: Settings, site: str
) -> None:
    """Security row 25; a good Origin does not outweigh it."""
    with pytest.raises(ForeignRequest):
        require_same_origin(
            sent(Sec_Fetch_Site=site, Origin="https://good.test"), https
        )


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "https://evil.test",
        "http://good.test",
        "https://good.test:8443",
        "https://good.test.evil.test",
        "https://shop.test",
        "https://good.test/",
        "https://good.test, https://evil.test",
    ],
)
def test_a_foreign_origin_is_refused(https: Settings, origin: str) -> None:
    """Security row 25; a listed site is foreign here too."""
    with pytest.raises(ForeignRequest):
        require_same_origin(sent(Origin=origin), https)


@pytest.mark.parametrize(
    ("headers", "sender"),
    [
        ({"Origin": "null"}, "null"),
        ({"Origin": "https://evil.test"}, "another origin"),
        ({"Origin": ""}, "another origin"),
        ({}, "not told"),
        ({"Sec_Fetch_Site": "cross-site"}, "cross-site"),
        ({"Sec_Fetch_Site": "same-site"}, "same-site"),
        ({"Sec_Fetch_Site": "none"}, "none"),
        ({"Sec_Fetch_Site": "odd"}, "unknown"),
    ],
)
def test_the_log_says_who_sent_it(
    https: Settings, headers: dict[str, str], sender: str
) -> None:
    with pytest.raises(ForeignRequest) as caught:
        require_same_origin(sent(**headers), https)
    assert caught.value.facts == {"sender": sender}
    assert "did not come from our own pages" in caught.value.operator


def test_the_host_header_proves_nothing(https: Settings) -> None:
    with pytest.raises(ForeignRequest):
        require_same_origin(sent(Host="evil.test", Origin="https://evil.test"), https)


def test_the_log_repeats_nothing_of_the_request(https: Settings) -> None:
    request = sent(Sec_Fetch_Site="x\x1b[2J" * 100, Origin="https://evil.test")
    with pytest.raises(ForeignRequest) as caught:
        require_same_origin(request, https)
    assert caught.value.facts == {"sender": "unknown"}


def test_development_and_paths(
    development: Settings, https_below_a_path: Settings
) -> None:
    require_same_origin(sent(Origin="http://127.0.0.1:5000"), development)
    require_same_origin(sent(Sec_Fetch_Site="same-origin"), development)
    require_same_origin(sent(Origin="https://good.test"), https_below_a_path)
    with pytest.raises(ForeignRequest):
        require_same_origin(sent(Origin="http://localhost:5000"), development)


def test_the_usual_port_is_no_difference(https: Settings) -> None:
    ours = https.model_copy(update={"public_url": "https://Good.test:443/wx"})
    require_same_origin(sent(Origin="https://good.test"), ours)
