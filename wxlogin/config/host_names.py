"""Host names and IP addresses in the one form that browsers write them.

WHATWG URL, "host parsing": small letters, other scripts as `xn--` (IDNA, UTS 46), and
an IP address in its plain form whatever numbers it was written in: `0x7f.1` is
127.0.0.1. So this machine is known by each of its names.

Below some names everybody may have a host: `com.cn`, `github.io`. A wildcard over one
of them is a wildcard over strangers. The whole list is kept at publicsuffix.org and
changes weekly; what is here are its rules that an operator is likely to meet: single
labels, the usual second level of countries, China's provinces, and services that give
out a host to anybody. A name that is not here is taken.
"""

import ipaddress
import re

import idna

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_EXAMPLE = "https://login.shop.example"
# RFC 1123 section 2.1. An inner network's names may hold `_` (container names).
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
# Prefixes of 96 bits before an IPv4 address: compatible, translated, and NAT64.
_CARRIES_IPV4 = frozenset(
    int(ipaddress.IPv6Address(prefix)) for prefix in ("::", "::ffff:0:0:0", "64:ff9b::")
)
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")
# Names of this machine that systems put into their hosts file.
_OWN_NAMES = {
    "localhost",
    "localhost.localdomain",
    "localhost4",
    "localhost6",
    "ip6-localhost",
    "ip6-loopback",
}
# Domains whose every name is 127.0.0.1, and those whose names say the address.
_POINTING_HERE = (".localtest.me", ".lvh.me", ".vcap.me", ".lacolhost.com")
_SAID = re.compile(
    r"(?:.*[.-])?(?:127[.-]\d+[.-]\d+[.-]\d+|7f[0-9a-f]{6})\.(?:nip|sslip|xip)\.io"
)
_SECOND_LEVEL = frozenset(
    "ac asn co com edu ed firm gen go gob gouv gov gv id idv ind info ltd me mil mod "
    "my name ne net nhs nic nom or org plc police press pro sch school web".split()
)
_PROVINCES = frozenset(
    "ah bj cq fj gd gs gx gz ha hb he hi hk hl hn jl js jx ln mo nm nx qh sc sd sh sn "
    "sx tj tw xj xz yn zj".split()
)
# China's own IDN second level: 公司.cn, 网络.cn, 網絡.cn.
_CHINESE = frozenset(("xn--55qx5d", "xn--io0a7i", "xn--od0alg"))
_SERVICES = frozenset(
    "alicdn.com aliyuncs.com amazonaws.com amazonaws.com.cn amplifyapp.com "
    "appspot.com awsapprunner.com azure-api.net azureedge.net azurefd.net "
    "azurestaticapps.net azurewebsites.net b-cdn.net bitballoon.com bitbucket.io "
    "blogspot.com carrd.co cloudapp.azure.com cloudapp.net cloudbase.net clouddn.com "
    "cloudfront.net codesandbox.io coding-pages.com coding.me cpolar.cn cpolar.top "
    "deno.dev digitaloceanspaces.com duckdns.org dyndns.org edgeone.app "
    "elasticbeanstalk.com eu.org fcapp.run firebaseapp.com fly.dev fly.io framer.app "
    "gitbook.io gitee.io github.dev github.io gitlab.io gitpod.io glitch.me "
    "herokuapp.com herokudns.com hf.space huggingface.app kozow.com loca.lt "
    "localhost.run lovable.app myftp.org myhuaweicloud.com myqcloud.com "
    "myshopify.com natappfree.cc netlify.app ngrok-free.app ngrok-free.dev ngrok.app "
    "ngrok.dev ngrok.io nip.io no-ip.org notion.site now.sh oicp.net on.aws "
    "ondigitalocean.app onrender.com pages.dev pythonanywhere.com qcloudapps.com "
    "r2.dev railway.app readthedocs.io render.com repl.co replit.app run.app "
    "sealos.run serveo.net sinaapp.com square.site sslip.io streamlit.app surge.sh "
    "tcloudbase.com tcloudbaseapp.com tencentcs.com trafficmanager.net "
    "translate.goog trycloudflare.com ts.net up.railway.app us.kg vercel.app "
    "vercel.dev vicp.cc vicp.net vip.cpolar.cn web.app webflow.io weebly.com "
    "windows.net wixsite.com wordpress.com workers.dev xip.io zeabur.app".split()
)
# These have a name for each region and bucket: `cos.ap-shanghai.myqcloud.com`.
_REGIONAL = (
    ".aliyuncs.com",
    ".amazonaws.com",
    ".amazonaws.com.cn",
    ".digitaloceanspaces.com",
    ".myhuaweicloud.com",
    ".myqcloud.com",
    ".windows.net",
)


