"""At WeChat's real names: paths by host, and addresses that no request decides."""

import json
import re
from urllib.parse import quote

import pytest
import zxingcpp
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import Client

from wxlogin.simulator import World, create_simulator, hosts
from wxlogin.simulator.host_paths import by_http

from .conftest import CALLBACK, H5_CALLBACK, OA, WEB, code_of, uuid_in

OPEN = "https://open.weixin.qq.com"
API = "https://api.weixin.qq.com"
QR_PAGE = (
    f"/connect/qrconnect?appid={WEB}&redirect_uri={quote(CALLBACK, safe='')}"
    "&response_type=code&scope=snsapi_login&state=S1"
)
CONSENT = (
    f"/connect/oauth2/authorize?appid={OA}&redirect_uri={quote(H5_CALLBACK, safe='')}"
    "&response_type=code&scope=snsapi_userinfo&state=S1#wechat_redirect"
)


@pytest.fixture
def client(world: World) -> FlaskClient:
    """Everything at https, as WeChat's hosts are."""
    return create_simulator(world, hold_seconds=0, https_port=443).test_client()


@pytest.fixture
def uuid(client: FlaskClient) -> str:
    return uuid_in(client.get(QR_PAGE, base_url=OPEN).text)


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("open.weixin.qq.com", QR_PAGE),
        ("open.weixin.qq.com", "/phone"),
        ("open.weixin.qq.com", "/"),
        ("open.weixin.qq.com", "/_sim/apps"),
        ("open.weixin.qq.com", "/static/base.css"),
        ("lp.open.weixin.qq.com", "/connect/l/qrconnect?uuid=none"),
        ("long.open.weixin.qq.com", "/connect/l/qrconnect?uuid=none"),
        ("res.wx.qq.com", "/connect/zh_CN/htmledition/js/wxLogin.js"),
        ("thirdwx.qlogo.cn", "/mmopen/vi_32/none/132"),
        *((name, "/sns/auth") for name in hosts.API),
        ("localhost", "/sns/auth"),
        ("127.0.0.1", QR_PAGE),
    ],
)
def test_a_path_is_at_its_host(client: FlaskClient, host: str, path: str) -> None:
    answer = client.get(path, base_url=f"https://{host}")
    answer.close()
    # An avatar of nobody is the avatars' own 404.
    assert answer.status_code == (404 if "mmopen" in path else 200)


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("open.weixin.qq.com", "/sns/auth"),
        ("open.weixin.qq.com", "/connect/l/qrconnect"),
        ("open.weixin.qq.com", "/connect/zh_CN/htmledition/js/wxLogin.js"),
        ("lp.open.weixin.qq.com", "/connect/qrconnect"),
        ("lp.open.weixin.qq.com", "/_sim/apps"),
        ("res.wx.qq.com", "/connect/qrconnect"),
        ("mp.weixin.qq.com", "/cgi-bin/token"),
        ("wx.qlogo.cn", "/phone"),
    ],
)
def test_it_is_at_no_other(client: FlaskClient, host: str, path: str) -> None:
    assert client.get(path, base_url=f"https://{host}").status_code == 404


@pytest.mark.parametrize("path", ["/connect/qrconnect", "/cgi-bin/showqrcode", "/_sim"])
def test_the_hosts_of_calls_have_an_error_of_their_own(
    client: FlaskClient, path: str
) -> None:
    answer = client.get(path, base_url=API)
    assert answer.status_code == 200
    assert json.loads(answer.data)["errcode"] == 40066


def test_a_foreign_name_is_still_refused(client: FlaskClient) -> None:
    assert client.get("/", base_url="https://evil.test").status_code == 400
    assert client.get("/", base_url="https://weixin.qq.com").status_code == 400


def test_one_origin_does_not_answer_to_wechats_names() -> None:
    client = create_simulator().test_client()
    assert client.get("/phone", base_url=OPEN).status_code == 400


@pytest.mark.parametrize("asked", [OPEN, "http://localhost:8443"])
def test_the_code_holds_wechats_address(
    client: FlaskClient, uuid: str, asked: str, tmp_path
) -> None:
    picture = tmp_path / "code.jpg"
    picture.write_bytes(client.get(f"/connect/qrcode/{uuid}", base_url=asked).data)
    with Image.open(picture) as image:
        [found] = zxingcpp.read_barcodes(image)
    assert found.text == f"{OPEN}/connect/confirm?uuid={uuid}"


def test_the_page_polls_where_wechat_does(client: FlaskClient) -> None:
    page = client.get(QR_PAGE, base_url=OPEN)
    assert 'fordevtool = "https://lp.open.weixin.qq.com/connect/l/' in page.text
    policy = page.headers["Content-Security-Policy"]
    assert "script-src 'nonce-" in policy
    assert " 'self' https://lp.open.weixin.qq.com;" in policy


