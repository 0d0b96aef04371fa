"""What WeChat checks in the link of a page inside it, and in which order."""

import pytest
from flask.testing import FlaskClient

from wxlogin.simulator import World
from wxlogin.simulator.world.consent_link import TEXTS, returned_state
from wxlogin.simulator.world.seed import COMPONENT
from wxlogin.wechat.endpoints import Hosts, authorize_url

from .conftest import H5_CALLBACK, MOBILE, OA, WEB, Account, consent_link

MINI = "wx0000000000000a03"


def swapped(first: str, second: str) -> str:
    """The good link with two of its parameters in each other's place."""
    path, _, rest = consent_link().partition("?")
    query, _, fragment = rest.partition("#")
    pairs = query.split("&")
    names = [pair.partition("=")[0] for pair in pairs]
    i, j = names.index(first), names.index(second)
    pairs[i], pairs[j] = pairs[j], pairs[i]
    return f"{path}?{'&'.join(pairs)}#{fragment}"


def test_our_own_link_is_a_good_one(account: Account) -> None:
    link = authorize_url(
        Hosts(open="http://localhost:5001"),
        appid=OA,
        redirect_uri=H5_CALLBACK,
        state="S",
        scope="snsapi_base",
    )
    assert "redirect" in account.visited(link)


@pytest.mark.parametrize(
    "more", ["forcePopup", "forceSnapShot", "component_appid", "connect_redirect"]
)
def test_what_may_stand_behind_the_state(account: Account, more: str) -> None:
    value = COMPONENT if more == "component_appid" else "1"
    assert "redirect" in account.visited(consent_link(**{more: value}))


ODD = [
    (swapped("appid", "redirect_uri"), "appid"),
    (swapped("scope", "state"), "scope"),
    (swapped("response_type", "scope"), "scope"),
    (consent_link().replace("appid=", "AppID="), "AppID"),
    (consent_link().replace("redirect_uri=", "redirect_URI="), "redirect_URI"),
    (consent_link(forcepopup="true"), "forcepopup"),
    (consent_link(forceSnapShot="true", forcePopup="true"), "forcePopup"),
    (consent_link(response_type=None), "scope"),
    (consent_link(response_type="token"), "response_type=token"),
    (consent_link(utm_source="x"), "utm_source"),
    (consent_link().replace("scope=", "appid=x&scope="), "appid"),
    ("/connect/oauth2/authorize?appid=x#wechat_redirect", "response_type"),
    ("/connect/oauth2/authorize#wechat_redirect", ""),
]


@pytest.mark.parametrize(("link", "at"), ODD)
@pytest.mark.fact("a wrong order or a missing fragment is refused inside WeChat")
def test_another_order_is_no_link_to_wechat(
    account: Account, caplog: pytest.LogCaptureFixture, link: str, at: str
) -> None:
    """Its browser stays blank; who drives the simulator learns the reason."""
    outcome = account.visited(link)
    assert (outcome["page"], outcome["code"]) == ("blank", None)
    assert (outcome["why"], outcome["at"]) == ("order", at)
    assert outcome["switch"] == "link_check=off"
    assert outcome["source"].startswith("https://developers.weixin.qq.com/")
    (line,) = caplog.messages
    assert line.startswith("refused: /connect/oauth2/authorize")
    assert outcome["rule"] in line
    assert "link_check=off" in line


@pytest.mark.parametrize("link", [link for link, _ in ODD[:4]] + [ODD[7][0]])
@pytest.mark.fact("a wrong order or a missing fragment is refused inside WeChat")
def test_odd_links_pass_where_the_switch_says_so(
    account: Account, world: World, link: str
) -> None:
    """Some were seen to work (docs/wechat.md)."""
    world.switch(("app", "lone"), link_check="off")
    assert "redirect" not in account.visited(link)
    world.switch(link_check="fragment_optional")
    assert account.visited(link)["why"] == "order"
    world.switch(link_check="off")
    # A name in another letter case is still none of WeChat's.
    wrong_case = {"AppID": 10012, "redirect_URI": 10011}
    codes = [code for name, code in wrong_case.items() if f"{name}=" in link]
    outcome = account.visited(link.partition("#")[0])
    assert outcome.get("code") == codes[0] if codes else "redirect" in outcome


