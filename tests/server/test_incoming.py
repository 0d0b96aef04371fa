"""When a request is whole: in any pieces the same as at once."""

import time
from types import SimpleNamespace

import pytest
from gunicorn.config import Config
from gunicorn.http import errors

from wxlogin.server.incoming import BODY_BYTES, HEAD_BYTES, Incoming

GET = b"GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


def arriving(*pieces: bytes) -> Incoming:
    """A connection on which these pieces come, one with each `receive`."""
    left = [*pieces]
    sock = SimpleNamespace(recv=lambda _: left.pop(0) if left else b"")
    return Incoming(Config(), sock, ("127.0.0.1", 1))


def requests(incoming: Incoming) -> list[tuple[str, bytes]]:
    """Method and body of each request that becomes whole."""
    found = []
    while incoming.receive():
        while (request := incoming.whole(0)) is not None:
            found.append((request.method, request.body.read()))
    return found


WHOLE = {
    "no body": (GET, b""),
    "two at once": (GET + GET, b""),
    "an empty line before": (b"\r\n" + GET, b""),
    "a length": (POST + b"Content-Length: 5\r\n\r\nhello", b"hello"),
    "a length of nothing": (POST + b"Content-Length: 0\r\n\r\n", b""),
    "chunks": (CHUNKED + b"3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", b"hello"),
    "no chunk": (CHUNKED + b"0\r\n\r\n", b""),
    "an extension": (CHUNKED + b"5;a=b\r\nhello\r\n0\r\n\r\n", b"hello"),
    "trailers": (CHUNKED + b"5\r\nhello\r\n0\r\nX-A: b\r\nX-C: d\r\n\r\n", b"hello"),
    "lines in chunks": (CHUNKED + b"4\r\n\r\n\r\n\r\n0\r\n\r\n", b"\r\n\r\n"),
    "the largest body": (
        POST + b"Content-Length: %d\r\n\r\n" % BODY_BYTES + b"a" * BODY_BYTES,
        b"a" * BODY_BYTES,
    ),
}


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_pieces_make_the_request_that_one_piece_makes(name, size):
    sent, body = WHOLE[name]
    pieces = [sent[at : at + size] for at in range(0, len(sent), size)]
    found = requests(arriving(*pieces))
    assert found == requests(arriving(sent))
    assert found[0][1] == body
    assert len(found) == (2 if name == "two at once" else 1)


@pytest.mark.parametrize("name", WHOLE)
def test_less_than_the_whole_is_no_request(name):
    sent, _ = WHOLE[name]
    assert len(requests(arriving(sent[:-1]))) == (1 if name == "two at once" else 0)


LENGTH = POST + b"Content-Length: 5\r\n"


