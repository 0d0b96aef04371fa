"""werkzeug's server with a deadline (security row 101): demo and simulator."""

import socket
import time
from threading import Thread
from threading import enumerate as enumerate_threads

import pytest
from werkzeug.serving import make_server

from tests.server.brisk import app
from tests.support.slow import KINDS, answer_to, dripping
from wxlogin.cli.serving import QuietHandler
from wxlogin.server import paced

POST = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"


@pytest.fixture
def server(monkeypatch):
    """A server whose patience is short, and its address."""
    monkeypatch.setattr(paced, "REQUEST_SECONDS", 0.3)
    running = make_server(
        "127.0.0.1", 0, app, threaded=True, request_handler=QuietHandler
    )
    thread = Thread(target=running.serve_forever, args=(0.02,))
    thread.start()
    yield "127.0.0.1", running.port
    running.shutdown()
    thread.join()
    running.server_close()


def test_a_request_is_answered(server):
    sent = POST + b"Content-Length: 5\r\n\r\n"
    assert answer_to(server, sent, b"hel", b"lo").endswith(b"POST 5;")


@pytest.mark.parametrize("kind", [*KINDS])
def test_what_does_not_come_in_time_ends(server, kind):
    answer = answer_to(server, KINDS[kind][0])
    if kind == "nothing":
        assert answer == b""
    elif kind in ("reading", "staying"):
        assert answer.startswith(b"HTTP/1.1 200 ")
    elif kind in ("head", "line", "body"):
        assert answer.startswith(b"HTTP/1.1 408 ")
    else:
        # The application reads these itself.
        assert b" 408 " in answer or b" 500 " in answer or b" 400 " in answer


def test_slow_clients_do_not_stop_others(server):
    with dripping(*server, 40):
        begun = time.monotonic()
        assert answer_to(server, POST + b"\r\n").endswith(b"POST 0;")
        assert time.monotonic() - begun < 3


def test_a_stream_comes_as_it_is_told_and_goes_with_its_client(server):
    before = set(enumerate_threads())
    with socket.create_connection(server, timeout=30) as client:
        client.sendall(b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n")
        heard = b""
        while b"begun\n" not in heard:
            heard += client.recv(4096)
        (serving,) = set(enumerate_threads()) - before
    until = time.monotonic() + 20
    while serving.is_alive():
        assert time.monotonic() < until
        time.sleep(0.01)