@pytest.mark.fact("a wrong order or a missing fragment is refused inside WeChat")
def test_the_fragment_alone_may_be_missing(account: Account, world: World) -> None:
    world.switch(("app", "oa"), link_check="fragment_optional")
    link = consent_link().partition("#")[0]
    assert "redirect" in account.visited(link)
    assert account.visited(link + "#else")["redirect"]


@pytest.mark.fact("inside WeChat an empty state is 10013, or comes back")
def test_an_empty_state_passes_where_the_switch_says_so(
    account: Account, world: World
) -> None:
    assert account.visited(consent_link(state=""))["switch"] == "empty_state=true"
    world.switch(empty_state=True)
    assert account.visited(consent_link(state=""))["redirect"].endswith("&state=")


@pytest.mark.fact(
    "inside WeChat an appid of the open platform is 10016, or the page about the scope"
)
def test_an_appid_of_the_open_platform_has_two_readings(
    account: Account, world: World
) -> None:
    world.switch(appid_10016="scope")
    outcome = account.visited(consent_link(appid=WEB))
    assert outcome["page"] == "Scope 参数错误或没有 Scope 权限"
    assert outcome["code"] is None


@pytest.mark.parametrize("fragment", ["", "#", "#wechat_webview_type=1", "#/route"])
@pytest.mark.fact("a wrong order or a missing fragment is refused inside WeChat")
def test_the_fragment_must_be_there(account: Account, fragment: str) -> None:
    link = consent_link().partition("#")[0] + fragment
    assert account.visited(link)["why"] == "fragment"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"appid": ""}, 10012),
        ({"appid": None}, 10012),
        ({"redirect_uri": ""}, 10011),
        ({"redirect_uri": None}, 10011),
        ({"scope": ""}, 10010),
        ({"scope": None}, 10010),
        ({"state": ""}, 10013),
        ({"appid": "", "redirect_uri": "", "state": ""}, 10012),
        ({"redirect_uri": "", "scope": "", "state": ""}, 10011),
        ({"appid": WEB}, 10016),
        ({"appid": MOBILE}, 10016),
        ({"appid": MINI}, 10005),
        ({"scope": "snsapi_login"}, 10005),
        ({"scope": "snsapi_base,snsapi_userinfo"}, 10005),
        ({"redirect_uri": "http://www.localhost/cb"}, 10003),
        ({"redirect_uri": "http://evil.test/cb"}, 10003),
        ({"redirect_uri": "http://127.0.0.1@evil.test/cb"}, 10003),
        ({"redirect_uri": "ftp://127.0.0.1/cb"}, 10003),
        ({"redirect_uri": "/cb"}, 10003),
        ({"appid": "wxffffffffffffffff"}, None),
        ({"state": "a" * 129}, None),
    ],
)
def test_error_pages(
    account: Account, changes: dict[str, str | None], code: int | None
) -> None:
    outcome = account.visited(consent_link(**changes))
    assert outcome["code"] == code
    assert outcome["rule"]
    assert outcome["source"]
    if code:
        assert outcome["page"] == TEXTS[code]
    else:
        assert outcome["page"] in ("AppID 参数错误", "state 参数过长")


def test_the_account_is_looked_at_before_scope_and_host(account: Account) -> None:
    wrong = {"scope": "x", "redirect_uri": "http://evil.test/", "state": "a" * 200}
    assert account.visited(consent_link(**wrong, appid=WEB))["code"] == 10016
    assert account.visited(consent_link(**wrong))["code"] == 10005
    del wrong["scope"]
    assert account.visited(consent_link(**wrong))["code"] == 10003


def test_an_account_without_the_scope(account: Account) -> None:
    """An account that is not a verified service account."""
    account.client.put("/_sim/apps", json={"name": "oa", "scopes": ["snsapi_base"]})
    assert account.visited()["code"] == 10005
    assert "redirect" in account.visited(consent_link(scope="snsapi_base"))
    wrong = {"name": "oa", "scopes": ["snsapi_login"]}
    assert account.client.put("/_sim/apps", json=wrong).status_code == 400


