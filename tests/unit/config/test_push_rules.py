"""Where an app's pushes may be passed on to."""

import pytest

from tests.unit.config.conftest import GOOD

OA = {
    "name": "oa",
    "kind": "official_account",
    "appid": "wx1234567890abcde0",
    "secret": "1f0e2d3c4b5a69788796a5b4c3d2e1f0",
    "token": "Zz9abc",
}
THERE = "https://crm.shop.example/wechat"
HERE = "https://login.shop.example"


def apps(**changes):
    rest = {"oa_rest": "forward", "forward_url": THERE}
    return [GOOD["apps"][0].model_dump(), {**OA, **rest, **changes}]


def test_another_system_is_taken(started):
    assert started(apps=apps()).apps[1].forward_url == THERE
    beside = "https://login.shop.example:8443/wechat"
    assert started(apps=apps(forward_url=beside)).apps[1].forward_url == beside
    for url in ("http://crm:8080/oa", "http://127.0.0.1:8080/oa"):
        given = apps(forward_url=url, forward_inside=True)
        assert started(apps=given).apps[1].forward_url == url


@pytest.mark.parametrize(
    "url",
    [
        *(f"{HERE}/oa/oa", f"{HERE}/anything", HERE, "http://login.shop.example/oa/oa"),
        *("https://LOGIN.shop.example./oa/oa", f"{HERE}:443/", f"{HERE}:80/"),
        *("https://ｌｏｇｉｎ.shop.example/oa/oa", "http://127.0.0.1:5000/oa/oa"),
        *(
            "http://localhost:9000/oa/oa/",
            "http://0x7f.1/oa/%6fa",
            "http://[::1]/oa/oa",
        ),
        *("http://0.0.0.0:5000//x/../oa/oa?a=b", "http://login.localhost/oa/./oa"),
    ],
)
def test_an_address_of_ours_is_refused_in_any_spelling(refused, url):
    """security row 87a"""
    says = refused(apps=apps(forward_url=url, forward_inside=True))
    assert "is an address of this service" in says


@pytest.mark.parametrize(
    ("path", "is_ours"),
    [
        *(("/wx/oa/oa", True), ("/crm/../wx/oa/oa", True), ("/%77x/", True)),
        *(("/wx", True), ("/wxy", False), ("/crm", False), ("/", False)),
    ],
)
def test_below_a_path_only_that_is_ours(started, refused, path, is_ours):
    given = {
        "public_url": "https://shop.example/wx",
        "apps": apps(forward_url=f"https://shop.example{path}"),
    }
    if is_ours:
        assert "of this service" in refused(**given)
    else:
        started(**given)


def test_on_ones_own_machine_its_names_are_one(refused):
    says = refused(
        public_url="http://127.0.0.1:5000",
        env="development",
        apps=apps(forward_url="http://localhost:5000/crm"),
    )
    assert "of this service" in says


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"forward_url": "http://crm.shop.example/"}, "is not https"),
        ({"forward_url": "ftp://crm.shop.example/"}, "whole URL"),
        ({"forward_url": "https://a:b@crm.shop.example/"}, "user name"),
        ({"forward_url": None}, "go together"),
        ({"oa_rest": "quiet"}, "needs oa_rest"),
        ({"oa_rest": "customer_service"}, "go together"),
        ({"oa_rest": "anybody"}, "oa_rest"),
        ({"token": None}, "that has a token"),
        ({"kind": "website"}, "that has a token"),
        ({"forward_aes_key": "a" * 43}, "needs a forward_token"),
        ({"forward_token": "t", "forward_aes_key": "a" * 41}, "43 letters"),
        ({"forward_token": "a b"}, "blank at place 2"),
    ],
)
def test_start_up_refuses(refused, changes, says):
    assert says in refused(apps=apps(**changes))
