"""Which addresses are on the public internet, and which are of an inner network."""

import pytest

from wxlogin.net.public import is_outside

INSIDE = (
    "127.0.0.1",
    "127.1.2.3",
    "0.0.0.1",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "192.0.2.1",
    "224.0.0.1",
    "239.255.255.250",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fd00:ec2::254",
    "ff02::1",
    "2001:db8::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "2002:7f00:1::",
    # Networks that the tables of older Pythons do not know (finding L8).
    "64:ff9b:1::7f00:1",
    "64:ff9b:1:ffff::808:808",
    "64:ff9b::c058:6301",
    "::7f00:1",
    "::8.8.8.8",
    "::ffff:0:127.0.0.1",
    "::ffff:0:8.8.8.8",
    "::ffff:8.8.8.8",
    "fec0::1",
    "feff::1",
    "100::1",
    "100:0:0:1::1",
    "3fff::1",
    "3fff:fff::1",
    "3ffe::1",
    "5f00::1",
    "4000::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:2::1",
    "2001:20::1",
    "2002:808:808::1",
    "2620:4f:8000::1",
    "2606:4700::5efe:a00:1",
    "2606:4700::200:5efe:c0a8:101",
    "2606:4700::1%eth0",
    "192.88.99.1",
    "192.31.196.1",
    "192.52.193.1",
    "192.175.48.1",
    "192.0.0.9",
    "192.0.0.170",
    "100.100.100.200",
    "198.18.0.1",
    "203.0.113.1",
    "240.0.0.1",
    "010.0.0.1",
    "0177.0.0.1",
    "127.0.0.1 ",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "",
    "0x7f.1",
    "localhost",
)


@pytest.mark.parametrize("ip", INSIDE)
def test_inside_is_not_outside(ip):
    """security row 104"""
    assert not is_outside(ip)


@pytest.mark.parametrize(
    "ip",
    [
        "203.0.114.7",
        "8.8.8.8",
        "2606:4700::1",
        "2001:4860:4860::8888",
        "2408:8000::1",
        "2606:4700::5efe:808:808",
        "64:ff9b::808:808",
    ],
)
def test_the_public_internet_is_outside(ip):
    assert is_outside(ip)