@pytest.mark.parametrize(
    ("sent", "refusal"),
    [
        # security row 99: what two parsers could read in two ways.
        (LENGTH + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", errors.InvalidHeader),
        (LENGTH + b"Content-Length: 6\r\n\r\nhello", errors.InvalidHeader),
        (POST + b"Content-Length: +5\r\n\r\nhello", errors.InvalidHeader),
        (POST + b"Content-Length : 5\r\n\r\nhello", errors.InvalidHeaderName),
        (POST + b"Host: y\r\n\r\n", errors.InvalidHeader),
        (
            POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
            errors.InvalidHeader,
        ),
        (
            POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
            errors.UnsupportedTransferCoding,
        ),
        (POST + b"X-A: b\r\n c\r\n\r\n", errors.ObsoleteFolding),
        (GET.replace(b"\r\n", b"\n"), errors.InvalidRequestLine),
        (POST + b"X-A: b\nX-C: d\r\n", errors.InvalidRequestLine),
        (CHUNKED + b"+5\r\nhello\r\n0\r\n\r\n", errors.InvalidChunkSize),
        (CHUNKED + b"0x5\r\nhello\r\n0\r\n\r\n", errors.InvalidChunkSize),
        (CHUNKED + b"5_0\r\nhello\r\n0\r\n\r\n", errors.InvalidChunkSize),
        (CHUNKED + b"-1\r\nhello\r\n0\r\n\r\n", errors.InvalidChunkSize),
        (CHUNKED + b"\r\nhello\r\n0\r\n\r\n", errors.InvalidChunkSize),
        (CHUNKED + b"5\nhello\r\n0\r\n\r\n", errors.InvalidChunkSize),
        (CHUNKED + b"fffffffff\r\n", errors.InvalidChunkSize),
        (CHUNKED + b"5\r\nhelloXX0\r\n\r\n", errors.ChunkMissingTerminator),
        (CHUNKED + b"5;" + b"a" * 300, errors.InvalidChunkSize),
        # security row 100: sizes, also before the end has come.
        (b"GET /" + b"a" * 65536, errors.LimitRequestLine),
        (b"GET /" + b"a" * 65536 + b" HTTP/1.1\r\n\r\n", errors.LimitRequestLine),
        (b"a" * 5000, errors.LimitRequestLine),
        (POST + b"X-A: " + b"a" * 65536 + b"\r\n\r\n", errors.LimitRequestHeaders),
        (POST + b"X-A: " + b"a" * HEAD_BYTES, errors.LimitRequestHeaders),
        (POST + b"X-A: b\r\n" * 200 + b"\r\n", errors.LimitRequestHeaders),
        (POST + b"X-A: " + b"a" * 9000 + b"\r\n\r\n", errors.LimitRequestHeaders),
    ],
)
def test_what_is_no_request_is_refused(sent, refusal):
    for pieces in ([sent], [sent[at : at + 5] for at in range(0, len(sent), 5)]):
        with pytest.raises(refusal):
            requests(arriving(*pieces))


def test_a_body_that_is_too_large_is_not_waited_for():
    incoming = arriving(POST + b"Content-Length: 70000\r\n\r\nhello")
    incoming.receive()
    assert incoming.whole(time.monotonic()).method == "POST"
    assert incoming.unfinished


@pytest.mark.parametrize(
    "sent",
    [
        b"1ffff\r\n" + b"a" * (BODY_BYTES + 1),
        b"ffffffff\r\n" + b"a" * (BODY_BYTES + 1),
        (b"400\r\n" + b"a" * 1024 + b"\r\n") * 65,
    ],
)
def test_chunks_without_end_are_not_waited_for(sent):
    """By then the application has as many bytes as it reads, and need not wait."""
    incoming = arriving(CHUNKED + sent[:BODY_BYTES], sent[BODY_BYTES:])
    incoming.receive()
    assert incoming.whole(0) is None
    incoming.receive()
    found = incoming.whole(0)
    assert incoming.unfinished
    assert len(found.body.read(BODY_BYTES)) == BODY_BYTES


@pytest.mark.parametrize(
    "size", [b"10001", b"20000", b"fffff", b"7fffffff", b"FFFFFFFF", b"ffffffff;a=b"]
)
def test_a_chunk_that_is_only_announced_holds_no_thread(size):
    """security row 101: a hundred bytes kept a thread waiting for the rest."""
    incoming = arriving(CHUNKED + size + b"\r\n", *[b"a"] * 20)
    while incoming.receive():
        assert incoming.whole(0) is None
    assert not incoming.unfinished


@pytest.mark.parametrize(
    "framing",
    [
        b"1\r\na\r\n",
        b"1;" + b"a" * 200 + b"\r\na\r\n",
        b"0\r\n" + b"X-A: b\r\n" * 9000,
    ],
)
def test_chunks_that_are_all_framing_are_refused(framing):
    incoming = arriving(CHUNKED, *[framing] * 20_000)
    with pytest.raises(errors.InvalidChunkSize):
        while incoming.receive():
            assert incoming.whole(0) is None


@pytest.mark.parametrize(
    "sent",
    [
        POST + b"X-A: b\r\n" * 90,
        POST + b"X-A: " + b"a" * (HEAD_BYTES - 100),
        CHUNKED + b"1\r\na\r\n" * 10_000,
        CHUNKED + b"fff0\r\n" + b"a" * 65000,
    ],
)
def test_each_byte_is_looked_at_once(sent):
    """A byte at a time costs the loop no more for the last byte than the first."""
    pieces = [sent[at : at + 1] for at in range(len(sent))]
    incoming = arriving(*pieces)
    begun = time.process_time()
    while incoming.receive():
        assert incoming.whole(0) is None
    assert (time.process_time() - begun) / len(sent) < 0.0001