def host_name(text: str, *, inner: bool = False) -> str:
    """The host as browsers write it. Raises ValueError with a sentence."""
    if text.startswith("["):
        return _bracketed(text)
    name = text.lower() if text.isascii() else _in_ascii(text)
    name = name.removesuffix(".")
    labels = name.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return str(_from_numbers(labels))
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError(f"its host is none: write it as in {_EXAMPLE}")
    if not all(map(_is_whole, labels)):
        raise ValueError("a part of its host begins with xn-- and is of no script")
    if "_" in name and not inner:
        raise ValueError("a host has letters, digits and -, and no _")
    return name


def ip_of(host: str) -> IPAddress | None:
    """The address, where the host is one and no name; an IPv4 address that is written
    as IPv6 counts as what it is."""
    try:
        found = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None
    return _inner(found) if isinstance(found, ipaddress.IPv6Address) else found


def _inner(found: ipaddress.IPv6Address) -> IPAddress:
    """RFC 4291 section 2.5.5 (mapped and compatible), RFC 6052 (NAT64), RFC 3056."""
    mapped = found.ipv4_mapped or found.sixtofour
    low = int(found) & 0xFFFFFFFF
    if not mapped and int(found) - low in _CARRIES_IPV4 and int(found) > 0xFFFF:
        mapped = ipaddress.IPv4Address(low)
    return mapped or found


def is_loopback(host: str | None) -> bool:
    """Does this host, in any spelling, lead to the machine that asks?"""
    name = _normal(host)
    if name in _OWN_NAMES or name.endswith(".localhost"):
        return True
    found = ip_of(name)
    return found is not None and found.is_loopback


def is_this_machine(host: str | None) -> bool:
    """The same, 0.0.0.0 and [::], which systems take for it, and public names that
    are known to lead here."""
    name = _normal(host)
    if f".{name}".endswith(_POINTING_HERE) or _SAID.fullmatch(name):
        return True
    found = ip_of(name)
    return is_loopback(host) or (found is not None and found.is_unspecified)


def _normal(host: str | None) -> str:
    text = host or ""
    try:
        return host_name(f"[{text}]" if ":" in text and text[0] != "[" else text)
    except ValueError:
        return text


def _bracketed(text: str) -> str:
    try:
        return f"[{ipaddress.IPv6Address(text.strip('[]'))}]"
    except ValueError:
        raise ValueError("what is between the brackets is no IPv6 address") from None


def _in_ascii(text: str) -> str:
    try:
        return idna.encode(text, uts46=True).decode("ascii").lower()
    except UnicodeError:
        raise ValueError(
            "its host is no name that browsers take: full-width punctuation, or "
            f"characters that no domain has; write it as in {_EXAMPLE}"
        ) from None


def _is_whole(label: str) -> bool:
    """Can a browser read what stands behind `xn--`?"""
    if not label.startswith("xn--"):
        return True
    try:
        return not label[4:].encode().decode("punycode").isascii()
    except UnicodeError:
        return False


def _from_numbers(labels: list[str]) -> ipaddress.IPv4Address:
    """WHATWG URL, "IPv4 parser": four numbers or fewer, hexadecimal and octal too."""
    try:
        numbers = [_number(label) for label in labels]
        if len(numbers) > 4 or any(number > 255 for number in numbers[:-1]):
            raise ValueError
        if numbers[-1] >= 256 ** (5 - len(numbers)):
            raise ValueError
    except ValueError:
        raise ValueError("its host looks like an IP address and is none") from None
    front = sum(n << 8 * (3 - place) for place, n in enumerate(numbers[:-1]))
    return ipaddress.IPv4Address(front + numbers[-1])


def _number(label: str) -> int:
    if label.startswith("0x"):
        return int(label[2:] or "0", 16)
    return int(label, 8) if label.startswith("0") and len(label) > 1 else int(label)


def is_public_suffix(name: str) -> bool:
    """May strangers have hosts directly below this name (lower case, ASCII)?"""
    labels = name.split(".")
    if name == "localhost":
        return False
    if len(labels) == 1 or name in _SERVICES:
        return True
    if len(labels) != 2:
        return name.endswith(_REGIONAL)
    second, top = labels
    if len(top) == 2 and second in _SECOND_LEVEL:
        return True
    return top == "cn" and (second in _PROVINCES or second in _CHINESE)
