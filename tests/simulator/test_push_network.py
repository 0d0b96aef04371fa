"""A push on the wire: one deadline for all of it, no redirects, no second reading."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

import pytest

from wxlogin.simulator.world.push_letter import Letter
from wxlogin.simulator.world.push_post import NoAnswer, post

OK = b"HTTP/1.1 200 OK\r\n"


@contextmanager
def server(
    answer: Callable[[socket.socket, Event], None],
) -> Iterator[tuple[str, list[bytes]]]:
    """A server of one request; what it read is in the list."""
    heard: list[bytes] = []
    over = Event()

    def serve() -> None:
        connection, _ = listening.accept()
        with connection:
            heard.append(_request(connection))
            try:
                answer(connection, over)
            except OSError:
                pass

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/oa?a=1", heard
        finally:
            over.set()
            thread.join(2)


def _request(connection: socket.socket) -> bytes:
    read = b""
    while not read.endswith(b"<xml/>"):
        read += connection.recv(65536)
    return read


def says(data: bytes) -> Callable[[socket.socket, Event], None]:
    return lambda connection, _: connection.sendall(data)


def letter(url: str) -> Letter:
    return Letter("POST", url, b"<xml/>", "text/xml")


def test_what_is_sent_and_read() -> None:
    with server(says(OK + b"X-A: b\r\n\r\nsuccess")) as (url, heard):
        answer = post(letter(url), 5)
    assert (answer.status, answer.body) == (200, b"success")
    assert answer.headers == {"x-a": "b"}
    head, body = heard[0].split(b"\r\n\r\n")
    assert head.startswith(b"POST /oa?a=1 HTTP/1.1\r\n")
    assert b"User-Agent: Mozilla/4.0" in head
    assert b"Content-Type: text/xml" in head
    assert body == b"<xml/>"


def test_a_redirect_is_not_followed() -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n"
    with server(says(moved)) as (url, _):
        assert post(letter(url), 5).status == 302


def silent(connection: socket.socket, over: Event) -> None:
    over.wait(2)


def drip_headers(connection: socket.socket, over: Event) -> None:
    connection.sendall(OK)
    while not over.wait(0.02):
        connection.sendall(b"X")


def drip_body(connection: socket.socket, over: Event) -> None:
    connection.sendall(OK + b"\r\nsuccess")
    while not over.wait(0.02):
        connection.sendall(b" ")


@pytest.mark.parametrize("answer", [silent, drip_headers, drip_body])
def test_one_deadline_for_all_of_it(
    answer: Callable[[socket.socket, Event], None],
) -> None:
    with server(answer) as (url, _), pytest.raises(NoAnswer, match=r"within 0\.1 s"):
        post(letter(url), 0.1)


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}/"
    with pytest.raises(NoAnswer, match="Refused"):
        post(letter(url), 5)


@pytest.mark.parametrize("data", [b"", b"nonsense\r\n\r\n"])
def test_no_http(data: bytes) -> None:
    with server(says(data)) as (url, _), pytest.raises(NoAnswer):
        post(letter(url), 5)
