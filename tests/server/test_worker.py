"""The worker under gunicorn, with real connections (security rows 99, 100, 101)."""

import re
import signal
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.cli.commands import Commands, free_port
from tests.server.brisk import LARGE
from tests.support.slow import KINDS, answer_to, dripping

ROOT = Path(__file__).resolve().parents[2]
HOST = b" HTTP/1.1\r\nHost: x\r\n"
CLOSE = b"Connection: close\r\n"
POST = b"POST /" + HOST + CLOSE


@pytest.fixture(scope="module")
def gunicorn():
    commands = Commands(ROOT, [str(Path(sys.executable).with_name("gunicorn"))])
    yield commands
    commands.stop_all()


def started(gunicorn, *options):
    """A server with one worker of two threads, and its address."""
    port = free_port()
    words = ("tests.server.brisk:app", "-b", f"127.0.0.1:{port}", "--threads", "2")
    running = gunicorn.start(*words, "-k", "tests.server.brisk.Brisk", *options)
    running.says("Booting worker")
    return running, ("127.0.0.1", port)


@pytest.fixture(scope="module")
def server(gunicorn):
    return started(gunicorn)[1]


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


@pytest.mark.parametrize(
    ("pieces", "body"),
    [
        ([b"GET /" + HOST + CLOSE + b"\r\n"], b"GET 0;"),
        ([b"GET / HTTP/1.0\r\n\r\n"], b"GET 0;"),
        ([POST, b"Content-Length: 5\r\n", b"\r\nhel", b"lo"], b"POST 5;"),
        (
            [POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", b"0\r\n\r\n"],
            b"POST 2;",
        ),
        ([POST + b"Content-Length: 200000\r\n\r\n", b"a" * 200_000], b"POST 200000;"),
        (
            [
                b"GET /" + HOST + b"\r\nPOST /" + HOST + b"Content-Length: 1\r\n\r\na",
                b"GET /" + HOST + CLOSE + b"\r\n",
            ],
            b"GET 0;",
        ),
        (
            [
                b"POST /unread"
                + HOST
                + b"Content-Length: 5\r\n\r\nhello"
                + POST
                + b"\r\n"
            ],
            b"POST 0;",
        ),
    ],
)
def test_a_request_is_answered(server, pieces, body):
    assert answer_to(server, *pieces).endswith(body)


def test_several_requests_come_on_one_connection(server):
    requests = b"GET /" + HOST + b"\r\n" + b"HEAD /" + HOST + b"\r\n" + POST + b"\r\n"
    answer = answer_to(server, requests)
    assert re.findall(rb"HTTP/1.1 200", answer) == [b"HTTP/1.1 200"] * 3
    assert answer.count(b"GET 0;") == 1 and answer.endswith(b"POST 0;")


def test_a_client_that_waits_to_be_told_is_told_to_go_on(server):
    with socket.create_connection(server, timeout=30) as sock:
        sock.sendall(POST + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert sock.recv(4096) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(b"ab")
        assert sock.recv(4096).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("kind", [*KINDS])
def test_what_does_not_come_in_time_is_answered_408(server, kind):
    begun = time.monotonic()
    answer = answer_to(server, KINDS[kind][0])
    if kind in ("reading", "staying"):
        assert answer.startswith(b"HTTP/1.1 200 ")
    elif kind == "nothing":
        assert answer == b""
    elif kind == "large body":
        # The application waits for that one, and hears that no more will come.
        assert status(answer) in (0, 500)
    else:
        answer = answer.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
        assert status(answer) == 408
        assert "请求没有在限定时间内传完" in answer.decode()
        assert "did not arrive in time" in answer.decode()
    assert time.monotonic() - begun < 10


def test_dripping_buys_no_time(server):
    """One deadline for the whole request, not one for each byte."""
    with socket.create_connection(server, timeout=30) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nX-A: ")
        sock.settimeout(0.05)
        begun = time.monotonic()
        while time.monotonic() - begun < 20:
            try:
                sock.sendall(b"a")
                answer = sock.recv(4096)
                break
            except TimeoutError:
                pass
        assert status(answer) == 408


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (
            POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
        ),
        (POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400),
        (POST + b"Content-Length: +5\r\n\r\nhello", 400),
        (POST + b"Content-Length : 5\r\n\r\nhello", 400),
        (POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 400),
        (POST + b"Transfer-Encoding: nonsense\r\n\r\n", 501),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n+4\r\nabcd\r\n0\r\n\r\n", 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n4\r\nabcdX", 400),
        (
            POST + b"Transfer-Encoding: chunked\r\n\r\n4;a\rb=c\r\nabcd\r\n0\r\n\r\n",
            400,
        ),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\nHost: y\r\n\r\n", 400),
        (POST + b"Host: y\r\n\r\n", 400),
        (b"GET / HTTP/1.1\nHost: x\n\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        (POST + b"X-A: " + b"a" * 65536 + b"\r\n\r\n", 431),
        (POST + b"X-A: b\r\n" * 200 + b"\r\n", 431),
        (b"GET /" + b"a" * 65536 + HOST + b"\r\n", 414),
    ],
)
@pytest.mark.parametrize("path", [b"/", b"/unread"])
def test_what_is_no_request_gets_one_refusal(server, sent, expected, path):
    """security rows 99 and 100; also where the application looks at no body."""
    smuggled = b"GET /slow" + HOST + CLOSE + b"\r\n"
    answer = answer_to(server, sent.replace(b"POST /", b"POST " + path) + smuggled)
    assert status(answer) == expected
    assert answer.count(b"HTTP/1.1 ") == 1


