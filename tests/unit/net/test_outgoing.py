"""Where our calls to sites go, and where they never go."""

from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest

from tests.support.receiver import Receiver, receiver
from tests.support.telling import site
from wxlogin.config import Site, load_settings
from wxlogin.net import outgoing


@pytest.fixture
def shop() -> Iterator[Receiver]:
    with receiver() as server:
        yield server


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "10.0.0.7", "169.254.169.254", "[::1]"]
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_an_inside_address_is_refused(scheme: str, host: str) -> None:
    """security row 120; CWE-918"""
    reply = outgoing.post(f"{scheme}://{host}:9/x", b"", {}, inside=False)
    assert (reply.status, reply.fault, reply.good) == (None, "inside", False)


def test_a_site_marked_inside_is_reached(shop: Receiver) -> None:
    reply = outgoing.post(f"{shop.url}/a?b=c", b"body", {"x-more": "1"}, inside=True)
    assert reply == outgoing.Reply(status=204)
    (heard,) = shop.requests
    assert (heard.path, heard.body) == ("/a?b=c", b"body")
    assert heard.headers["x-more"] == "1"
    assert outgoing.post(shop.url, b"", {}, inside=True).good


def test_production_goes_outside_only(tmp_path: Path) -> None:
    settings = load_settings(tmp_path)
    shop = site("shop")
    inner = Site(name="inner", client_id="inner", inside=True)
    assert outgoing.may_go_inside(settings, shop)
    strict = settings.model_copy(update={"env": "production"})
    assert not outgoing.may_go_inside(strict, shop)
    assert outgoing.may_go_inside(strict, inner)


def test_a_server_that_hangs_costs_the_budget_and_no_more(
    shop: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outgoing, "BUDGET_SECONDS", 0.3)
    shop.hangs = True
    began = monotonic()
    reply = outgoing.post(shop.url, b"", {}, inside=True)
    assert reply.fault == "timeout"
    assert monotonic() - began < 2
    shop.released.set()


def test_a_dead_server_is_a_fault_and_no_error(shop: Receiver) -> None:
    from socket import socket

    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    reply = outgoing.post(f"http://127.0.0.1:{port}/", b"", {}, inside=True)
    assert reply.fault == "refused"
    assert not reply.good
    tls = outgoing.post(shop.url.replace("http:", "https:"), b"", {}, inside=True)
    assert tls.fault in ("tls", "timeout", "reset")