def test_the_script_frames_the_open_platform(client: FlaskClient) -> None:
    path = "/connect/zh_CN/htmledition/js/wxLogin.js"
    script = client.get(path, base_url="https://res.wx.qq.com").text
    assert f'"{OPEN}/connect/qrconnect"' in script
    assert f'event.origin !== "{OPEN}"' in script


@pytest.mark.parametrize("asked", [API, "https://sh.api.weixin.qq.com"])
def test_a_profiles_picture_is_at_its_host(
    client: FlaskClient, uuid: str, asked: str
) -> None:
    for act in ("scan", "confirm"):
        told = client.post(
            f"/_sim/{act}", json={"uuid": uuid, "person": "xiaoming"}, base_url=OPEN
        ).get_json()
    query = {"appid": WEB, "secret": "secret-of-web", "code": code_of(told["redirect"])}
    query["grant_type"] = "authorization_code"
    grant = json.loads(
        client.get("/sns/oauth2/access_token", query_string=query, base_url=asked).data
    )
    query = {name: grant[name] for name in ("access_token", "openid")}
    answer = client.get("/sns/userinfo", query_string=query, base_url=asked)
    url = json.loads(answer.data)["headimgurl"]
    assert re.fullmatch(r"https://thirdwx\.qlogo\.cn/mmopen/vi_32/\w+/132", url)
    assert client.get(url).mimetype == "image/jpeg"


@pytest.mark.parametrize(
    "place",
    ["https://evil.example", "http://open.weixin.qq.com", API, "https://localhost"],
)
def test_a_consent_link_to_another_host_is_none(
    client: FlaskClient, place: str
) -> None:
    """A client that writes a wrong host learns it here and not in production."""
    given = {"url": place + CONSENT, "person": "xiaoming"}
    answer = client.post("/_sim/authorize", json=given, base_url=OPEN)
    assert answer.status_code == 400
    assert OPEN in answer.get_json()["error"]
    page = client.get(
        "/phone/authorize",
        query_string={"link": given["url"], "person": "xiaoming"},
        base_url=OPEN,
    )
    assert page.status_code == 400
    right = client.post(
        "/_sim/authorize", json=given | {"url": OPEN + CONSENT}, base_url=OPEN
    )
    assert "code=" in right.get_json()["redirect"]


def test_pages_show_pictures_from_where_they_are(client: FlaskClient) -> None:
    """A browser that opens localhost may not know WeChat's names."""
    assert (
        'src="https://thirdwx.qlogo.cn/mmopen/' in client.get("/", base_url=OPEN).text
    )
    assert 'src="/mmopen/' in client.get("/", base_url="https://localhost").text


def test_another_port_is_written(world: World) -> None:
    client = create_simulator(world, https_port=8443).test_client()
    assert f"{OPEN}:8443</code>" in client.get("/", base_url=f"{OPEN}:8443").text


def test_behind_tls_of_somebody_else_pages_may_act(world: World) -> None:
    """The public origin is ours, though the request itself came by http."""
    app = create_simulator(world, public_origin="https://wx.test")
    client = app.test_client()
    for origin, status in (("https://wx.test", 200), ("https://evil.test", 403)):
        answer = client.post(
            "/_sim/reset",
            json={},
            headers={"Host": "wx.test", "Origin": origin},
        )
        assert answer.status_code == status


@pytest.mark.parametrize(
    ("host", "path", "method", "code"),
    [
        ("open.weixin.qq.com", QR_PAGE, "GET", 302),
        ("OPEN.weixin.qq.com", "/phone", "HEAD", 302),
        ("open.weixin.qq.com", "/_sim/reset", "POST", 307),
        ("res.wx.qq.com", "/connect/zh_CN/htmledition/js/wxLogin.js", "GET", 200),
        ("api.weixin.qq.com", "/sns/auth", "GET", 200),
        ("thirdwx.qlogo.cn", "/phone", "GET", 404),
        ("localhost", "/_sim/clock", "GET", 200),
    ],
)
def test_by_http_pages_lead_to_https(
    client: FlaskClient, host: str, path: str, method: str, code: int
) -> None:
    plain = Client(by_http(client.application))
    answer = plain.open(path, method=method, base_url=f"http://{host}")
    answer.close()
    assert answer.status_code == code
    led = f"{OPEN}{path}" if code in (302, 307) else None
    assert answer.headers.get("Location") == led


def test_by_http_nothing_is_written_otherwise(client: FlaskClient) -> None:
    plain = Client(by_http(client.application))
    script = "/connect/zh_CN/htmledition/js/wxLogin.js"
    told = plain.get(script, base_url="http://res.wx.qq.com")
    assert '"https://open.weixin.qq.com/connect' in told.text