def test_a_large_answer_reaches_who_reads_slowly(server):
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    sock.settimeout(30)
    with sock:
        sock.connect(server)
        sock.sendall(b"GET /large" + HOST + CLOSE + b"\r\n")
        length = 0
        while data := sock.recv(65536):
            length += len(data)
    assert LARGE < length < LARGE + 500


def test_who_does_not_read_holds_no_thread(gunicorn):
    _, server = started(gunicorn, "--worker-connections", "50")
    with dripping(*server, 20, "reading", "staying"):
        for _ in range(5):
            begun = time.monotonic()
            assert answer_to(server, POST + b"\r\n").endswith(b"POST 0;")
            assert time.monotonic() - begun < 3


def test_the_one_that_waits_longest_makes_room(gunicorn):
    _, server = started(gunicorn, "--worker-connections", "10")
    with socket.create_connection(server, timeout=30) as first:
        first.sendall(b"GET / HTTP/1.1\r\n")
        with dripping(*server, 10, "head"):
            assert status(first.recv(4096)) == 503
            assert answer_to(server, POST + b"\r\n").endswith(b"POST 0;")


def test_those_that_do_not_read_make_room_too(gunicorn):
    _, server = started(gunicorn, "--worker-connections", "10")
    with ExitStack() as stack:
        for _ in range(25):
            sock = stack.enter_context(socket.socket())
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            sock.settimeout(30)
            sock.connect(server)
            # More than the kernel takes on its own.
            sock.sendall((b"GET /page" + HOST + b"\r\n") * 40)
        begun = time.monotonic()
        for _ in range(3):
            assert answer_to(server, POST + b"\r\n").endswith(b"POST 0;")
        assert time.monotonic() - begun < 5


def test_stopping_finishes_what_runs_and_waits_for_no_dripper(gunicorn):
    running, server = started(gunicorn)
    with dripping(*server, 10, "head", "nothing"), ThreadPoolExecutor(1) as pool:
        slow = pool.submit(answer_to, server, b"GET /slow" + HOST + b"\r\n")
        time.sleep(0.2)
        running.process.send_signal(signal.SIGTERM)
        assert slow.result().endswith(b"GET 0;")
        assert running.process.wait(timeout=15) == 0


STREAM = b"GET /stream" + HOST + b"\r\n"


def test_a_stream_comes_as_it_is_told_and_goes_with_its_client(gunicorn):
    """Security row 77: threads that stream are free again when nobody listens."""
    _, server = started(gunicorn)
    for _ in range(4):
        # Two threads have all of these to do.
        with socket.create_connection(server, timeout=30) as client:
            client.sendall(STREAM)
            heard = b""
            while b"begun\n" not in heard:
                heard += client.recv(4096)
            assert b"Transfer-Encoding: chunked" in heard
    begun = time.monotonic()
    assert answer_to(server, POST + b"\r\n").endswith(b"POST 0;")
    assert time.monotonic() - begun < 3


def test_a_stream_ends_when_the_worker_stops(gunicorn):
    running, server = started(gunicorn)
    with socket.create_connection(server, timeout=30) as client:
        client.sendall(STREAM)
        assert b"HTTP/1.1 200" in client.recv(4096)
        begun = time.monotonic()
        running.process.send_signal(signal.SIGTERM)
        heard = b""
        while data := client.recv(4096):
            heard += data
        assert heard.endswith(b"ended\n\r\n0\r\n\r\n")
        assert running.process.wait(timeout=15) == 0
        assert time.monotonic() - begun < 5


def test_a_refused_option_is_a_sentence(gunicorn):
    words = ("-k", "tests.server.brisk.Brisk", "tests.server.brisk:app")
    done = gunicorn.run(*words, "--certfile", __file__, "--keyfile", __file__)
    assert done.returncode != 0
    assert "speaks plain HTTP" in done.stderr
    assert "Traceback" not in done.stderr
