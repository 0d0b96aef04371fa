"""A mini program's code on a PC and the simulated phone, in a real browser."""

from collections.abc import Callable
from io import BytesIO

import zxingcpp
from flask.testing import FlaskClient
from PIL import Image
from playwright.sync_api import Page, expect

from tests.simulator.conftest import MP, Program, errcode
from wxlogin.simulator import create_simulator
from wxlogin.simulator.server import SimulatorServer
from wxlogin.simulator.world.ids import openid

PATH = "/wxa/getwxacodeunlimit"


def test_scan_a_code_and_sign_in(
    window: Callable[..., Page], simulator: SimulatorServer
) -> None:
    """The camera learns of a code by itself; what wx gives is good at the server."""
    server = create_simulator(simulator.world).test_client()
    program = Program(server)
    phone = window(width=390, height=844)
    phone.goto(f"{simulator.url}/phone?person=xiaoming")
    expect(phone.locator("[data-launch]")).to_have_count(0)
    link = read(make(server, program, "k3J9a&b"))
    phone.locator("[data-launch]").click()
    expect(phone.locator("[data-scene]")).to_have_attribute("data-scene", "k3J9a&b")
    phone.click("[data-call=login]")
    code = phone.locator("[data-code]").get_attribute("data-code")
    assert program.exchanges(code)["openid"] == openid(MP, "xiaoming")
    phone.click("[data-call=phone-deny]")
    expect(phone.locator("[data-answer]")).to_contain_text("fail user deny")
    # A real phone's camera, which belongs to nobody yet.
    other = window(width=390, height=844)
    other.goto(simulator.url + link)
    other.click("[data-person=lihua]")
    expect(other.locator("[data-me]")).to_have_attribute("data-me", "lihua")
    expect(other.locator("[data-scene]")).to_have_attribute("data-scene", "k3J9a&b")
    other.click("[data-call=login]")
    code = other.locator("[data-code]").get_attribute("data-code")
    assert program.exchanges(code)["openid"] == openid(MP, "lihua")
    assert errcode(program.exchanges(code)) == 40163


def make(server: FlaskClient, program: Program, scene: str) -> bytes:
    given = {"scene": scene, "page": "pages/scan/scan"}
    token = {"access_token": program.token()}
    return server.post(PATH, json=given, query_string=token).data


def read(picture: bytes) -> str:
    """Path and query of the link in the code."""
    (found,) = zxingcpp.read_barcodes(Image.open(BytesIO(picture)))
    text: str = found.text
    return text.removeprefix("http://localhost")
