"""/wxa/checksession and /wxa/resetusersessionkey: who holds the live session key?"""

import hmac
from base64 import b64decode
from hashlib import sha256
from typing import Any

import pytest

from wxlogin.simulator import World
from wxlogin.simulator.world.mini_programs import SessionKey

from .conftest import MP2, OA, Program, Site, errcode

CHECK, RESET = "/wxa/checksession", "/wxa/resetusersessionkey"
DAY = 24 * 3600

# The key is the text as it came, the message is empty; a published key among them.
VECTORS = [
    (
        "4Mhn8IM6WGTk+g4X/5CnWA==",
        "c82f3004f6e55454afc620ecc2df838919b7dc7262ed6e410bb620f5ec1b306e",
    ),
    (
        "o0q0otL8aEzpcZL/FT9WsQ==",
        "46e043c5525c2d817c44be603d30837a808a1d930d038f6fdc3e62a201fed128",
    ),
    (
        "AAECAwQFBgcICQoLDA0ODw==",
        "75c022993d64e3ac224c1c9d6f2b4c6eb53f22f6c7aa6be94428577d11d12fd5",
    ),
]


def signed(session_key: str) -> str:
    return hmac.new(session_key.encode(), b"", sha256).hexdigest()


class Server:
    """A mini program's server that holds one person's key."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.session = program.signs_in()
        self.token = program.token()

    def asks(self, path: str = CHECK, **changes: str | None) -> dict[str, Any]:
        params = {
            "access_token": self.token,
            "openid": self.session["openid"],
            "signature": signed(self.session["session_key"]),
            "sig_method": "hmac_sha256",
        } | changes
        given = {k: v for k, v in params.items() if v is not None}
        return Site(self.program.client).asks(path, **given)


@pytest.fixture
def server(program: Program) -> Server:
    return Server(program)


@pytest.mark.fact(
    "`/wxa/checksession`: the signature with the key's text; 87009, 87007"
)
def test_the_live_key_is_good(server: Server) -> None:
    assert server.asks() == {"errcode": 0, "errmsg": "ok"}


@pytest.mark.parametrize(("key", "signature"), VECTORS)
@pytest.mark.fact(
    "`/wxa/checksession`: the signature with the key's text; 87009, 87007"
)
def test_the_signature_of_the_vectors(
    server: Server, world: World, key: str, signature: str
) -> None:
    programs = world.mini_programs
    programs._keys[server.program.appid, "xiaoming"] = SessionKey(
        key, world.now() + DAY
    )
    assert errcode(server.asks(signature=signature)) == 0
    for wrong in (
        signature.upper(),
        f" {signature}",
        hmac.new(b64decode(key), b"", sha256).hexdigest(),
        hmac.new(b"", key.encode(), sha256).hexdigest(),
    ):
        answer = server.asks(signature=wrong)
        assert answer["errmsg"].startswith("invalid signature rid: ")
        assert errcode(answer) == 87009


@pytest.mark.parametrize("path", [CHECK, RESET])
@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"access_token": None, "openid": None}, 41001),
        ({"access_token": "MARKER"}, 40014),
        ({"access_token": "98_" + "x" * 100}, 40001),
        ({"openid": None, "sig_method": None}, 41009),
        ({"openid": "oNobody"}, 40003),
        ({"sig_method": None, "signature": None}, 87008),
        ({"sig_method": "sha256"}, 87008),
        ({"signature": None}, 87009),
    ],
)
@pytest.mark.fact(
    "`/wxa/checksession`: the signature with the key's text; 87009, 87007"
)
def test_order_of_checks(
    server: Server, path: str, changes: dict[str, str | None], wanted: int
) -> None:
    assert errcode(server.asks(path, **changes)) == wanted


@pytest.mark.fact(
    "`/wxa/checksession`: the signature with the key's text; 87009, 87007"
)
def test_a_key_that_is_over(server: Server, world: World) -> None:
    world.advance(3 * DAY)
    answer = server.asks(access_token=server.program.token())
    assert errcode(answer) == 87007
    assert answer["errmsg"].startswith("session_key is not existd or expired rid: ")


def test_a_person_who_never_signed_in(server: Server, world: World) -> None:
    lihua = world.registry.ids_of(world.registry.person("lihua"))["openids"]["mp"]
    assert errcode(server.asks(openid=lihua)) == 87007


def test_a_login_may_end_the_key(server: Server, world: World) -> None:
    server.program.gets_code()
    assert errcode(server.asks()) == 0
    world.switch(rotate_session_key="always")
    server.program.gets_code()
    assert errcode(server.asks()) == 87009


def test_another_apps_token(
    server: Server, other_program: Program, world: World
) -> None:
    # The openid is nobody's there; an account has no such call at all.
    assert errcode(server.asks(access_token=other_program.token())) == 40003
    account = Program(server.program.client, "oa", OA)
    answer = server.asks(access_token=account.token())
    assert answer["errmsg"].startswith("api unauthorized rid: ")
    assert other_program.appid == MP2


def test_a_reset_gives_a_key_and_ends_the_old_one(server: Server, world: World) -> None:
    world.advance(DAY)
    server.token = server.program.token()
    answer = server.asks(RESET)
    assert list(answer) == ["errcode", "errmsg", "openid", "session_key"]
    assert answer["openid"] == server.session["openid"]
    assert len(b64decode(answer["session_key"])) == 16
    assert errcode(server.asks()) == 87009
    assert errcode(server.asks(RESET)) == 87009
    server.session = answer
    assert errcode(server.asks()) == 0


def test_a_reset_inherits_the_end(server: Server, world: World) -> None:
    world.advance(2 * DAY)
    server.token = server.program.token()
    server.session = server.asks(RESET)
    world.advance(DAY)
    server.token = server.program.token()
    assert errcode(server.asks()) == 87007


def test_frequent_resets_are_refused(server: Server, world: World) -> None:
    for _ in range(10):
        server.session = server.asks(RESET)
        assert errcode(server.session) == 0
        server.session.pop("errcode")
    assert errcode(server.asks(RESET)) == 45011
    assert errcode(server.asks()) == 0
    world.advance(60)
    assert errcode(server.asks(RESET)) == 0


def test_only_by_get(server: Server) -> None:
    for path in (CHECK, RESET):
        assert errcode(server.program.posts(path, {})) == 43001


def test_faults_for_one_person(server: Server, world: World) -> None:
    world.switch(("person", "lihua"), errcode={"errcode": -1})
    assert errcode(server.asks()) == 0
    world.switch(("person", "xiaoming"), errcode={"errcode": -1})
    assert errcode(server.asks()) == -1


def test_no_key_and_no_signature_is_noted(server: Server) -> None:
    new = server.asks(RESET)["session_key"]
    noted = server.program.client.get("/_sim/calls").text
    secrets = (
        new,
        server.session["session_key"],
        signed(server.session["session_key"]),
        server.token,
    )
    assert not [secret for secret in secrets if secret in noted]
