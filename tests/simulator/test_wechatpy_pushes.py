"""wechatpy reads the simulator's pushes and answers them, over a real network."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Thread
from typing import Any

import pytest
from flask.testing import FlaskClient
from wechatpy import create_reply, parse_message
from wechatpy.crypto import WeChatCrypto
from wechatpy.utils import check_signature
from werkzeug import Request, Response
from werkzeug.serving import make_server

from wxlogin.simulator import World
from wxlogin.simulator.world.ids import openid
from wxlogin.simulator.world.seed import AES_KEY

from .conftest import OA

TOKEN = "token-of-oa"


@dataclass
class Shop:
    """An account's server, written with wechatpy; what it understood is in `read`."""

    crypto: WeChatCrypto = field(
        default_factory=lambda: WeChatCrypto(TOKEN, AES_KEY, OA)
    )
    read: list[Any] = field(default_factory=list)

    def __call__(self, environ: Any, start_response: Any) -> Any:
        return self._answer(Request(environ))(environ, start_response)

    def _answer(self, request: Request) -> Response:
        asked = request.args
        check_signature(TOKEN, asked["signature"], asked["timestamp"], asked["nonce"])
        if request.method == "GET":
            return Response(asked["echostr"])
        if "msg_signature" not in asked:
            return Response(self._reply(request.get_data(as_text=True)))
        proof = asked["msg_signature"], asked["timestamp"], asked["nonce"]
        plain = self.crypto.decrypt_message(request.get_data(as_text=True), *proof)
        return Response(self.crypto.encrypt_message(self._reply(plain), asked["nonce"]))

    def _reply(self, plain: str) -> str:
        message = parse_message(plain)
        self.read.append(message)
        return str(create_reply(f"{message.source} 你好", message).render())


@pytest.fixture
def shop(client: FlaskClient) -> Iterator[Shop]:
    shop = Shop()
    server = make_server("127.0.0.1", 0, shop)
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.port}/push"
    told = client.post("/_sim/push/verify", json={"appid": "oa", "push_url": url})
    assert told.get_json() == {"ok": True, "why": ""}
    yield shop
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("mode", ["plain", "compatible", "safe"])
def test_a_message_and_its_answer(
    client: FlaskClient, world: World, shop: Shop, mode: str
) -> None:
    world.switch(push_mode=mode)
    given = {"appid": "oa", "person": "lihua", "event": "text", "content": "在吗<&>"}
    done = client.post("/_sim/push", json=given).get_json()
    assert (done["outcome"], done["why"]) == ("reply", "")
    assert done["shown"] == f"{openid(OA, 'lihua')} 你好"
    (message,) = shop.read
    assert (message.type, message.content) == ("text", "在吗<&>")
    assert message.id > 2**53


def test_a_follow_by_a_code(client: FlaskClient, shop: Shop) -> None:
    given = {"appid": "oa", "person": "lihua", "event": "subscribe"}
    client.post("/_sim/push", json=given | {"key": "login_8f_2c", "ticket": "gQ=="})
    client.post("/_sim/push", json=given)
    by_code, plain = shop.read
    assert (by_code.event, by_code.scene_id) == ("subscribe_scan", "login_8f_2c")
    assert by_code.ticket == "gQ=="
    assert plain.event == "subscribe"
