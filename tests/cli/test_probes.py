"""Bytes that two servers in a row could read in two ways, sent to `wxlogin run`.

Security rows 99 and 100. Each probe carries a second request in what another reading
would take for its rest; whoever believes that reading answers twice.
"""

import re
import socket

import pytest

from tests.cli.commands import Commands, free_port

SECOND = "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
POST = "POST /logout HTTP/1.1\r\nHost: 127.0.0.1\r\n"
CHUNKED = f"0\r\n\r\n{SECOND}"


def _length(text: str) -> str:
    return f"Content-Length: {len(text)}\r\n"


SMUGGLED = {
    "length and chunked": POST
    + _length(CHUNKED)
    + f"Transfer-Encoding: chunked\r\n\r\n{CHUNKED}",
    "chunked and length": POST
    + f"Transfer-Encoding: chunked\r\n{_length(CHUNKED)}\r\n{CHUNKED}",
    "two lengths": POST + f"Content-Length: 0\r\n{_length(SECOND)}\r\n{SECOND}",
    "a list of lengths": POST + f"Content-Length: 0, {len(SECOND)}\r\n\r\n{SECOND}",
    "a signed length": POST + f"Content-Length: +{len(SECOND)}\r\n\r\n{SECOND}",
    "a length below none": POST + f"Content-Length: -1\r\n\r\n{SECOND}",
    "a length in hexadecimal": POST
    + f"Content-Length: 0x{len(SECOND):x}\r\n\r\n{SECOND}",
    "a space before the colon": POST + f"Content-Length : 0\r\n\r\n{SECOND}",
    "a folded line": POST + f"Transfer-Encoding:\r\n chunked\r\n\r\n{CHUNKED}",
    "an unknown coding": POST + f"Transfer-Encoding: xchunked\r\n\r\n{CHUNKED}",
    "chunked twice": POST + f"Transfer-Encoding: chunked, chunked\r\n\r\n{CHUNKED}",
    "chunked is not last": POST
    + f"Transfer-Encoding: chunked, identity\r\n\r\n{CHUNKED}",
    "line feeds only": POST.replace("\r\n", "\n") + f"Content-Length: 0\n\n{SECOND}",
    "a chunk of a strange size": POST
    + f"Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n{SECOND}",
    "a NUL in a name": POST + f"Content-Length\0: 0\r\n\r\n{SECOND}",
    "two hosts": "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.test\r\n\r\n",
}
TOO_LARGE = {
    "a header of 64 kB": (f"GET / HTTP/1.1\r\nX: {'a' * 65536}\r\n\r\n", {"431"}),
    "200 headers": ("GET / HTTP/1.1\r\n" + "X: a\r\n" * 200 + "\r\n", {"431"}),
    "an address of 64 kB": (f"GET /{'a' * 65536} HTTP/1.1\r\n\r\n", {"414"}),
    "a body of 2 MB": (f"{POST}Content-Length: 2000000\r\n\r\n", {"403", "413"}),
}


@pytest.fixture(scope="module")
def port(tmp_path_factory) -> int:
    """Where a service runs that listens without a proxy."""
    commands = Commands(tmp_path_factory.mktemp("probes"))
    port = free_port()
    commands.environment |= {"PORT": str(port), "WXLOGIN_SIMULATOR": "on"}
    commands.migrate()
    running = commands.start("run")
    running.says("Booting worker")
    yield port
    commands.stop_all()


@pytest.mark.parametrize("probe", SMUGGLED.values(), ids=SMUGGLED)
def test_an_ambiguous_request_is_refused_once(port, probe):
    assert [status[0] for status in answers(port, probe)] in (["4"], ["5"])


@pytest.mark.parametrize(("probe", "wanted"), TOO_LARGE.values(), ids=TOO_LARGE)
def test_what_is_too_large_is_refused(port, probe, wanted):
    assert set(answers(port, probe)) <= wanted


def answers(port: int, probe: str) -> list[str]:
    """The status of every answer on this connection, until the server is done."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        received = b""
        try:
            connection.sendall(probe.encode("latin-1"))
            connection.shutdown(socket.SHUT_WR)
            while more := connection.recv(65536):
                received += more
        except ConnectionError:
            # It hung up before it had read all that was sent.
            pass
    return re.findall(r"^HTTP/1\.[01] (\d{3})", received.decode("latin-1"), re.M)