@pytest.mark.fact("the callback domain is a bare host, compared as a whole")
def test_a_callback_domain_covers_its_own_host_only(client: FlaskClient) -> None:
    app = {"name": "oa", "callback_domains": ["www.qq.com"]}
    client.put("/_sim/apps", json=app)
    account = Account(client)
    for host, good in {
        "www.qq.com": True,
        "WWW.QQ.COM": True,
        "qq.com": False,
        "pay.qq.com": False,
        "www.qq.com.evil.test": False,
    }.items():
        outcome = account.visited(consent_link(redirect_uri=f"https://{host}/cb"))
        assert ("redirect" in outcome) is good, host


@pytest.mark.parametrize("code", [10004, 10006, 10009, 10015, 10038])
@pytest.mark.fact("10004, 10006, 10009, 10015, 10038")
def test_an_error_by_choice(account: Account, world: World, code: int) -> None:
    world.switch(("app", "oa"), authorize_error=code)
    assert account.visited()["code"] == code
    assert "redirect" in account.visited(consent_link(appid="wx0000000000000a06"))


@pytest.mark.parametrize("value", [10003, 1, True, "10004"])
def test_errors_that_a_link_brings_about_are_no_switch(
    client: FlaskClient, value: object
) -> None:
    answer = client.put("/_sim/switches", json={"authorize_error": value})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("sent", "returned"),
    [
        ("aZ09", "aZ09"),
        ("a" * 128, "a" * 128),
        ("a-b_c.d", "a-b_c.d"),
        ('{"a": 1,"b": 2}', "{a:+1,b:+2}"),
        ("a&b=c#d%e", "a%26b%3Dc%23d%25e"),
        ("<i>", "i"),
        ("中", "%E4%B8%AD"),
        ("", ""),
    ],
)
@pytest.mark.fact(
    "`state` comes back unchanged; inside WeChat at most 128 bytes, other "
    "characters altered"
)
def test_how_a_state_comes_back(sent: str, returned: str) -> None:
    assert returned_state(sent) == returned


@pytest.mark.fact(
    "`state` comes back unchanged; inside WeChat at most 128 bytes, other "
    "characters altered"
)
def test_a_state_is_measured_in_bytes(account: Account) -> None:
    assert account.visited(consent_link(state="中" * 43))["page"] == "state 参数过长"
    assert "redirect" in account.visited(consent_link(state="中" * 42))


def test_a_state_left_out_comes_back_empty(account: Account) -> None:
    """It is documented as optional; only an empty one is an error."""
    url = account.visited(consent_link(state=None))["redirect"]
    assert url.endswith("&state=")


@pytest.mark.parametrize(
    ("host", "good"),
    [
        ("https://open.weixin.qq.com", True),
        ("http://127.0.0.1:5001", True),
        ("http://open.weixin.qq.com", False),
        ("https://evil.example", False),
        ("https://open.weixin.qq.com.evil.example", False),
        ("https://api.weixin.qq.com", False),
        ("https:", False),
    ],
)
def test_a_link_leads_to_wechat_or_here(
    client: FlaskClient, host: str, good: bool
) -> None:
    """A client that builds a wrong host must not pass its tests."""
    given = {"url": host + consent_link(), "person": "xiaoming"}
    answer = client.post("/_sim/authorize", json=given)
    assert answer.status_code == (200 if good else 400)
    if not good:
        assert "https://open.weixin.qq.com" in answer.get_json()["error"]
    page = client.get("/phone/authorize", query_string=given | {"link": given["url"]})
    assert (page.status_code == 400) is not good
    opened = client.post("/phone/browser", data=given)
    onward = opened.headers.get("Location", "")
    assert onward.startswith("/phone/authorize") is good


@pytest.mark.parametrize("url", ["", "http://[", "https://s.test/login", 5, None])
def test_another_url_is_a_mistake_of_the_caller(
    client: FlaskClient, url: object
) -> None:
    given = {"url": url, "person": "xiaoming"}
    answer = client.post("/_sim/authorize", json=given)
    assert answer.status_code == 400
    assert "url" in answer.get_json()["error"]
