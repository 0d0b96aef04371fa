"""What start-up refuses about addresses outside development (finding M8)."""

import pytest

from tests.unit.config.test_urls import OURSELVES

WECHATS = ["wechat_open_url", "wechat_api_url", "wechat_res_url", "wechat_mp_url"]
# 127.0.0.1 inside an IPv6 address: compatible, translated, NAT64, 6to4.
CARRIED = ["::127.0.0.1", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"]
SPELLINGS = [
    f"http://{f'[{host}]' if ':' in host and host[0] != '[' else host}:5001"
    for host in [*OURSELVES, "0", "0x0", "[::]", *CARRIED]
]


@pytest.mark.parametrize("url", SPELLINGS)
def test_the_simulators_address_is_refused_in_production(refused, url):
    """security rows 37 and 111"""
    told = refused(wechat_api_url=url)
    assert "WECHAT_API_URL" in told
    assert "leave the setting out" in told


@pytest.mark.parametrize("url", SPELLINGS)
def test_https_does_not_help_the_simulator(refused, url):
    assert "WECHAT_API_URL" in refused(wechat_api_url=url.replace("http:", "https:"))


@pytest.mark.parametrize("name", WECHATS)
def test_each_of_wechats_addresses_is_https(refused, started, name):
    told = refused(**{name: "http://wechat.shop.example"})
    assert name.upper() in told
    assert "use https" in told
    kept = started(**{name: "https://wechat.shop.example/relay"})
    assert getattr(kept, name) == "https://wechat.shop.example/relay"


@pytest.mark.parametrize("name", WECHATS)
def test_a_trial_may_ask_this_machine_and_nobody_else_by_http(refused, started, name):
    trial = {"env": "trial", "public_url": "http://192.0.2.7:8000"}
    assert started(**trial, **{name: "http://127.1:5001"})
    assert name.upper() in refused(**trial, **{name: "http://10.0.0.7:5001"})


def test_the_simulator_by_its_own_name_is_refused(refused):
    url = "https://simulator.shop.example"
    assert "as the simulator does" in refused(wechat_api_url=url, simulator_url=url)


@pytest.mark.parametrize("url", ["http://sim.shop.example:5001", *SPELLINGS[:5]])
def test_a_simulator_is_named_nowhere_but_in_development(
    refused, started, monkeypatch, url
):
    assert "SIMULATOR_URL" in refused(simulator_url=url)
    trial = {"env": "trial", "public_url": "http://192.0.2.7:8000"}
    if "shop" in url:
        assert "SIMULATOR_URL" in refused(**trial, simulator_url=url)
    else:
        assert started(**trial, simulator_url=url)
    # The defaults are there in production as well, and nobody has set them.
    monkeypatch.setenv("SIMULATOR_PORT", "6001")
    assert started().simulator_url == "http://localhost:6001"


def test_a_user_name_hides_no_address(refused):
    url = "http://api.weixin.qq.com@localhost:5001"
    assert "leave out user name" in refused(wechat_api_url=url)


@pytest.mark.parametrize(
    "url",
    [
        "https://192.0.2.7",
        "https://192.0.2.7:8443/wx",
        "https://3221225991",
        "https://0xc0.0.2.7",
        "https://[2001:db8::7]",
        "https://[::ffff:192.0.2.7]",
        "https://127.0.0.1",
    ],
)
def test_an_ip_address_is_for_trials(refused, started, url):
    assert "takes no IP address" in refused(public_url=url, env="production")
    assert started(public_url=url, env="trial")
